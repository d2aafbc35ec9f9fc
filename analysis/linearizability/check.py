"""Whether a history is linearizable, and if not, what cannot be put in order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from analysis.linearizability.budget import Budget, Meter, OutOfBudget
from analysis.linearizability.effects import UNSEEN
from analysis.linearizability.models import Model, model_named
from analysis.linearizability.obvious import impossible
from analysis.linearizability.operations import PORCUPINE, Conventions, History, Operation, partition
from analysis.linearizability.search import Found, Search
from analysis.linearizability.windows import Window, Windows, windows_of

Verdict = Literal["linearizable", "not", "unknown"]
UNLIMITED: Final = Budget()


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where a history stops being linearizable.

    Without the return of `operation` there is an order of everything that returned before it: `prefix`
    is one. With that return there is none, whichever of the `concurrent` operations (called before it,
    and not returned) come first. `states`: what the object may hold before it, not all of that: only
    what the search had to try. `certain`: false if the budget ran out before it was clear that what
    happened up to this return, and not only the whole, has no order.
    """

    key: Hashable
    operation: Operation
    concurrent: tuple[Operation, ...]
    prefix: tuple[Operation, ...]
    states: tuple[Hashable, ...]
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one history.

    `reason`: of an unknown verdict, "time" or "memory", whichever ran out first, otherwise "".
    `configurations`: how many the search visited. `stuck`: of the object that is not linearizable.
    `orders`: of a linearizable history, by key, an order that explains every result.
    """

    verdict: Verdict
    configurations: int
    reason: str = ""
    stuck: Stuck | None = None
    orders: tuple[tuple[Hashable, tuple[Operation, ...]], ...] = ()


def check(
    history: History,
    conventions: Conventions = PORCUPINE,
    budget: Budget = UNLIMITED,
    model: str | None = None,
) -> Check:
    """Return whether the history is linearizable; `model` replaces its own.

    The verdict is "unknown" when the budget runs out before either answer is certain.

    Raises:
        HistoryError: the model does not exist, or does not have these operations.
    """
    meter = Meter(budget)
    chosen = model_named(history.model if model is None else model)
    objects = [
        (key, _windows(operations, chosen, history, conventions))
        for key, operations in partition(history.operations).items()
    ]
    # The short ones first: one that fails decides, and a long one may use the budget up.
    objects.sort(key=lambda item: len(item[1].windows))
    return _check(objects, meter)


def _windows(
    operations: Sequence[Operation], model: Model, history: History, conventions: Conventions
) -> Windows:
    return windows_of(operations, model, history.initial, conventions)


def _check(objects: Sequence[tuple[Hashable, Windows]], meter: Meter) -> Check:
    reason = ""
    orders = []
    for key, windows in objects:
        search = Search(windows, meter)
        place = impossible(windows)
        try:
            found = search.run() if place is None else Found(False, place, (), (), False)
        except OutOfBudget as over:
            reason = reason or over.reason
            continue
        if not found.ok:
            stuck = _stuck(key, windows, search, found)
            return Check("not", meter.configurations, stuck=stuck)
        orders.append((key, found.order))
    if reason:
        return Check("unknown", meter.configurations, reason)
    return Check("linearizable", meter.configurations, orders=tuple(orders))


def _stuck(key: Hashable, windows: Windows, search: Search, found: Found) -> Stuck:
    """Return where the object's history stops being linearizable.

    The first search is no judge of that where it gave up configurations for what comes later. So
    longer and longer beginnings are tried, until one has no order.
    """
    goal = found.reached
    before = Found(True, goal, (), (), False)
    certain = True
    try:
        before = search.run(goal)
        if not before.ok:  # what was obvious later on was not the first
            goal, found = before.reached, before
            before = search.run(goal)
        if found.cut:
            while (found := search.run(goal + 1)).ok:
                goal, before = goal + 1, found
    except OutOfBudget:
        certain = False
    window = windows.windows[goal]
    # What was obvious was found without a search, which would know more states than this one.
    states = found.states if found.reached == goal and found.states else before.states
    # The search does not tell states apart that nobody sees; one of them is that after the prefix.
    last = windows.replay(before.order) if before.states else UNSEEN
    shown = dict.fromkeys(last if state is UNSEEN else state for state in states)
    shown.pop(UNSEEN, None)
    return Stuck(key, window.own.operation, _concurrent(window), before.order, tuple(shown), certain)


def _concurrent(window: Window) -> tuple[Operation, ...]:
    steps = [step.operation for step in (*window.pures, *window.movers) if step is not window.own]
    doubtful = [member for each, called in window.doubtful for _, member in each.members[:called]]
    return tuple(sorted([*steps, *doubtful], key=lambda operation: operation.call))
