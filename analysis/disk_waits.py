"""How much of an election was spent waiting for disks; needs a full trace."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from analysis.availability import Interval, overlaps_ns
from analysis.elections import Election
from sim.records import Crashed, Message, Record, Saved, Synced

_AT = attrgetter("at_ns")


def writes_under_way(records: Sequence[Record], details: Sequence[Record]) -> dict[str, list[Interval]]:
    """Return for each node the maximal intervals in which something was written and not yet durable."""
    crashes = [record for record in records if type(record) is Crashed]
    writes = [record for record in details if type(record) in (Saved, Synced)]
    pending: dict[str, int] = {}
    since: dict[str, int] = {}
    found: dict[str, list[Interval]] = {}
    for record in sorted([*writes, *crashes], key=_AT):
        node, before = record.node, pending.get(record.node, 0)
        after = _after(record, before)
        if after and not before:
            since[node] = record.at_ns
        elif before and not after:
            found.setdefault(node, []).append((since[node], record.at_ns))
        pending[node] = after
    return found


def _after(record: Record, pending: int) -> int:
    if type(record) is Saved:
        return pending + 1
    return max(0, pending - record.records) if type(record) is Synced else 0


class DiskWaits:
    """Answers for the elections of one run how long two phases waited for disks.

    A phase ends when something happens to a node: the winner begins to believe, or to serve. On the path
    that led there lie the disk of that node, and that of the node whose message it was that arrived at that
    very instant: the last vote, or the last acknowledgement, of a majority. The wait is the time in the phase
    in which one of the two had a write under way.
    """

    def __init__(self, records: Sequence[Record], details: Sequence[Record]) -> None:
        self._writes = writes_under_way(records, details)
        delivered = [r for r in details if type(r) is Message and r.outcome == "delivered"]
        self._delivered = sorted(delivered, key=_AT)

    def votes_ns(self, election: Election) -> int | None:
        """Return the part of the votes that waited for disks."""
        return self._within(election, election.winning_candidacy_ns, election.belief_ns, election.new_leader)

    def first_service_ns(self, election: Election) -> int | None:
        """Return the part between belief and service that waited for disks."""
        return self._within(election, election.belief_ns, election.service_ns, election.serving_leader)

    def _within(
        self, election: Election, from_ns: int | None, to_ns: int | None, node: str | None
    ) -> int | None:
        if from_ns is None or to_ns is None or node is None:
            return None
        phase = election.fault_at_ns + from_ns, election.fault_at_ns + to_ns
        waits = [*self._writes.get(node, ())]
        for source in self._senders(node, phase[1]):
            waits += self._writes.get(source, ())
        return sum(overlaps_ns(_union(waits), [phase])) if phase[1] > phase[0] else 0

    def _senders(self, node: str, at_ns: int) -> list[str]:
        first = bisect_left(self._delivered, at_ns, key=_AT)
        upto = bisect_right(self._delivered, at_ns, key=_AT)
        return [r.source for r in self._delivered[first:upto] if r.target == node]


def _union(intervals: Sequence[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for since, to in sorted(intervals):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], to)
        else:
            found.append((since, to))
    return found
