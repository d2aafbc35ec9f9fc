"""Whatever is in a file, the loader gives a Scenario or a list of mistakes with places, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario import Scenario, from_dict, loads
from sim.scenario.units import DURATIONS, duration, written_duration

VALID = """\
schema: 1
name: sample
about: Something of everything.
duration: 30s
protocol: {name: raft, nodes: 5, election_timeout: [150ms, 300ms]}
workload: {name: database-primary, rate: 100/s}
network:
  latency: {uniform: [1ms, 5ms]}
  loss: {burst: {rate: 5%, length: 20}}
  regions: {matrix: {eu: {us: 80ms}}, place: {all: eu, n1: us}}
  links: [{from: n1, to: [n2, n3], latency: 5ms}]
clocks: {drift: {n1: 100ppm}, drift_model: {piecewise: [{at: 1s, rate: 5%}]}, ntp: {every: 64s}}
disk: {fsync: {lognormal: {median: 1ms, p99: 8ms}}}
converge: {heal_at: 25s, within: 5s}
faults:
  - {at: 10s, crash: leader, restart_after: 5s}
  - {at: 20s, partition: [[leader], [others]], for: 3s}
  - {every: 3s, pause: a follower, for: 1s}
  - {when: {event: saving, node: n2}, crash: that node}
  - {at: 5s, disk: {of: n1, stall: true}, for: 1s}
reach: [leader_changes >= 2]
expect: {split_brain.same_epoch: 0, election_time.belief.p99: < 1s, leader_changes: 1..3}
"""
LINES = VALID.splitlines(keepends=True)

scraps = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "\t",
            "\n",
            ":",
            "-",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            "'",
            '"',
            "&a",
            "*a",
            "!x",
            "|",
            ">",
            "<<",
            "---",
            "010",
            "0x1",
            ".inf",
            "~",
            "true",
            "5",
            "5s",
            "-5s",
            "5%",
            "n9",
            "leader",
            "? ",
            "%",
            "\x00",
            "\ufeff",
            "\u2028",
            "\U0001f600",
            "1e400",
            "999999999h",
            "all",
            "heal: true",
            "at: 1s",
            "region eu",
            "==",
            "..",
        ]
    ),
    st.text(max_size=8),
)
positions = st.integers(0, len(VALID))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["5s", "5%", "leader", "n1", "1ms", "all", "raft"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["at", "crash", "name", "uniform", "every", "event", "for", "from", "to", "of", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def outcome(load: Callable[[], Scenario]) -> Scenario | ScenarioError:
    """Return what loading gives; any other exception makes the test fail."""
    try:
        return load()
    except ScenarioError as error:
        return error


def check(load: Callable[[], Scenario]) -> None:
    """Load, and assert what must hold of the outcome."""
    result = outcome(load)

    problems = result.problems if isinstance(result, ScenarioError) else []
    assert isinstance(result, Scenario) != bool(problems)
    assert all(each.line >= 1 and each.column >= 1 and each.message for each in problems)


def test_the_sample_is_valid() -> None:
    """Otherwise its mutations would all fail early."""
    assert loads(VALID).name == "sample"


@settings(max_examples=300)
@given(at=positions, length=st.integers(0, 12), scrap=scraps)
def test_texts_with_a_scrap_in_them(at: int, length: int, scrap: str) -> None:
    """Some characters are replaced by others."""
    check(lambda: loads(VALID[:at] + scrap + VALID[at + length :]))


@given(lines=st.permutations(LINES), keep=st.integers(0, len(LINES)))
def test_shuffled_lines(lines: list[str], keep: int) -> None:
    """Lines are missing, or in another order."""
    check(lambda: loads("".join(lines[:keep])))


@settings(max_examples=200)
@given(
    path=st.sampled_from(
        [
            "seed",
            "duration",
            "protocol",
            "protocol.nodes",
            "protocol.name",
            "workload",
            "workload.rate",
            "network",
            "network.latency",
            "network.loss",
            "network.regions",
            "network.regions.matrix",
            "network.regions.place",
            "network.links",
            "clocks.drift",
            "clocks.drift_model",
            "disk.fsync",
            "disk.fsync.empirical",
            "converge",
            "faults",
            "faults.0",
            "faults.1.partition",
            "faults.3.when",
            "faults.4.disk",
            "faults.9",
            "stop_when",
            "expect",
            "expect.leader_changes",
            "reach",
            "reach.0",
            "x",
            "",
            "0",
        ]
    ),
    value=scraps,
)
def test_overrides(path: str, value: str) -> None:
    """Anything may stand on the command line."""
    check(lambda: loads(VALID, overrides=[f"{path}={value}"]))


@settings(max_examples=200)
@given(
    key=st.sampled_from(
        [
            "schema",
            "name",
            "about",
            "duration",
            "seed",
            "protocol",
            "workload",
            "network",
            "clocks",
            "disk",
            "nodes",
            "converge",
            "faults",
            "stop_when",
            "bound",
            "tie_break",
            "grants",
            "reach",
            "expect",
            "other",
        ]
    ),
    value=values,
)
def test_mappings_with_any_value(key: str, value: object) -> None:
    """`from_dict` may be given anything, too."""
    sample = {
        "schema": 1,
        "name": "sample",
        "about": "x",
        "duration": "30s",
        "protocol": {"name": "raft"},
        key: value,
    }
    check(lambda: from_dict(sample))


@given(st.integers(0, 10**6), st.sampled_from(sorted(DURATIONS)))
def test_durations_read_back(number: int, unit: str) -> None:
    """A duration that is written as a message would write it is the same duration."""
    read = duration(f"{number}{unit}") if number * DURATIONS[unit] <= 10**17 else 0

    assert duration(written_duration(read)) == read
