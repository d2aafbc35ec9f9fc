"""When the system served, when somebody led, and when clients were answered; and why not.

Three views, from the inside out. *system*: some running believer has served in its epoch (`Served`),
still can (a replicated log needs a majority of the servers, running and connected; a lease holder
needs a resource, if there are any), and has no command under way that takes longer than the bound
(`Stalled`, which counts against the leader that stalled: another one may serve meanwhile). *leadership*:
some running node believes that it leads. *client*: commands are answered within the bound, as `sim.tally`
counts them.

A state holds from its instant to the next one; what is over within an instant takes no time.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from analysis.causes import causes_at, named
from analysis.table_module import TableModule
from analysis.world import World, started
from sim.records import FaultStarted, Record, Served, Stalled
from sim.tally import OperationTally

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Maximal intervals [from, to) of one run, in order: gaps in two views, and when a quorum existed.

    `quorum`: some running contender could have led: it was connected to a majority of the servers,
    itself included where it is one, all running, or to a service whose members were (see `World`).
    """

    from_ns: int
    to_ns: int
    system_gaps: tuple[Interval, ...]
    leadership_gaps: tuple[Interval, ...]
    quorum: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Outage:
    """A maximal interval without service, in one view: "system", "leadership" or "client".

    unjustified_ns: how much of it some connected, running quorum existed that could have led.
    """

    view: str
    from_ns: int
    to_ns: int
    justified_ns: int
    unjustified_ns: int
    cause: str

    @property
    def length_ns(self) -> int:
        """How long it lasted."""
        return self.to_ns - self.from_ns


@dataclass(frozen=True, slots=True)
class _StallBegan:
    """What a `Stalled` record tells only when it is over."""

    at_ns: int
    node: str
    epoch: int


def timeline(records: Sequence[Record]) -> Timeline:
    """Return when system and leadership were missing, and when a quorum existed, over the whole run.

    Raises:
        ValueError: the records do not begin with RunStarted.
    """
    start, to_ns = started(records), records[-1].at_ns
    sweep = _Sweep(World.of(start), start.at_ns)
    at_ns, changed = start.at_ns, False
    for record in _with_stalls(records):
        if record.at_ns != at_ns and changed:
            sweep.look(at_ns)
            changed = False
        at_ns = record.at_ns
        changed |= sweep.apply(record)
    return sweep.finish(start.at_ns, to_ns)


def _with_stalls(records: Sequence[Record]) -> Sequence[Record]:
    stalls = [_StallBegan(r.since_ns, r.node, r.epoch) for r in records if type(r) is Stalled]
    return sorted([*records, *stalls], key=lambda record: record.at_ns) if stalls else records


class _Sweep:
    """Follows the world through a run and notes when one of three conditions changes."""

    __slots__ = ("_gaps", "_leaderless", "_quorate", "served", "stalled", "world")

    def __init__(self, world: World, from_ns: int) -> None:
        self.world = world
        self.served: set[tuple[str, int]] = set()
        self.stalled: dict[tuple[str, int], int] = {}  # commands under way for too long
        self._gaps = _Spans(from_ns)
        self._leaderless = _Spans(from_ns)
        self._quorate = _Spans(None)

    def apply(self, record: Record) -> bool:
        kind = type(record)
        if kind is Served:
            self.served.add((record.node, record.epoch))
        elif kind is _StallBegan:
            key = record.node, record.epoch
            self.stalled[key] = self.stalled.get(key, 0) + 1
        elif kind is Stalled:
            key = record.node, record.epoch
            self.stalled[key] = self.stalled.get(key, 0) - 1
        else:
            return self.world.apply(record)
        return True

    def look(self, at_ns: int) -> None:
        world = self.world
        running = world.running
        leaders = [(node, epoch) for node, epoch in world.beliefs.items() if node in running]
        self._gaps.now(at_ns, not any(self._serves(*leader) for leader in leaders))
        self._leaderless.now(at_ns, not leaders)
        self._quorate.now(at_ns, world.any_quorum())

    def _serves(self, node: str, epoch: int) -> bool:
        leader = node, epoch
        return leader in self.served and not self.stalled.get(leader) and self.world.can_serve(node)

    def finish(self, from_ns: int, to_ns: int) -> Timeline:
        spans = self._gaps, self._leaderless, self._quorate
        return Timeline(from_ns, to_ns, *(found.closed(to_ns) for found in spans))


class _Spans:
    """Collects the maximal intervals in which a condition holds."""

    __slots__ = ("found", "since")

    def __init__(self, since: int | None) -> None:
        self.since = since  # None: it does not hold now
        self.found: list[Interval] = []

    def now(self, at_ns: int, holds: bool) -> None:
        if holds:
            if self.since is None:
                self.since = at_ns
        elif self.since is not None:
            if at_ns > self.since:
                self.found.append((self.since, at_ns))
            self.since = None

    def closed(self, to_ns: int) -> tuple[Interval, ...]:
        self.now(to_ns, False)
        return tuple(self.found)


def total_ns(intervals: Sequence[Interval]) -> int:
    """Return the sum of the lengths."""
    return sum(to - since for since, to in intervals)


def overlaps_ns(gaps: Sequence[Interval], others: Sequence[Interval]) -> list[int]:
    """Return for each gap how much of it lies within `others`; both disjoint and in order."""
    found, first = [], 0
    for since, to in gaps:
        while first < len(others) and others[first][1] <= since:
            first += 1
        inside, i = 0, first
        while i < len(others) and others[i][0] < to:
            inside += min(to, others[i][1]) - max(since, others[i][0])
            i += 1
        found.append(inside)
    return found


def outages(records: Sequence[Record], tally: OperationTally, line: Timeline | None = None) -> list[Outage]:
    """Return the outages of all views, view by view, each in order of time.

    The time before the first service is one, with the cause "start". A command may be under way when a
    fault strikes; so an outage with nothing to blame at its beginning is due to the first fault that was
    applied during it, or else is a "stall". A client outage lies between invocations (see
    `OperationTally`); it has the cause of the first system outage that it overlaps, if there is one.
    `line` is the timeline of the records, if it is known already.
    """
    if line is None:
        line = timeline(records)
    system = _outages("system", line.system_gaps, line, _causes(records, line.system_gaps))
    leadership = _causes(records, line.leadership_gaps)
    client = _client_causes(records, tally.outages, system)
    return [
        *system,
        *_outages("leadership", line.leadership_gaps, line, leadership),
        *_outages("client", tally.outages, line, client),
    ]


def _causes(records: Sequence[Record], gaps: Sequence[Interval]) -> list[str]:
    found = causes_at(records, [since for since, _ in gaps], "")
    faults = [record for record in records if type(record) is FaultStarted]
    for i, (since, to) in enumerate(gaps):
        if not found[i]:
            first = bisect_left(faults, since, key=attrgetter("at_ns"))
            during = first < len(faults) and faults[first].at_ns < to
            found[i] = named(faults[first]) if during else "stall"
    return found


def _outages(view: str, gaps: Sequence[Interval], line: Timeline, causes: Sequence[str]) -> list[Outage]:
    could = overlaps_ns(gaps, line.quorum)
    return [
        Outage(view, since, to, to - since - unjustified, unjustified, cause)
        for (since, to), unjustified, cause in zip(gaps, could, causes, strict=True)
    ]


def _client_causes(
    records: Sequence[Record], gaps: Sequence[Interval], system: Sequence[Outage]
) -> list[str]:
    found, first = _causes(records, gaps), 0
    for i, (since, to) in enumerate(gaps):
        while first < len(system) and system[first].to_ns <= since:
            first += 1
        if first < len(system) and system[first].from_ns < to:
            found[i] = system[first].cause
    return found


sys.modules[__name__].__class__ = TableModule
