"""Faults that make no sense are refused, with what is wrong and where."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from sim.scenario import loads
from tests.unit.test_scenario_faults import SMALL, faults, wrong


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "at: 1s, crash: leadr",
            "x.yaml:10:21: faults.0.crash: found 'leadr', which names no node; did you mean 'leader'?",
        ),
        (
            "at: 1s, crash: n6",
            "x.yaml:10:21: faults.0.crash: found 'n6', expected one of the nodes n1..n5, c1..c3",
        ),
        ("at: 1s, crash: [n1, n6]", "x.yaml:10:26: faults.0.crash.1: found 'n6'"),
        ("at: 1s, crash: []", "faults.0.crash: found an empty list"),
        ("at: 1s, crash: 5", "faults.0.crash: found 5, expected nodes such as"),
        ("at: 1s, crash: resources", "faults.0.crash: found 'resources', but this scenario has none"),
        (
            "at: 1s, crash: region asia",
            "found the region 'asia', in which no node is placed; there is eu, us",
        ),
        ("at: 1s, crash: that node", "faults.0.crash: 'that node' needs `when:`"),
        ("at: 1, crash: n1", "faults.0.at: found 1 without a unit"),
        ("crash: n1", "x.yaml:10:5: faults.0: found no timing, expected one of at, every, rate, when"),
        ("at: 1s", "faults.0: found no action, expected one of crash"),
        ("at: 1s, crsh: n1", "did you mean 'crash'?"),
        ("at: 1s, every: 2s, crash: n1", "faults.0: found at and every, expected exactly one timing"),
        ("at: 1s, crash: n1, pause: n2", "faults.0: found crash and pause, expected exactly one action"),
        (
            "at: 1s, until: 5s, crash: n1",
            "faults.0.until: found 'until' with 'at'; it goes with every or rate",
        ),
        ("every: 1s, times: 2, crash: n1", "faults.0.times: found 'times' with 'every'; it goes with when"),
        ("at: 1s, crash: n1, for: 5s", "faults.0.for: found a length of crash, expected restart_after"),
        ("at: 1s, pause: n1", "x.yaml:10:5: faults.0.for: this key is missing"),
        ("at: 1s, pause: n1, for: 0s", "faults.0.for: found '0s', expected a duration above zero"),
        ("at: , crash: n1", "x.yaml:10:6: faults.0.at: found nothing after this key"),
        (
            "at: 30s, crash: n1",
            "x.yaml:10:10: faults.0.at: found 30s, expected a time before 30s, the end of the run",
        ),
        ("every: 31s, crash: n1", "faults.0.first: found 31s, expected a time before 30s"),
        ("rate: 1/s, from: 40s, crash: n1", "faults.0.from: found 40s, expected a time before 30s"),
        (
            "every: 5s, until: 5s, crash: n1",
            "faults.0.until: found a time that is not after the first one, 5s",
        ),
        ("every: 0s, crash: n1", "faults.0.every: found '0s', expected a duration above zero"),
        ("rate: 5s, crash: n1", "faults.0.rate: found '5s', expected a rate such as"),
        (
            "when: {event: leader_electd}, crash: n1",
            "faults.0.when.event: unknown event 'leader_electd'; did you mean",
        ),
        (
            "when: {event: crashed, record: x}, crash: n1",
            "faults.0.when.record: only saving and saved have a record",
        ),
        (
            "when: {event: crashed, epoch: 3}, crash: n1",
            "faults.0.when.epoch: the event crashed has no epoch",
        ),
        (
            "when: {event: campaigned, epoch: '=> 3'}, crash: n1",
            "faults.0.when.epoch: found '=> 3', expected an epoch",
        ),
        (
            "when: {event: crashed, nth: 0}, crash: n1",
            "faults.0.when.nth: found 0, expected greater than or equal to 1",
        ),
        ("at: 1s, partition: [[n1]]", "faults.0.partition: found a list of 1, expected at least 2"),
        (
            "at: 1s, partition: [[n1], [n9]]",
            "x.yaml:10:33: faults.0.partition.1.0: found 'n9', expected one of",
        ),
        (
            "at: 1s, partition: [[n1], [n2]], mode: 1:30",
            "faults.0.mode: found '1:30', expected 'drop' or 'hold'",
        ),
        ("at: 1s, degrade: {to: n1}, for: 1s", "faults.0.degrade: nothing gets worse"),
        (
            "at: 1s, disk: {of: n1, stall: true, full: true}",
            "faults.0.disk: found stall and full, expected exactly one",
        ),
        ("at: 1s, disk: {of: n1, stall: false}", "faults.0.disk.stall: found false, expected true"),
        (
            "at: 1s, clock: {of: n1}",
            "faults.0.clock: found nothing, expected exactly one of step, rate, freeze",
        ),
        ("at: 1s, clock: {of: n1, step: 1s}, for: 5s", "faults.0.for: a step happens at once"),
        (
            "at: 1s, restart: n1",
            "x.yaml:10:23: faults.0.restart: found a restart at 1s of what has not crashed",
        ),
    ],
)
def test_bad_faults(written: str, expected: str) -> None:
    """One mistake, one line, at its place."""
    (line,) = wrong(written)

    assert expected in line


@pytest.mark.parametrize(
    "entries",
    [
        ("at: 5s, crash: n1, restart_after: 10s", "at: 7s, pause: n1, for: 1s"),
        ("at: 5s, crash: n1", "at: 7s, crash: [n2, n1]"),
        ("at: 5s, crash: all", "at: 7s, pause: region eu, for: 1s"),
        ("at: 5s, pause: servers, for: 5s", "at: 7s, crash: n3"),
        ("at: 5s, partition: [[leader], [others]]", "at: 7s, partition: [[n1], [n2]], for: 1s"),
        ("at: 5s, ring: true, for: 5s", "at: 7s, bridge: n3"),
        ("at: 5s, cut: {from: n1, to: n2}", "at: 7s, cut: {from: [n1, n3], to: n2}"),
        ("at: 5s, isolate: n1", "at: 7s, isolate: [n1, n2]"),
        ("at: 5s, slow: n1, factor: 2x, for: 5s", "at: 7s, slow: n1, factor: 3x, for: 1s"),
        ("at: 5s, disk: {of: n1, stall: true}", "at: 7s, disk: {of: n1, stall: true}"),
        ("at: 5s, clock: {of: n1, rate: 5%}", "at: 7s, clock: {of: n1, freeze: true}"),
        ("at: 5s, degrade: {loss: 5%}, for: 5s", "at: 7s, degrade: {to: n1, loss: 9%}, for: 5s"),
        (
            "at: 5s, flap: {between: [n1, n2], up: 1s, down: 1s}, for: 5s",
            "at: 7s, flap: {between: [n2, n1], up: 1s, down: 2s}, for: 5s",
        ),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_contradictions_are_refused_with_both_lines(entries: tuple[str, str], order: int) -> None:
    """Two faults at fixed times on the same nodes or links, in whatever order they are written."""
    (line,) = wrong(*entries[::order])

    later, earlier = (11, 10) if order == 1 else (10, 11)
    assert line.startswith(f"x.yaml:{later}:")
    assert "at 7s while the" in line
    assert f"of line {earlier} is still on" in line


@pytest.mark.parametrize(
    "entries",
    [
        # The leader of 7 s is another one than that of 5 s.
        ("at: 5s, crash: leader, restart_after: 10s", "at: 7s, crash: leader, restart_after: 10s"),
        ("at: 5s, pause: leader, for: 5s", "at: 7s, pause: leader, for: 5s"),
        ("at: 5s, crash: n1, restart_after: 2s", "at: 7s, crash: n1"),
        ("at: 5s, crash: n1", "at: 6s, restart: n1", "at: 7s, crash: n1"),
        ("at: 5s, crash: n1", "at: 6s, restart: a server", "at: 7s, crash: n1"),
        ("at: 5s, crash: [n1, n2]", "at: 7s, crash: n3"),
        ("at: 5s, partition: [[n1], [others]]", "at: 6s, heal: true", "at: 7s, partition: [[n2], [others]]"),
        ("at: 5s, partition: [[n1], [others]], for: 2s", "at: 7s, partition: [[n2], [others]]"),
        ("at: 5s, cut: {from: n1, to: n2}", "at: 7s, cut: {from: n2, to: n1}"),
        ("at: 5s, partition: [[n1], [others]]", "at: 7s, isolate: n3"),
        ("at: 5s, disk: {of: n1, stall: true}", "at: 7s, disk: {of: n1, lying: true}"),
        ("every: 5s, crash: n1, restart_after: 10s", "at: 7s, crash: n1"),
        ("at: 5s, crash: leader", "at: 7s, restart: all"),
        ("rate: 1/s, crash: a follower", "at: 1s, restart: n1"),
        ("at: 5s, disk: {of: n1, full: true}", "at: 7s, restart: n1"),
        ("at: 29s, pause: n1, for: 10s",),
    ],
)
def test_what_may_be_meant_is_let_pass(entries: tuple[str, ...]) -> None:
    """Only what is certain to contradict is refused."""
    assert len(faults(*entries)) == len(entries)


def test_faults_end_when_everything_is_healed() -> None:
    """After `converge.heal_at` nothing goes wrong any more; a later fault is a mistake."""
    text = SMALL.replace("faults:", "converge: {heal_at: 20s, within: 5s}\nfaults:")

    with pytest.raises(ScenarioError, match=r"found 25s, expected a time before 20s, converge\.heal_at"):
        loads(text + "  - {at: 25s, crash: leader}\n")


def test_clients_are_not_checked_against_a_workload_that_is_wrong() -> None:
    """One mistake in the workload is one message, not one for every client that is named."""
    text = SMALL.replace("rate: 10/s", "rate: 10") + "  - {at: 5s, crash: c1}\n"

    with pytest.raises(ScenarioError) as refused:
        loads(text)

    assert [each.path for each in refused.value.problems] == ["workload.rate"]


def test_names_are_not_checked_against_a_protocol_that_is_wrong() -> None:
    """One mistake in the protocol is one message, not one for every node that is named."""
    text = SMALL.replace("nodes: 5", "nodes: five") + "  - {at: 5s, crash: n9}\n"

    with pytest.raises(ScenarioError) as refused:
        loads(text)

    assert [each.path for each in refused.value.problems] == ["protocol.nodes"]
