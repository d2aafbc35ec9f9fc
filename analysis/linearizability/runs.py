"""The operations of a simulated run as a history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sim.records
from analysis.linearizability.budget import Budget
from analysis.linearizability.check import UNLIMITED, Check, check
from analysis.linearizability.operations import PORCUPINE, History, HistoryError, Operation, Status
from analysis.rundata import RunData
from sim.records import Record, RunStarted

# Of each command of the key-value store (`protocols.kv`): what a compare-and-set register calls it.
_NAMES: Final = {"get": "read", "put": "write", "cas": "cas"}


def from_operations(records: Iterable[Record], name: str = "run") -> History:
    """Return the client operations among the records as a history of registers, one per key.

    Outcome "fail" becomes an operation that did nothing, "info" one that takes effect at any time after
    its call or never. Times are true nanoseconds. Other records are skipped, and commands that touch
    no key.

    Raises:
        HistoryError: a command is not one of the key-value store.
    """
    operations = (record for record in records if isinstance(record, sim.records.Operation))
    return History(name, "cas-register", tuple(_operation(each) for each in operations if _has_key(each)))


def _has_key(record: sim.records.Operation) -> bool:
    return len(record.command) > 1


def _operation(record: sim.records.Operation) -> Operation:
    name, key, *arguments = record.command
    if name not in _NAMES:
        raise HistoryError(f"found the command {name!r}, expected one of {', '.join(_NAMES)}")
    end, status = _end(record)
    return Operation(
        process=record.client,
        f=_NAMES[name],
        argument=_argument(arguments),
        result=record.value if status == "ok" else None,
        status=status,
        call=record.at_ns,
        end=end,
        key=key,
    )


def _end(record: sim.records.Operation) -> tuple[int | None, Status]:
    if record.completed_at_ns < 0:
        return None, "pending"
    statuses: dict[str, Status] = {"ok": "ok", "fail": "fail", "info": "unknown"}
    return record.completed_at_ns, statuses[record.outcome]


def _argument(arguments: list[Any]) -> Any:
    if not arguments:
        return None
    return arguments[0] if len(arguments) == 1 else tuple(arguments)


def check_run(run: RunData, budget: Budget = UNLIMITED) -> Check:
    """Return whether what the clients of a run saw is linearizable.

    Raises:
        HistoryError: the run kept no operations (trace levels `summary` and `full` do), or not those of
            the key-value store.
    """
    history = from_operations(run.details, _name(run))
    if not history.operations:
        raise HistoryError("found no operations, expected a run at trace level summary or full")
    return check(history, PORCUPINE, budget)


def _name(run: RunData) -> str:
    started = next((record for record in run.records if isinstance(record, RunStarted)), None)
    return "run" if started is None else f"{started.scenario} seed {started.seed}"
