"""The sweeps of the analysis against plain predicates, asked between all instants of random runs.

The predicates are written from the definitions and look at the whole history for every question: who
runs, believes, has served and is connected, by the latest record that says so. The runs need not
make sense; they only have to be told alike.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.availability import outages, timeline
from analysis.calls import calls
from analysis.elections import elections
from analysis.incidents import dual_beliefs
from analysis.leaderships import leaderships
from sim.records import (
    Campaigned,
    Crashed,
    Followed,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    Served,
    Stalled,
    Started,
)
from sim.tally import OperationTally

SERVERS = ("a", "b", "c")
NODES = (*SERVERS, "x")  # x may lead but is no server
LINKS = [(one, other) for one in NODES for other in NODES if one != other]

node = st.sampled_from(NODES)
epoch = st.integers(1, 3)
links = st.lists(st.sampled_from(LINKS), min_size=1, max_size=6, unique=True).map(tuple)
event = st.one_of(
    st.builds(lambda n: lambda at: [Started(at, n, 1)], node),
    st.builds(lambda n: lambda at: [Crashed(at, n, "crash", True)], node),
    st.builds(lambda n: lambda at: [Paused(at, n)], node),
    st.builds(lambda n: lambda at: [Resumed(at, n)], node),
    st.builds(lambda cut: lambda at: [LinksCut(at, cut)], links),
    st.builds(lambda cut: lambda at: [LinksHealed(at, cut)], links),
    st.builds(lambda n, e: lambda at: [Led(at, n, e)], node, epoch),
    st.builds(lambda n, e: lambda at: [Campaigned(at, n, e)], node, epoch),
    st.builds(lambda n, e: lambda at: [Led(at, n, e), Served(at, n, e)], node, epoch),
    st.builds(lambda n, e: lambda at: [Served(at, n, e)], node, epoch),
    st.builds(lambda n: lambda at: [Followed(at, n, 0, "x")], node),
    st.builds(
        lambda n, e, ago: lambda at: [Stalled(at, n, e, max(0, at - 2 * ago))], node, epoch, st.integers(1, 4)
    ),
)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    """Return a random run; times are even, so that between any two there is an odd one."""
    at = 0
    records: list[Record] = [RunStarted(0, "t", "p", 1, 0, NODES, SERVERS, (), (), 6)]
    records += [Started(0, name, 0) for name in NODES]
    for make in draw(st.lists(event, max_size=25)):
        at += 2 * draw(st.integers(0, 2))
        records += make(at)
    return [*records, RunEnded(at + 2 * draw(st.integers(0, 3)), "duration")]


class Truth:
    """What holds at one moment of a run, by looking at everything up to it."""

    def __init__(self, records: list[Record], moment: int) -> None:
        self.past = [record for record in records if record.at_ns <= moment]
        self.stalled = {
            (r.node, r.epoch) for r in records if type(r) is Stalled and r.since_ns <= moment < r.at_ns
        }

    def latest(self, name: str, *kinds: type) -> Record | None:
        """Return the last record of these kinds about a node."""
        return next((r for r in reversed(self.past) if type(r) in kinds and r.node == name), None)

    def runs(self, name: str) -> bool:
        """Started, not crashed, not paused."""
        life = self.latest(name, Started, Crashed)
        pace = self.latest(name, Started, Crashed, Paused, Resumed)
        return type(life) is Started and type(pace) in (Started, Resumed)

    def belief(self, name: str) -> int | None:
        """Return the epoch that the node believes to lead."""
        last = self.latest(name, Led, Followed, Crashed)
        return last.epoch if type(last) is Led else None

    def cut(self, one: str, other: str) -> bool:
        """Return whether the link carries nothing."""
        changes = [r for r in self.past if type(r) in (LinksCut, LinksHealed) and (one, other) in r.links]
        return bool(changes) and type(changes[-1]) is LinksCut

    def quorate(self, name: str) -> bool:
        """Return whether a node has links both ways to running servers, two of three, itself included.

        For a node that is no server it is enough to have them to one that is so.
        """
        reached = [s for s in SERVERS if s == name or not (self.cut(name, s) or self.cut(s, name))]
        if name not in SERVERS:
            return self.runs(name) and any(map(self.quorate, reached))
        return self.runs(name) and sum(map(self.runs, reached)) >= 2

    def serves(self, name: str) -> bool:
        """Return whether the node leads and a command would commit."""
        own = self.belief(name)
        served = any(type(r) is Served and (r.node, r.epoch) == (name, own) for r in self.past)
        able = self.quorate(name) if name in SERVERS else self.runs(name)
        return served and (name, own) not in self.stalled and able

    def system(self) -> bool:
        """Return whether somebody serves."""
        return any(map(self.serves, NODES))

    def leadership(self) -> bool:
        """Return whether somebody who runs believes."""
        return any(self.runs(name) and self.belief(name) is not None for name in NODES)

    def quorum(self) -> bool:
        """Return whether some contender has a quorum."""
        return any(map(self.quorate, NODES))

    def beliefs(self) -> set[tuple[str, int]]:
        """Return who believes what."""
        found = ((name, self.belief(name)) for name in NODES)
        return {(name, own) for name, own in found if own is not None}


def moments(records: list[Record]) -> list[int]:
    """Return all odd instants of the run: those between the even ones, where nothing changes."""
    return list(range(1, records[-1].at_ns, 2))


def intervals(records: list[Record], holds: Callable[[Truth], bool]) -> list[tuple[int, int]]:
    """Return the maximal intervals in which `holds`, moment by moment."""
    found: list[tuple[int, int]] = []
    for moment in moments(records):
        if holds(Truth(records, moment)):
            if found and found[-1][1] == moment - 1:
                found[-1] = found[-1][0], moment + 1
            else:
                found.append((moment - 1, moment + 1))
    return found


@settings(max_examples=200, deadline=None)
@given(records=runs())
def test_timeline_is_the_predicate_asked_at_every_moment(records: list[Record]) -> None:
    """Gaps of both views and the time with a quorum."""
    line = timeline(records)

    assert list(line.system_gaps) == intervals(records, lambda truth: not truth.system())
    assert list(line.leadership_gaps) == intervals(records, lambda truth: not truth.leadership())
    assert list(line.quorum) == intervals(records, Truth.quorum)


@settings(max_examples=100, deadline=None)
@given(records=runs())
def test_unjustified_is_the_outage_during_which_a_quorum_existed(records: list[Record]) -> None:
    """Two units for each moment at which both hold; the rest is justified."""
    system = [outage for outage in outages(records, OperationTally(6)) if outage.view == "system"]
    truths = [Truth(records, moment) for moment in moments(records)]

    assert sum(o.unjustified_ns for o in system) == 2 * sum(t.quorum() and not t.system() for t in truths)
    assert sum(o.justified_ns for o in system) == 2 * sum(not t.quorum() and not t.system() for t in truths)


@settings(max_examples=150, deadline=None)
@given(records=runs())
def test_leaderships_are_the_beliefs_at_every_moment(records: list[Record]) -> None:
    """And each lies within the run."""
    found = leaderships(records)

    for moment in moments(records):
        covering = [(one.node, one.epoch) for one in found if one.from_ns <= moment < one.to_ns]
        assert len(covering) == len(set(covering))
        assert set(covering) == Truth(records, moment).beliefs()


@settings(max_examples=150, deadline=None)
@given(records=runs())
def test_dual_beliefs_are_the_moments_with_two_epochs(records: list[Record]) -> None:
    """Maximal intervals; the nodes and epochs of each are those that believe in it."""
    found = dual_beliefs(leaderships(records))

    assert [(one.from_ns, one.to_ns) for one in found] == intervals(
        records, lambda truth: len({own for _, own in truth.beliefs()}) > 1
    )
    for one in found:
        inside = [moment for moment in moments(records) if one.from_ns < moment < one.to_ns]
        involved = set().union(*(Truth(records, moment).beliefs() for moment in inside))
        assert set(zip(one.nodes, one.epochs, strict=True)) == involved


@settings(max_examples=200, deadline=None)
@given(records=runs())
def test_outside_of_elections_a_sound_leader_has_served(records: list[Record]) -> None:
    """Whoever came into service is there until the next fault: nothing is missed between elections.

    A run with an averted election is left out: its time is in no row.
    """
    windows = [
        (call.fault_at_ns, records[-1].at_ns if call.served_at_ns is None else call.served_at_ns)
        for call in calls(records).elections
    ]
    if calls(records).averted == 0:
        for moment in moments(records):
            truth = Truth(records, moment)
            sound = any(truth.quorate(name) and truth.belief(name) is not None for name in NODES)
            assert sound or any(since <= moment < to for since, to in windows)


@settings(max_examples=200, deadline=None)
@given(records=runs())
def test_lengths_of_elections_are_in_order_and_add_up(records: list[Record]) -> None:
    """No length is negative or longer than the run; the phases that are known make up belief and service."""
    found = elections(records)

    assert (found[0].cause, found[0].fault_at_ns) == ("start", 0)
    for row in found:
        phases = [row.detection_ns, row.candidacy_ns, row.votes_ns]
        lengths = [row.belief_ns, row.announced_ns, row.service_ns, *phases, row.first_service_ns]
        assert all(0 <= length <= row.end_ns for length in lengths if length is not None)
        assert row.end_ns == records[-1].at_ns - row.fault_at_ns
        if row.votes_ns is not None:
            assert sum(phase or 0 for phase in phases) == row.belief_ns
        if row.service_ns is not None:
            assert (row.belief_ns or 0) + (row.first_service_ns or 0) == row.service_ns
    # Only the last one may still be under way.
    assert all(row.service_ns is not None for row in found[:-1])
