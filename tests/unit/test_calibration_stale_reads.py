"""Stale reads are found on hand-made operations, and only certain ones."""

from __future__ import annotations

from typing import Any, Literal

from analysis.linearizability import check
from analysis.linearizability.runs import from_operations
from sim.calibration.stale_reads import any_stale_read, dual_belief_ms
from sim.records import Followed, Led, Operation, RunEnded, RunStarted
from sim.result import Result
from sim.tally import Costs, OperationTally

MS = 1_000_000
NODES = ("n1", "n2", "n3")


def put(value: int, begun: int, done: int, outcome: Literal["ok", "fail", "info"] = "ok") -> Operation:
    """Return a write of one key by the first client."""
    return Operation(begun, done, "c1", value, ("put", "k", value), outcome, None, 1, "n1", 1)


def get(value: int | None, begun: int, done: int) -> Operation:
    """Return a read of it by the other one."""
    return Operation(begun, done, "c2", begun, ("get", "k"), "ok", value, 1, "n1", 1)


def stale(*operations: Operation) -> bool:
    """Return whether any read is stale; a search must agree that such a history is not linearizable."""
    result = Result("x", "raft", 1, "", [], list(operations), OperationTally(MS), Costs(weigh=False), 0)
    found = bool(any_stale_read(result))
    if found:
        assert check(from_operations(operations)).verdict == "not"
    return found


def test_a_value_that_was_overwritten_is_stale() -> None:
    assert stale(put(1, 0, 10), put(2, 20, 30), get(1, 40, 50))
    assert stale(put(2, 20, 30), get(None, 40, 50))


def test_what_may_have_come_later_is_not() -> None:
    """The writes overlap, the newer one was not acknowledged yet, or the older one may still take effect."""
    assert not stale(put(1, 0, 25), put(2, 20, 30), get(1, 40, 50))
    assert not stale(put(1, 0, 10), put(2, 20, 45), get(1, 40, 50))
    assert not stale(put(1, 0, -1, "info"), put(2, 20, 30), get(1, 40, 50))
    assert not stale(put(1, 0, 10), put(2, 20, 30, "info"), get(1, 40, 50))
    assert not stale(put(1, 0, 10), put(2, 20, 30), get(2, 40, 50))


def test_a_value_that_was_written_twice_is_as_new_as_the_later_write() -> None:
    assert not stale(put(1, 0, 10), put(2, 20, 30), put(1, 32, 36), get(1, 40, 50))


def test_dual_belief_is_the_longest_overlap() -> None:
    started = RunStarted(0, "x", "raft", 1, 1000 * MS, NODES, NODES, (), (), MS)
    records: list[Any] = [
        started,
        Led(10 * MS, "n1", 1),
        Led(100 * MS, "n2", 2),
        Followed(130 * MS, "n1", 1, "quorum_lost"),
        RunEnded(1000 * MS, "duration"),
    ]
    result = Result("x", "raft", 1, "", records, [], OperationTally(MS), Costs(weigh=False), 0)

    assert dual_belief_ms(result) == 30.0
