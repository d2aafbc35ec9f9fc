"""Faults that contradict each other: which of two would win is not for a reader to guess.

Only what is certain is refused: faults at fixed times, and targets that do not depend on the run
(`crash: leader` twice hits two leaders). What is periodic, random or triggered is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.scenario.faults import (
    At,
    Bridge,
    ClockFreeze,
    ClockRate,
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
from sim.scenario.orders import Stop
from sim.scenario.selectors import Selector, static_nodes
from sim.scenario.shapes import Context
from sim.scenario.units import written_duration

_FOREVER = 1 << 62
Mistake = tuple[tuple[int | str, ...], str]

# Actions that exclude each other while they last, by what they act on. A node that is down cannot
# be paused; of two partitions that overlap nobody can say which groups there are.
_FAMILY: dict[type, str] = {
    Crash: "process",
    Stop: "process",
    Pause: "process",
    Slow: "speed",
    Partition: "shape of the network",
    Bridge: "shape of the network",
    Ring: "shape of the network",
    Cut: "cut",
    Isolate: "isolation",
    Flap: "flapping",
    Degrade: "degradation",
    DiskFault: "disk",
    ClockRate: "rate",
    ClockFreeze: "rate",
}
_HEALED = (Partition, Bridge, Ring, Cut, Isolate, Flap, Degrade)


@dataclass(frozen=True, slots=True)
class _Span:
    """A fault that lasts from `start` until before `end`, on `what` of `nodes` (None: of everything)."""

    fault: Fault
    what: str
    start: int
    end: int
    nodes: frozenset[str] | frozenset[tuple[str, str]] | None


def contradictions(faults: tuple[Fault, ...], context: Context) -> list[Mistake]:
    """Return what contradicts what, as (path from `faults`, message), in the order of the file."""
    if context.names is None:
        return []
    spans = sorted(_spans(faults, context), key=lambda span: (span.start, span.fault.index))
    wrong = [
        _overlap(earlier, later)
        for i, later in enumerate(spans)
        for earlier in spans[:i]
        if later.start < earlier.end and _same(earlier, later)
    ]
    wrong += _restarts(faults, context)
    return sorted(wrong, key=lambda each: str(each[0]))


def _spans(faults: tuple[Fault, ...], context: Context) -> Iterator[_Span]:
    for fault in faults:
        what = _FAMILY.get(type(fault.action))
        if what is None or not isinstance(fault.timing, At):
            continue
        nodes = None if what == "shape of the network" else _affected(fault, context)
        if nodes is not None or what == "shape of the network":
            what += f" ({fault.action.kind})" if isinstance(fault.action, DiskFault) else ""
            yield _Span(fault, what, fault.timing.at_ns, _end(fault, faults, context), nodes)


def _affected(fault: Fault, context: Context) -> frozenset[str] | frozenset[tuple[str, str]] | None:
    """Return the nodes or directed links that a fault acts on; None if that depends on the run."""
    sides = [_nodes(selector, context) for selector in selectors_of(fault.action)]
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    if len(known) == 2:
        pairs = {(a, b) for a in known[0] for b in known[1] if a != b}
        both = {(b, a) for a, b in pairs} if isinstance(fault.action, Flap) else set()
        return frozenset(pairs | both)
    return frozenset(known[0])


def _nodes(selector: Selector, context: Context) -> tuple[str, ...] | None:
    assert context.names is not None
    return static_nodes(selector, context.names, context.place)


def _end(fault: Fault, faults: tuple[Fault, ...], context: Context) -> int:
    """Return when a fault ends: by itself, by a restart of all its nodes, by a heal, or never."""
    assert isinstance(fault.timing, At)
    start = fault.timing.at_ns
    length = fault.action.restart_after_ns if isinstance(fault.action, (Crash, Stop)) else fault.for_ns
    ends = [_FOREVER if length is None else start + length]
    for other in faults:
        if isinstance(other.timing, At) and other.timing.at_ns >= start and _ends(other, fault, context):
            ends.append(other.timing.at_ns)
    # A restart that comes at a time nobody knows may have ended a crash: do not claim otherwise.
    if length is None and isinstance(fault.action, (Crash, Stop)) and _unknown_restart(faults, context):
        ends.append(start)
    return min(ends)


def _ends(other: Fault, fault: Fault, context: Context) -> bool:
    if isinstance(other.action, Heal):
        return isinstance(fault.action, _HEALED)
    if not isinstance(other.action, Restart) or not isinstance(fault.action, (Crash, Stop)):
        return False
    started, crashed = _affected(other, context), _affected(fault, context)
    return started is not None and crashed is not None and bool(crashed & started)


def _unknown_restart(faults: tuple[Fault, ...], context: Context) -> bool:
    return any(
        isinstance(each.action, Restart)
        and (not isinstance(each.timing, At) or _affected(each, context) is None)
        for each in faults
    )


def _same(one: _Span, other: _Span) -> bool:
    if one.what != other.what:
        return False
    return one.nodes is None or other.nodes is None or bool(one.nodes & other.nodes)


def _overlap(earlier: _Span, later: _Span) -> Mistake:
    until = "" if earlier.end == _FOREVER else f" until {written_duration(earlier.end)}"
    remedy = "; heal it first" if isinstance(earlier.fault.action, _HEALED) else "; end it first"
    who = sorted(earlier.nodes & later.nodes) if earlier.nodes and later.nodes else []
    on = f" on {_shown(who[0])}" if who else ""
    message = (
        f"found {later.fault.action.name} at {written_duration(later.start)} while the "
        f"{earlier.fault.action.name} of {_where(earlier.fault)} is still on{on}{until}{remedy}"
    )
    return (later.fault.index, later.fault.action.name), message


def _shown(item: object) -> str:
    return " to ".join(item) if isinstance(item, tuple) else str(item)


def _where(fault: Fault) -> str:
    return f"line {fault.line}" if fault.line else f"faults.{fault.index}"


def _restarts(faults: tuple[Fault, ...], context: Context) -> Iterator[Mistake]:
    """Yield each restart before which nothing can have crashed."""
    for fault in faults:
        if not isinstance(fault.action, Restart) or not isinstance(fault.timing, At):
            continue
        if not any(_may_precede(other, fault, context) for other in faults):
            at = written_duration(fault.timing.at_ns)
            yield (fault.index, "restart"), f"found a restart at {at} of what has not crashed before"


def _may_precede(crash: Fault, restart: Fault, context: Context) -> bool:
    """Return whether `crash` may have hit a node of `restart` before it."""
    full_disk = isinstance(crash.action, DiskFault) and crash.action.kind == "full"
    if not isinstance(crash.action, (Crash, Stop)) and not full_disk:
        return False
    assert isinstance(restart.timing, At)
    if isinstance(crash.timing, At) and crash.timing.at_ns > restart.timing.at_ns:
        return False
    crashed, started = _affected(crash, context), _affected(restart, context)
    return crashed is None or started is None or bool(crashed & started)
