"""What the clients of a simulated run saw, as a history."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import pytest

import sim.records
from analysis.linearizability import History, HistoryError, Operation, check, check_run, from_operations
from sim.result import Result
from sim.run import run
from sim.scenario import load
from sim.tally import Costs, OperationTally


def record(
    command: tuple[Any, ...],
    value: Any,
    outcome: Literal["ok", "fail", "info"] = "ok",
    at_ns: int = 10,
    completed_at_ns: int = 20,
) -> sim.records.Operation:
    """Return the record of a client's command."""
    return sim.records.Operation(at_ns, completed_at_ns, "c1", 1, command, outcome, value, 1, "n1", 1)


def test_commands_become_operations_of_registers() -> None:
    """`fail` did nothing, `info` and what is open at the end may have done it; the others do not count."""
    records = [
        record(("put", "k", 1), None),
        record(("get", "k"), 1),
        record(("cas", "k", 1, 2), False),
        record(("put", "k", 3), None, "fail"),
        record(("put", "k", 4), None, "info"),
        record(("put", "k", 5), None, "info", completed_at_ns=-1),
        record(("noop",), None),
        sim.records.Paused(5, "n1"),
    ]

    assert from_operations(records, "name") == History(
        "name",
        "cas-register",
        (
            Operation("c1", "write", 1, None, "ok", 10, 20, "k"),
            Operation("c1", "read", None, 1, "ok", 10, 20, "k"),
            Operation("c1", "cas", (1, 2), False, "ok", 10, 20, "k"),
            Operation("c1", "write", 3, None, "fail", 10, 20, "k"),
            Operation("c1", "write", 4, None, "unknown", 10, 20, "k"),
            Operation("c1", "write", 5, None, "pending", 10, None, "k"),
        ),
    )


def test_other_commands_are_refused() -> None:
    """A command whose meaning is not known cannot be checked."""
    with pytest.raises(HistoryError, match="'delete', expected one of get, put, cas"):
        from_operations([record(("delete", "k"), None)])


@dataclass
class NoOperations:
    """A run at a trace level that keeps none."""

    records: list[Any] = field(default_factory=list)
    details: list[Any] = field(default_factory=list)
    tally: OperationTally = field(default_factory=lambda: OperationTally(1))
    costs: Costs = field(default_factory=Costs)
    effects_accepted: int = 0


def test_run_without_operations_is_refused() -> None:
    """A history of nothing is linearizable, and says nothing of the run."""
    with pytest.raises(HistoryError, match="trace level summary or full"):
        check_run(NoOperations())


@cache
def crashed_leader() -> Result:
    """Return a run in which the leader crashes and is cut off, with as many reads as writes."""
    return run(load("scenarios/basics/leader-crash.yaml", ["workload.reads=50%"]), trace="summary")


@pytest.mark.slow
def test_run_of_raft_is_linearizable() -> None:
    """Raft §8: "our goal for Raft is to implement linearizable semantics"."""
    found = check_run(crashed_leader())

    assert found.verdict == "linearizable"
    assert sum(len(order) for _, order in found.orders) > 2_000


@pytest.mark.slow
def test_run_with_one_read_of_something_else_is_not() -> None:
    """A read in the middle returns what had been overwritten long before."""
    operations = list(from_operations(crashed_leader().details).operations)
    reads = [index for index, each in enumerate(operations) if each.f == "read" and each.result is not None]
    middle = reads[len(reads) // 2]
    first = next(each for each in operations if each.f == "write" and each.key == operations[middle].key)
    operations[middle] = replace(operations[middle], result=first.argument)
    found = check(History("mutated", "cas-register", tuple(operations)))

    assert found.verdict == "not"
    assert found.stuck is not None
    assert found.stuck.operation == operations[middle]
