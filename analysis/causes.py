"""What was going on when something began: the fault or the event to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis.world import instants
from sim.records import (
    Crashed,
    FaultEnded,
    FaultStarted,
    Followed,
    Led,
    LinksCut,
    Paused,
    Record,
    Resumed,
    RunStarted,
    Served,
    Started,
)

_EVENTS: dict[type, Callable[[Record], str]] = {
    RunStarted: lambda record: "start",
    Crashed: lambda record: f"crash of {record.node}",
    Paused: lambda record: f"pause of {record.node}",
    LinksCut: lambda record: "partition",
    Started: lambda record: f"start of {record.node}",
    Resumed: lambda record: f"resumption of {record.node}",
    Followed: lambda record: f"{record.node} stepped down: {record.reason}",
    Led: lambda record: f"{record.node} led",
    Served: lambda record: f"{record.node} served",
}


def causes_at(records: Sequence[Record], at: Sequence[int]) -> list[str]:
    """Return for each instant in `at`, in increasing order, the most likely cause of what began then.

    In this order: "start" at the start of the run; the fault that was applied at that instant, or else
    the one applied last of those still on, as "partition (fault 1)"; the first other event of the
    instant; "stall" if there is none.
    """
    if not at:
        return []
    faults = _Faults()
    found: list[str] = []
    for at_ns, together in instants(records):
        while len(found) < len(at) and at[len(found)] < at_ns:
            found.append(faults.latest() or "stall")
        faults.apply(together)
        while len(found) < len(at) and at[len(found)] == at_ns:
            found.append(_cause(faults, together))
    return found + [faults.latest() or "stall"] * (len(at) - len(found))


def _cause(faults: _Faults, together: Sequence[Record]) -> str:
    if type(together[0]) is RunStarted:
        return "start"
    events = (_EVENTS[type(record)](record) for record in together if type(record) in _EVENTS)
    return faults.struck or faults.latest() or next(events, "stall")


class _Faults:
    __slots__ = ("on", "struck")

    def __init__(self) -> None:
        self.on: dict[int, str] = {}  # number: what, the one applied last at the end
        self.struck = ""  # the fault applied at this instant, even one that is over at once

    def apply(self, together: Sequence[Record]) -> None:
        self.struck = ""
        for record in together:
            if type(record) is FaultStarted:
                self.on.pop(record.fault, None)
                self.on[record.fault] = self.struck = f"{record.action} (fault {record.fault})"
            elif type(record) is FaultEnded:
                self.on.pop(record.fault, None)

    def latest(self) -> str:
        return self.on[next(reversed(self.on))] if self.on else ""
