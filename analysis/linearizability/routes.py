"""Whether a state can still become what operations to come have seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analysis.linearizability.effects import ILLEGAL, State, can_grow_into
from analysis.linearizability.windows import Window, Windows

DISTANCE_MAX: Final = 500
"""So many windows are looked ahead at most."""


@dataclass(frozen=True, slots=True)
class Route:
    """How an operation that needs the state `wanted` can come about, seen from an earlier window.

    `bit`: of that operation, if it was called by then, otherwise 0. `steps` and `doubtful`: bits of what can
    lead to that state, apart from growing into it. `later`: something that can is called later on.
    """

    index: int  # of the window of that operation
    bit: int
    wanted: State
    steps: int
    doubtful: int
    later: bool

    def is_open(self, state: State, done: int, used: int) -> bool:
        """Return whether the operation may come about after what is done."""
        return bool(
            self.later or self.steps & ~done or self.doubtful & ~used or can_grow_into(state, self.wanted)
        )


class Routes:
    """The routes from each window to the next operations that need one state."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows.windows
        self._next = self._choosy()
        self._known: dict[tuple[int, int], Route] = {}

    def _choosy(self) -> list[int]:
        """Return for each window the next one from it on whose own operation needs one state."""
        following = len(self._windows)
        found = [following]
        for index in range(len(self._windows) - 1, -1, -1):
            following = index if self._windows[index].wanted is not ILLEGAL else following
            found.append(following)
        return found[::-1]

    def next(self, index: int, done: int, goal: int) -> Route | None:
        """Return the route to the first operation before window `goal` that is not done; None: too far."""
        ahead = self._next[index]
        while ahead < goal and ahead - index <= DISTANCE_MAX:
            route = self._known.get((index, ahead))
            if route is None:
                route = self._known[index, ahead] = self._route(index, ahead)
            if not route.bit & done:
                return route
            ahead = self._next[ahead + 1]
        return None

    def _route(self, index: int, ahead: int) -> Route:
        window, goal = self._windows[index], self._windows[ahead]
        wanted = goal.wanted
        assert wanted is not ILLEGAL
        steps = sum(step.bit for step in window.movers if step.effect.leads_to(wanted))
        doubtful = sum(
            bit
            for each, called in window.doubtful
            if each.effect.leads_to(wanted)
            for bit, _ in each.members[:called]
        )
        between = self._windows[index + 1 : ahead + 1]
        later = any(effect.leads_to(wanted) for between_ in between for effect in between_.entered)
        return Route(ahead, _bit_in(window, goal), wanted, steps, doubtful, later)


def _bit_in(window: Window, goal: Window) -> int:
    steps = window.pures if goal.own.effect.pure else window.movers
    return next((step.bit for step in steps if step is goal.own), 0)
