"""Faults: one timing, one action, targets that exist, nothing that contradicts anything else."""

from __future__ import annotations

import pytest

from protocols.api import NOTES
from sim.distributions import Constant
from sim.errors import ScenarioError
from sim.network.spec import Loss
from sim.scenario import loads
from sim.scenario.faults import (
    Action,
    At,
    AtRandom,
    Bridge,
    Campaign,
    ClockFreeze,
    ClockRate,
    ClockStep,
    Crash,
    Cut,
    Degrade,
    DiskFault,
    EpochCondition,
    Every,
    Fault,
    Flap,
    Heal,
    Isolate,
    Partition,
    Pause,
    Restart,
    Ring,
    Slow,
    Timing,
    Trigger,
    When,
    selectors_of,
    words_of,
)
from sim.scenario.selectors import WORDS, Node, Region, Role, Selector, Several, Word
from sim.scenario.triggers import EVENTS

SMALL = """\
schema: 1
name: small
about: Nothing happens.
duration: 30s
protocol: {name: raft, nodes: 5}
workload: {name: database-primary, rate: 10/s, clients: 3}
network:
  regions: {matrix: {eu: {us: 80ms}}, place: {n1: eu, n2: us}}
faults:
"""

MS = 1_000_000
S = 1_000_000_000
LEADER, OTHERS, FOLLOWERS = Word("leader"), Word("others"), Word("followers")


def faults(*entries: str) -> tuple[Fault, ...]:
    """Load the small scenario with these faults; the first one is in line 10."""
    return loads(SMALL + "".join(f"  - {{{entry}}}\n" for entry in entries), "x.yaml").faults


def wrong(*entries: str) -> list[str]:
    """Return what is wrong with these faults, a line each."""
    with pytest.raises(ScenarioError) as refused:
        faults(*entries)
    return [str(each) for each in refused.value.problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("at: 10s", At(10 * S)),
        ("at: 0s", At(0)),
        ("every: 5s", Every(5 * S, 5 * S, None, 0)),
        ("every: 5s, first: 0s, until: 20s, jitter: 1s", Every(5 * S, 0, 20 * S, S)),
        ("when: {event: leader_elected}", When(Trigger("leader_elected"), 0, 1)),
        (
            "when: {event: saved, node: leader, record: hard_state, nth: 3}, delay: 5ms, times: 2",
            When(Trigger("saved", LEADER, None, 3, "hard_state"), 5 * MS, 2),
        ),
        (
            "when: {event: leader_elected, lasting: 2s}, jitter: 5ms",
            When(Trigger("leader_elected", lasting_ns=2 * S), 0, 1, 5 * MS),
        ),
        (
            "when: {event: campaigned, epoch: '>= 3'}",
            When(Trigger("campaigned", epoch=EpochCondition(">=", 3)), 0, 1),
        ),
        (
            "when: {event: leader_lost, epoch: 4}",
            When(Trigger("leader_lost", epoch=EpochCondition("==", 4)), 0, 1),
        ),
    ],
)
def test_timings(written: str, expected: Timing) -> None:
    """Every timing has its class; lengths are nanoseconds."""
    assert faults(f"{written}, crash: leader")[0].timing == expected


def test_random_timing() -> None:
    """6/min is a mean gap of ten seconds."""
    (fault,) = faults("rate: 6/min, from: 1s, until: 20s, crash: a follower")

    assert isinstance(fault.timing, AtRandom)
    assert (fault.timing.from_ns, fault.timing.until_ns) == (S, 20 * S)
    assert fault.timing.rate.period_ns == 10 * S


def test_epoch_condition() -> None:
    """The condition of an epoch is the comparison that it looks like."""
    condition = EpochCondition(">=", 3)

    assert [condition.holds(epoch) for epoch in (2, 3, 4)] == [False, True, True]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("crash: leader", Crash(LEADER, None, True)),
        (
            "crash: [n1, n2], restart_after: 5s, host: down",
            Crash(Several((Node("n1"), Node("n2"))), 5 * S, False),
        ),
        ("pause: n1, for: 2s", Pause(Node("n1"))),
        ("slow: servers, factor: 10x, for: 2s", Slow(Role("servers"), 10.0)),
        ("partition: [[leader, n1], others]", Partition((Several((LEADER, Node("n1"))), OTHERS), False)),
        (
            "partition: [minority with the leader, others], mode: hold",
            Partition((Word("minority with the leader"), OTHERS), True),
        ),
        ("cut: {from: leader, to: followers}", Cut(LEADER, FOLLOWERS, False)),
        ("isolate: region eu, direction: in", Isolate(Region("eu"), "in", False)),
        (
            "isolate: n1, direction: out, silent_after: 400ms",
            Isolate(Node("n1"), "out", False, 400 * MS),
        ),
        ("bridge: n3", Bridge(Node("n3"), False)),
        ("ring: true, for: 5s", Ring(False)),
        (
            "flap: {between: [leader, a follower], up: 100ms, down: 50ms}, for: 5s",
            Flap(LEADER, Word("a follower"), 100 * MS, 50 * MS, False),
        ),
        (
            "degrade: {to: leader, loss: 30%, latency: 100ms}, for: 5s",
            Degrade(Word("all"), LEADER, Constant(100 * MS), Loss(0.3, 1.0), None, None, None),
        ),
        ("disk: {of: leader, stall: true}, for: 1s", DiskFault(LEADER, "stall", None)),
        ("disk: {of: n1, fsync: 100ms}", DiskFault(Node("n1"), "fsync", Constant(100 * MS))),
        ("disk: {of: n1, full: true}", DiskFault(Node("n1"), "full", None)),
        ("disk: {of: n1, lying: true}", DiskFault(Node("n1"), "lying", None)),
        ("disk: {of: n1, corrupt: true}", DiskFault(Node("n1"), "corrupt", None)),
        ("disk: {of: n1, torn: true}", DiskFault(Node("n1"), "torn", None)),
        ("clock: {of: leader, step: -5s}", ClockStep(LEADER, -5 * S)),
        ("clock: {of: leader, rate: 5%}, for: 1s", ClockRate(LEADER, 50_000_000)),
        ("clock: {of: leader, freeze: true}, for: 1s", ClockFreeze(LEADER)),
        ("campaign: n1", Campaign(Node("n1"))),
        ("heal: true", Heal()),
    ],
)
def test_actions(written: str, expected: Action) -> None:
    """Every action has its class, which the engine finds by its type."""
    assert faults(f"at: 10s, {written}")[0].action == expected


def test_restart_follows_a_crash() -> None:
    """A restart is an action of its own, for what does not restart by itself."""
    assert faults("at: 10s, crash: n1", "at: 15s, restart: n1")[1].action == Restart(Node("n1"))


def test_a_fault_knows_its_place_its_length_and_its_reason() -> None:
    """The number is that of the trace's `FaultStarted`, the line is for messages."""
    _, fault = faults("at: 1s, crash: leader", "at: 10s, pause: leader, for: 2s, about: a long collection")

    assert (fault.index, fault.line, fault.for_ns, fault.about) == (1, 11, 2 * S, "a long collection")


@pytest.mark.parametrize("word", [word for word in WORDS if word != "that node"])
def test_words(word: str) -> None:
    """Every documented word can be written."""
    assert faults(f"at: 1s, crash: {word}")[0].action == Crash(Word(word), None, True)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("n5", Node("n5")), ("c3", Node("c3")), ("clients", Role("clients")), ("region us", Region("us"))],
)
def test_names(written: str, expected: Selector) -> None:
    """Nodes are named by role, and counted by the parameters of protocol and workload."""
    assert faults(f"at: 1s, crash: {written}")[0].action == Crash(expected, None, True)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_events(event: str) -> None:
    """The engine's own events and every kind that protocols may note can trigger."""
    (fault,) = faults(f"when: {{event: {event}}}, crash: that node")

    assert fault.timing == When(Trigger(event), 0, 1)


def test_every_note_is_an_event() -> None:
    """What a protocol reports is something to trigger on."""
    assert set(NOTES) - set(EVENTS) == set()


def test_selectors_of_an_action() -> None:
    """Whoever resolves an action finds all its selectors, in order, through one function."""
    (fault,) = faults("at: 1s, partition: [[leader, n1], [others]]")

    assert selectors_of(fault.action) == [Several((LEADER, Node("n1"))), OTHERS]
    assert words_of(fault.action) == {"leader", "n1", "others"}
