"""Scenarios that make no sense are refused, with what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from tests.unit.test_scenario_load import SMALL, problems, wrong


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (
            "expect: {leader_chnges: 1}",
            "x.yaml:6:10: expect.leader_chnges: unknown metric 'leader_chnges'; did you mean",
        ),
        (
            "expect: {leader_changes: < 1s}",
            "x.yaml:6:26: expect.leader_changes: found '1s', expected an integer",
        ),
        ("expect: {latency.p50: < 1}", "x.yaml:6:23: expect.latency.p50: found '1', expected a duration"),
        ("expect: {latency.p50: 5%}", "x.yaml:6:23: expect.latency.p50: found '5%', expected a duration"),
        (
            "expect: {availability.client: '> 0.9'}",
            "expect.availability.client: found '0.9', expected a share",
        ),
        ("expect: {leader_changes: 1.5}", "expect.leader_changes: found 1.5, expected an integer"),
        ("expect: {leader_changes: 3..1}", "expect.leader_changes: found 3 above 1"),
        ("expect: {leader_changes: [1, 2, 3]}", "expect.leader_changes: found a list of 3, expected a range"),
        (
            "expect: {election_time.belief: < 1s}",
            "there is election_time.belief.max, election_time.belief.mean",
        ),
        ("expect: {violations.Safety: 0}", "expect.violations.Safety: unknown metric"),
        ("expect: [leader_changes]", "x.yaml:6:9: expect: found a list of 1, expected a mapping"),
        (
            "reach: [leader_changes]",
            "x.yaml:6:9: reach.0: found 'leader_changes', expected `metric operator value`",
        ),
        ("reach: {leader_changes: 1}", "x.yaml:6:8: reach: found a mapping, expected a list"),
    ],
)
def test_bad_expectations(extra: str, expected: str) -> None:
    """A metric that does not exist, or a value of another unit, is refused."""
    (line,) = wrong(extra)

    assert expected in line


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("duraton: 5s", "x.yaml:6:1: duraton: unknown key 'duraton'; did you mean 'duration'?"),
        ("seed: -1", "x.yaml:6:7: seed: found -1, expected greater than or equal to 0"),
        ("seed: 1.0", "x.yaml:6:7: seed: found 1.0, expected an integer"),
        ("seed: true", "x.yaml:6:7: seed: found true, expected an integer"),
        ("seed:", "x.yaml:6:1: seed: found nothing after this key; give it a value or leave it out"),
        ("faults:", "x.yaml:6:1: faults: found nothing after this key; give it a value or leave it out"),
        ("network: 5ms", "x.yaml:6:10: network: found '5ms', expected a mapping"),
        ("network: {fifo: 1}", "x.yaml:6:17: network.fifo: found 1, expected true or false"),
        ("network: {loss: 0.05}", "network.loss: found 0.05 without a unit, expected a share such as 5%"),
        ("network: {links: [{from: leader, to: n1}]}", "network.links.0.from: found 'leader'"),
        ("network: {links: [{from: n1}]}", "x.yaml:6:19: network.links.0.to: this key is missing"),
        ("tie_break: random", "x.yaml:6:12: tie_break: found 'random', expected 'fifo' or 'seeded'"),
        ("converge: {heal_at: 25s, within: 6s}", "x.yaml:6:11: converge: found heal_at + within = 31s"),
        ("clocks: {drift: {n9: 5ppm}}", "clocks.drift.n9: found 'n9', expected one of the nodes n1..n5"),
        ("clocks: {drift: {n1: 5}}", "x.yaml:6:22: clocks.drift.n1: found 5 without a unit"),
        ("clocks: {drift_model: wander}", "clocks.drift_model: found 'wander', expected 'constant'"),
        ("clocks: {drift_model: {}}", "clocks.drift_model: expected either random_walk or piecewise"),
        (
            "workload: {name: database-primry}",
            "workload.name: unknown workload 'database-primry'; did you mean",
        ),
        ("workload: {name: database-primary, rate: 100}", "workload.rate: found 100 without a unit"),
        ("stop_when: {event: leader_electd}", "stop_when.event: unknown event 'leader_electd'; did you mean"),
    ],
)
def test_bad_keys_and_values(extra: str, expected: str) -> None:
    """One mistake, one line: place, path, what was found, what was expected, the nearest name."""
    (line,) = wrong(extra)

    assert expected in line


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{name: rafft}", "x.yaml:5:18: protocol.name: unknown protocol 'rafft'; did you mean 'raft'?"),
        ("{nodes: 5}", "protocol.name: found nothing, expected the name of a protocol"),
        ("raft", "x.yaml:5:11: protocol: found 'raft', expected a mapping"),
        ("{name: raft, node: 5}", "x.yaml:5:24: protocol.node: unknown key 'node'; did you mean 'nodes'?"),
        ("{name: raft, nodes: 5s}", "x.yaml:5:31: protocol.nodes: found '5s', expected an integer"),
        ("{name: raft, nodes: 0}", "protocol.nodes: found 0, less than the minimum of 1"),
        ("{name: raft, nodes: 1001}", "protocol: found 1001 contenders, expected 1 to 1000"),
        ("{name: raft, election_timeout: 1s}", "protocol.election_timeout: found '1s', expected a range"),
        ("{name: raft, election_timeout: [2s, 1s]}", "protocol.election_timeout: found 2s above 1s"),
        ("{name: raft, unsafe: 1}", "protocol.unsafe: found 1, expected true or false"),
        ("{name: 'nowhere:X'}", "protocol.name: unknown protocol 'nowhere:X'"),
    ],
)
def test_bad_protocols(written: str, expected: str) -> None:
    """Parameters are checked against the protocol's own dataclass."""
    text = SMALL.replace("{name: raft, nodes: 5}", written)

    (line,) = problems(text)

    assert expected in line


def test_other_versions_are_refused() -> None:
    """A file of a newer version gets a hint, not a list of unknown keys."""
    assert "found version 2, newer than 1" in problems(SMALL.replace("schema: 1", "schema: 2"))[0]
    assert "found version 0, expected 1" in problems(SMALL.replace("schema: 1", "schema: 0"))[0]


def test_every_mistake_is_reported_at_once_and_once() -> None:
    """Mistakes of the text, of the schema and of names come together, in the order of the file."""
    text = (
        "schema: 1\n"
        "name: Small One\n"
        "duration: 30\n"
        "duration: 40\n"
        "protocol: {name: raft, nodes: 3}\n"
        "nodes: {service_time: 010}\n"
        "faults:\n"
        "  - {at: 5s, crash: n4}\n"
        "  - {at: 5s, crahs: n1}\n"
    )

    assert [line.partition(", ")[0] for line in problems(text)] == [
        "x.yaml:1:1: about: this key is missing",
        "x.yaml:2:7: name: found 'Small One'",
        "x.yaml:3:11: duration: found 30 without a unit",
        "x.yaml:4:1: duration: found a second key 'duration'; the first is at line 3",
        "x.yaml:6:23: nodes.service_time: found 010",
        "x.yaml:8:21: faults.0.crash: found 'n4'",
        "x.yaml:9:5: faults.1: found no action",
    ]


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    """Messages name the file as it was given; files that it names are relative to it."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")

    assert load(file).source == str(file)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\0b"])
def test_an_unreadable_file_is_a_scenario_error(name: str, tmp_path: Path) -> None:
    """A missing file, a directory and an impossible name are the user's mistakes."""
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / name)
