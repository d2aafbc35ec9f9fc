"""Reads that are certainly stale, found without a search."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from sim.records import Operation

if TYPE_CHECKING:
    from sim.result import Result

MS = 1e6


def any_stale_read(result: Result) -> float:
    """Return 1 if a client read what had certainly been overwritten before, else 0.

    The run must have kept its operations. A read is stale if a write was acknowledged before the read was
    invoked, and was itself invoked after every write of the value read had been acknowledged. That is
    no linearizable history, whatever the rest of it; the converse does not hold.
    """
    operations = [record for record in result.details if type(record) is Operation]
    keys = dict.fromkeys(operation.command[1] for operation in operations)
    return float(any(_stale([each for each in operations if each.command[1] == key]) for key in keys))


def _stale(operations: list[Operation]) -> bool:
    writes = [each for each in operations if each.command[0] == "put"]
    over_ns: dict[object, float] = {None: -1.0}  # when the last write of a value was surely over
    for write in writes:
        value = write.command[2]
        over_ns[value] = max(over_ns.get(value, -1.0), _end(write))
    done = sorted((write.completed_at_ns, write.at_ns) for write in writes if write.outcome == "ok")
    newest = list(accumulate((begun for _, begun in done), max))
    return any(
        _before(done, newest, read.at_ns) > over_ns.get(read.value, math.inf) for read in _reads(operations)
    )


def _reads(operations: Iterable[Operation]) -> Iterable[Operation]:
    return (each for each in operations if each.command[0] == "get" and each.outcome == "ok")


def _end(write: Operation) -> float:
    """Return when a write was over; one of which nobody knows what became may take effect at any time."""
    if write.outcome == "fail":
        return -1.0
    return write.completed_at_ns if write.outcome == "ok" else math.inf


def _before(done: list[tuple[int, int]], newest: list[int], at_ns: int) -> float:
    """Return when the newest of the writes was invoked that were acknowledged before that time."""
    place = bisect_left(done, (at_ns, -1))
    return newest[place - 1] if place else -math.inf


def dual_belief_ms(result: Result) -> float:
    """Return the longest time for which two believed at once that they lead."""
    from analysis.incidents import incidents

    lengths = (each.to_ns - each.from_ns for each in incidents(result.records) if each.level == "dual_belief")
    return max(lengths, default=0) / MS
