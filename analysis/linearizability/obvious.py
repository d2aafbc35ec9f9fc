"""Reads of registers that nothing can explain, found without a search.

A value that was read was written before the read returned, and by a write that no other one certainly
followed and preceded the read. That is necessary for an order, and nearly always what a broken history
lacks; to find it takes no longer than to read the history.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from analysis.linearizability.effects import ILLEGAL, Differ, Effect, Observe, State, Swap, Write, target
from analysis.linearizability.operations import Operation
from analysis.linearizability.windows import Step, Windows

Span = tuple[Operation, float]
"""An operation that may have written a value, and its return; what never returned is never over."""


def impossible(windows: Windows) -> int | None:
    """Return the window of the first operation that saw what could not be there; None if there is none.

    Only registers are looked at; None for all others.
    """
    steps = [window.own for window in windows.windows]
    doubtful = {each.letter: each for window in windows.windows for each, _ in window.doubtful}
    effects = (*(step.effect for step in steps), *(each.effect for each in doubtful.values()))
    if not all(isinstance(effect, Write | Observe | Swap | Differ) for effect in effects):
        return None
    spans: dict[State, list[Span]] = {}
    for step in steps:
        _may_write(spans, step.effect, (step.operation, _end(step)))
    for each in doubtful.values():
        for _, operation in each.members:
            _may_write(spans, each.effect, (operation, math.inf))
    return _first(steps, spans, windows.initial)


def _may_write(spans: dict[State, list[Span]], effect: Effect, span: Span) -> None:
    if isinstance(effect, Write | Swap):
        spans.setdefault(effect.value if isinstance(effect, Write) else effect.new, []).append(span)


def _first(steps: Sequence[Step], spans: dict[State, list[Span]], initial: State) -> int | None:
    certain = sorted((_end(step), step.operation.call) for step in steps if _surely_writes(step))
    ends = [end for end, _ in certain]
    latest = list(accumulate((call for _, call in certain), max))
    for index, step in enumerate(steps):
        value = target(step.effect)
        if value is ILLEGAL or step.optional:
            continue
        before = bisect_left(ends, step.operation.call)  # writes that were over when it was called
        overwritten = latest[before - 1] if before else -math.inf
        begun = initial == value and not before
        if not begun and not _any_left(spans.get(value, ()), step, overwritten):
            return index
    return None


def _any_left(spans: Iterable[Span], reader: Step, overwritten: float) -> bool:
    """Return whether a write began before the read returned, and was not over before it was overwritten.

    An operation does not explain what it saw itself: one that swaps a value for the same one.
    """
    own, own_end = reader.operation, _end(reader)
    return any(write.call <= own_end and end >= overwritten and write is not own for write, end in spans)


def _surely_writes(step: Step) -> bool:
    return not step.optional and isinstance(step.effect, Write | Swap)


def _end(step: Step) -> float:
    end = step.operation.end
    return math.inf if end is None else end
