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
        ("at: 1s, partition: [[n1]]", "faults.0.partition: found a list of 1, expected"),
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
