"""What was going on when something began: the fault or the event to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis.faults import FaultsOn
from analysis.world import instants
from sim.records import (
    Crashed,
    FaultStarted,
    Followed,
    Led,
    LinksCut,
    Paused,
    Record,
    Resumed,
    RunStarted,
    Served,
    ServiceFollowed,
    ServiceLed,
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
    ServiceFollowed: lambda record: f"{record.node} stopped leading the service: {record.reason}",
    ServiceLed: lambda record: f"{record.node} led the service",
    Served: lambda record: f"{record.node} served",
}


def causes_at(records: Sequence[Record], at: Sequence[int], otherwise: str = "unknown") -> list[str]:
    """Return for each instant in `at`, in increasing order, the most likely cause of what began then.

    In this order: "start" at the start of the run; the fault that was applied at that instant, or else
    the one applied last of those still on, as "partition (fault 1)"; the first other event of the
    instant; `otherwise` if there is none.
    """
    if not at:
        return []
    faults = FaultsOn()
    found: list[str] = []
    for at_ns, together in instants(records):
        while len(found) < len(at) and at[len(found)] < at_ns:
            found.append(_ongoing(faults) or otherwise)
        for record in together:
            faults.apply(record)
        while len(found) < len(at) and at[len(found)] == at_ns:
            found.append(_cause(faults, together) or otherwise)
    return found + [_ongoing(faults) or otherwise] * (len(at) - len(found))


def _ongoing(faults: FaultsOn) -> str:
    latest = faults.latest()
    return "" if latest is None else named(latest)


def named(fault: FaultStarted) -> str:
    """Return a fault as the cause of something: what it does, and its number in the scenario."""
    return f"{fault.action} (fault {fault.fault})"


def _cause(faults: FaultsOn, together: Sequence[Record]) -> str:
    if type(together[0]) is RunStarted:
        return "start"
    struck = next((record for record in reversed(together) if type(record) is FaultStarted), None)
    blamed = struck or faults.latest()
    if blamed is not None:
        return named(blamed)
    return next((_EVENTS[type(record)](record) for record in together if type(record) in _EVENTS), "")
