"""What the command line changes: `--set path=value` and `--protocol NAME`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from protocols import registry
from protocols.api import ProtocolSpec, parameter
from sim.conditions import Condition
from sim.distributions import Constant, Uniform
from sim.errors import ScenarioError
from sim.scenario import Scenario, loads
from sim.scenario.faults import At, Crash
from sim.scenario.selectors import Node

SMALL = """\
schema: 1
name: small
about: Nothing happens.
duration: 30s
protocol: {name: raft, nodes: 5, heartbeat_interval: 40ms}
network: {latency: {uniform: [1ms, 5ms]}}
faults:
  - {at: 5s, crash: n1}
expect: {leader_changes: 1}
"""

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class StubParameters:
    """Parameters of a protocol that shares one name with Raft."""

    nodes: int = parameter(3, "count", "number of contenders", 2)
    ttl: int = parameter(30_000 * MS, "duration", "length of the lease", 1)
    margin: float = parameter(0.05, "ratio", "share of it that is not used")


def check(parameters: StubParameters) -> Iterable[str]:
    """Return the broken rule of the stub."""
    if parameters.ttl < 1000 * MS:
        yield "a lease shorter than 1s is lost to a hiccup."


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a protocol for the length of a test."""
    role = replace(registry.get("raft").roles[0], prefix="p", count=lambda parameters: parameters.nodes)
    spec = ProtocolSpec("stub-lease", "A stub.", StubParameters, (role,), check)
    monkeypatch.setitem(registry._registered, spec.name, spec)


def with_set(*overrides: str, protocol: str | None = None) -> Scenario:
    """Load the small scenario with what the command line says."""
    return loads(SMALL, "x.yaml", overrides, protocol)


def wrong(*overrides: str, protocol: str | None = None) -> list[str]:
    """Return what is wrong, a line each."""
    with pytest.raises(ScenarioError) as refused:
        with_set(*overrides, protocol=protocol)
    assert all(each.line >= 1 and each.column >= 1 for each in refused.value.problems)
    return str(refused.value).splitlines()


def test_a_value_is_replaced() -> None:
    """Paths have dots and list indices; values follow the rules of a file."""
    changed = with_set(
        "seed=9", "protocol.nodes=7", "faults.0.at=7s", "network.latency=3ms", "expect.leader_changes=>= 1"
    )

    assert changed.seed == 9
    assert changed.protocol.parameters.nodes == 7
    assert changed.protocol.parameters.heartbeat_interval == 40 * MS
    assert changed.faults[0].timing == At(7_000 * MS)
    assert changed.network.latency == Constant(3 * MS)
    assert changed.expect == (Condition("leader_changes", ">=", 1.0, ">= 1", 1),)


def test_mappings_on_the_way_are_made() -> None:
    """What the file does not have can be set as well, whole or in part."""
    changed = with_set(
        "disk.fsync={uniform: [1ms, 2ms]}",
        "faults.0={at: 1s, crash: n2}",
        "converge.heal_at=9s",
        "converge.within=1s",
    )

    assert changed.disk.fsync == Uniform(MS, 2 * MS)
    assert changed.faults[0].action == Crash(Node("n2"), None, True)
    assert changed.converge is not None


def test_the_last_one_wins() -> None:
    """Overrides apply in order."""
    assert with_set("seed=1", "seed=2").seed == 2


def test_a_mistake_that_is_overridden_is_none() -> None:
    """The value of the file does not matter any more."""
    text = SMALL.replace("duration: 30s", "duration: 30")

    assert loads(text, "x.yaml", ["duration=30s"]).duration_ns == 30_000 * MS


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("protocol.nodes=x", "--set protocol.nodes=x: protocol.nodes: found 'x', expected an integer"),
        (
            "protocol.nods=7",
            "--set protocol.nods=7: protocol.nods: unknown key 'nods'; did you mean 'nodes'?",
        ),
        (
            "protcol.nodes=7",
            "--set protcol.nodes=7: protcol: unknown key 'protcol'; did you mean 'protocol'?",
        ),
        (
            "faults.1.at=5s",
            "--set faults.1.at=5s: faults: found the index 1, expected one of the list's (0 to 0)",
        ),
        ("faults.x=5s", "--set faults.x=5s: faults: found the index x, expected one of the list's (0 to 0)"),
        (
            "faults.0.at=40s",
            "--set faults.0.at=40s: faults.0.at: found 40s, expected a time before 30s, the end of the run",
        ),
        (
            "faults.0.crash=n9",
            "--set faults.0.crash=n9: faults.0.crash: found 'n9', expected one of the nodes n1..n5",
        ),
        (
            "duration.x=1",
            "--set duration.x=1: duration: found '30s' there, which has no parts; set the whole of it",
        ),
        (
            "expect.leader_chnges=1",
            "--set expect.leader_chnges=1: expect.leader_chnges: unknown metric 'leader_chnges'; "
            "did you mean 'leader_changes'?",
        ),
        ("seed", "--set seed: expected path=value, such as seed=7"),
        ("=7", "--set =7: expected path=value, such as seed=7"),
        ("a..b=7", "--set a..b=7: expected path=value, such as seed=7"),
        ("seed=[1", "--set seed=[1: seed: not YAML: did not find expected ',' or ']'"),
        (
            "seed=010",
            "--set seed=010: seed: found 010, a number with leading zeros, which readers take for octal; "
            "write it in decimal, or in quotes if it is text",
        ),
        ("seed=*x", "--set seed=*x: seed: found the alias *x; write the value out"),
        ("seed=", "--set seed=: seed: found nothing after this key; give it a value or leave it out"),
    ],
)
def test_a_mistake_shows_the_argument(override: str, expected: str) -> None:
    """A mistake on the command line names the argument in place of file, line and column."""
    assert wrong(override) == [expected]


def test_mistakes_of_file_and_command_line_come_together() -> None:
    """Both are told at once, in a stable order."""
    text = SMALL.replace("crash: n1", "crash: n8")

    with pytest.raises(ScenarioError) as refused:
        loads(text, "x.yaml", ["seed=x", "oops"])

    assert [str(each).partition(": ")[0] for each in refused.value.problems] == [
        "--set oops",
        "--set seed=x",
        "x.yaml:8:21",
    ]


def test_a_wrong_value_in_place_of_an_unreadable_one_is_reported() -> None:
    """The file's own mistake is told, and so is the one that came in its place."""
    text = SMALL + "seed: 010\n"

    with pytest.raises(ScenarioError) as refused:
        loads(text, "x.yaml", ["seed=x"])

    assert [str(each).partition(": found")[0] for each in refused.value.problems] == [
        "--set seed=x: seed",
        "x.yaml:10:7: seed",
    ]


def test_another_protocol_takes_what_it_knows() -> None:
    """What the new protocol has no parameter for is left out, and listed; the rest is kept."""
    text = SMALL.replace("crash: n1", "crash: p5")

    changed = loads(text, "x.yaml", ["protocol.ttl=10s"], "stub-lease")

    assert changed.protocol.name == "stub-lease"
    assert changed.protocol.parameters == StubParameters(5, 10_000 * MS, 0.05)
    assert changed.protocol.spec.summary == "A stub."
    assert changed.dropped == ("heartbeat_interval",)


def test_the_same_protocol_drops_nothing() -> None:
    """`--protocol raft` on a Raft scenario changes nothing."""
    assert with_set(protocol="raft") == with_set()
    assert with_set(protocol="raft").dropped == ()


def test_an_unknown_protocol_shows_the_argument() -> None:
    """The nearest name is given."""
    assert wrong(protocol="stub-leese") == [
        "--protocol stub-leese: unknown protocol 'stub-leese'; did you mean 'stub-lease'?"
    ]


def test_broken_rules_are_refused_unless_unsafe() -> None:
    """What a protocol's own check says is reported at its block; `unsafe: true` lets it pass and keeps it."""
    text = (
        SMALL.replace("crash: n1", "crash: p1")
        .replace("raft", "stub-lease")
        .replace(", heartbeat_interval: 40ms", "")
    )
    short = text.replace("nodes: 5", "nodes: 5, ttl: 5ms")

    with pytest.raises(ScenarioError) as refused:
        loads(short, "x.yaml")

    assert str(refused.value) == (
        "x.yaml:5:11: protocol: a lease shorter than 1s is lost to a hiccup; "
        "`unsafe: true` in this block lets it pass"
    )
    let_pass = loads(short.replace("ttl: 5ms", "ttl: 5ms, unsafe: true")).protocol
    assert let_pass.unsafe
    assert let_pass.broken_rules == ("a lease shorter than 1s is lost to a hiccup.",)
    assert loads(text).protocol.broken_rules == ()
