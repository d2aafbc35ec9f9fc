"""From the actions of a scenario to what they do."""

from __future__ import annotations

from collections.abc import Callable

from sim.faults import on_clocks, on_disks, on_links, on_processes, orders
from sim.faults.claims import Claims
from sim.faults.ongoing import Ongoing
from sim.faults.targets import Moment, resolve_all
from sim.scenario.faults import (
    Bridge,
    Campaign,
    ClockFreeze,
    ClockRate,
    ClockStep,
    Crash,
    Cut,
    Degrade,
    DiskFault,
    Fault,
    Flap,
    Heal,
    Isolate,
    Partition,
    Pause,
    Restart,
    Ring,
    Slow,
    selectors_of,
)
from sim.scenario.orders import Members, Stop, Transfer
from sim.scenario.selectors import Selector


def prepare(fault: Fault, moment: Moment, claims: Claims) -> Ongoing:
    """Resolve the targets of a fault at this moment."""
    return Ongoing(fault, resolve_all(_selectors(fault), moment), moment, claims)


def begin(ongoing: Ongoing) -> None:
    """Apply the fault."""
    _BEGIN[type(ongoing.fault.action)](ongoing)


def lasts(fault: Fault) -> bool:
    """Return whether there will be something to undo."""
    return type(fault.action) not in (Restart, Campaign, Transfer, Members, ClockStep, Heal)


def healable(fault: Fault) -> bool:
    """Return whether `heal` undoes it."""
    return type(fault.action) in (Partition, Cut, Isolate, Bridge, Ring, Flap, Degrade)


def length_ns(fault: Fault) -> int | None:
    """Return how long the fault lasts; None: until healed."""
    if isinstance(fault.action, (Crash, Stop)):
        return fault.action.restart_after_ns
    return fault.for_ns


def _selectors(fault: Fault) -> tuple[Selector, ...]:
    action = fault.action
    if isinstance(action, Partition):
        return action.groups
    if isinstance(action, (Cut, Degrade)):
        return action.sources, action.targets
    if isinstance(action, Flap):
        return action.ones, action.others
    if isinstance(action, (Ring, Heal)):
        return ()
    if isinstance(action, (Transfer, Members)):
        return tuple(selectors_of(action))
    return (action.targets,)


_BEGIN: dict[type, Callable[[Ongoing], None]] = {
    Crash: on_processes.crash,
    Stop: orders.stop,
    Restart: on_processes.restart,
    Campaign: on_processes.campaign,
    Transfer: orders.transfer,
    Members: orders.members,
    Pause: on_processes.pause,
    Slow: on_processes.slow,
    Partition: on_links.partition,
    Cut: on_links.cut,
    Isolate: on_links.isolate,
    Bridge: on_links.bridge,
    Ring: on_links.ring,
    Flap: on_links.flap,
    Degrade: on_links.degrade,
    DiskFault: on_disks.disk,
    ClockStep: on_clocks.clock_step,
    ClockRate: on_clocks.clock_rate,
    ClockFreeze: on_clocks.clock_freeze,
}
