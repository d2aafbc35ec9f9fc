"""Histories of client operations, and the conventions by which they are read."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, get_args

Status = Literal["ok", "pending", "unknown", "fail"]
STATUSES: Final = get_args(Status)


class HistoryError(ValueError):
    """A history cannot be checked; the message says what was found and what was expected."""


class Initial(Enum):
    """Where the initial value comes from, if the conventions do not give one."""

    FROM_HISTORY = "from the history"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a client on one object.

    status: "ok" completed; "pending" never returned, "unknown" returned without saying what it did;
    "fail" certainly not done. `call` and `end` are points on one axis, positions in a log or
    nanoseconds; `end` is None for what never returned.
    """

    process: Hashable
    f: str  # as the histories call it: "read", "write", ...
    argument: Any
    result: Any
    status: Status
    call: int
    end: int | None
    key: Hashable = None  # of the object; objects of different keys are independent


@dataclass(frozen=True, slots=True)
class History:
    """What clients saw. `linearizable` is what somebody else says of it, None if nobody does."""

    id: str
    model: str  # one of `analysis.linearizability.models.MODELS`
    operations: tuple[Operation, ...]
    initial: Any = None
    linearizable: bool | None = None


@dataclass(frozen=True, slots=True)
class Conventions:
    """What an operation says that did not end well, and what a read of nothing says.

    failed: a completed compare-and-set that returned false (an acquire or release likewise)
        "observed" that it was not possible, or is "dropped" since its failure may have other reasons.
    nil_reads: a completed read of null observed the "absence" of a value, or is "legal" always.
    unknown: an operation that returned without a result takes effect at any time after its call
        ("open") or before it returned ("interval"); or never, under both. One that never returned takes
        effect at any time after its call, or never.
    initial: the initial value, instead of the history's own.

    Operations of status "fail" did nothing, under every convention.
    """

    failed: Literal["observed", "dropped"] = "observed"
    nil_reads: Literal["absence", "legal"] = "absence"
    unknown: Literal["open", "interval"] = "open"
    initial: Any = Initial.FROM_HISTORY


PORCUPINE: Final = Conventions()
"""As porcupine's model of etcd reads histories (github.com/anishathalye/porcupine)."""

KNOSSOS: Final = Conventions(failed="dropped", nil_reads="legal")
"""As knossos does: a :fail did not happen, and a read of nil says nothing (github.com/jepsen-io/knossos)."""


def partition(operations: Sequence[Operation]) -> dict[Hashable, list[Operation]]:
    """Return the operations of each key, keys in the order of their first operation.

    A history is linearizable if and only if it is so for each object by itself.

    Source: Herlihy and Wing, "Linearizability" (TOPLAS 1990), theorem 1 (locality); Horn and Kroening,
    "Faster linearizability checking via P-compositionality" (FORTE 2015).
    """
    parts: dict[Hashable, list[Operation]] = {}
    for operation in operations:
        parts.setdefault(operation.key, []).append(operation)
    return parts
