"""The search for an order: depth first, never twice into the same configuration.

A configuration is what has been put in order and the state that this led to (Lowe). Whether it can
be completed depends on nothing else, so that one which failed need not be tried again. On top of that,
none of which loses an order if there is one:

- Operations are put in order just in time: when the next return demands it (Lowe, "just-in-time
  linearization"). So the furthest return reached is the end of the longest linearizable prefix.
- What is legal now and never changes a state is put in order at once: wherever else it would stand,
  it can be moved here, and nobody notices.
- A configuration fails if one failed that had used less of the doubtful operations, and had not more
  writes that still must take place visibly.
- A state fails from which nothing leads to what is seen next.
- Of the next operations only some are tried (`analysis.linearizability.moves`).

Where many operations always overlap, the time to find an order has a heavy tail: one wrong turn near the
beginning may cost everything. So the search begins anew after a while, takes other turns, and goes
further each time (Gomes, Selman and Kautz, "Boosting combinatorial search through randomization",
AAAI 1998). To show that there is no order takes at most twice as long.

Source: Wing and Gong, "Testing and verifying concurrent objects" (JPDC 1993); Lowe, "Testing for
linearizability" (Concurrency and Computation 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from analysis.linearizability.budget import Meter
from analysis.linearizability.effects import ILLEGAL, State
from analysis.linearizability.horizon import Horizon
from analysis.linearizability.moves import Moves, Place
from analysis.linearizability.operations import Operation
from analysis.linearizability.routes import Routes
from analysis.linearizability.windows import Windows

TIME_CHECK: Final = 0x7F
"""The clock is looked at once in so many configurations, plus one."""
FIRST_ATTEMPT: Final = 4000
"""After so many configurations the search begins anew; each attempt may visit twice as many."""
_WORD: Final = (1 << 64) - 1
_THREE_TENTHS: Final = int(0.3 * (1 << 64))


@dataclass(frozen=True, slots=True)
class Found:
    """How far the search came.

    `reached` is the number of windows that could be left; `order` an order of everything before that
    window, if it was the goal, otherwise empty. `states`: that after the order, or all before the
    window that cannot be left, in the order found. `cut`: configurations were given up for what comes
    after their window.
    """

    ok: bool
    reached: int
    order: tuple[Operation, ...]
    states: tuple[State, ...]
    cut: bool


@dataclass(slots=True)
class _Frame:
    """A configuration on the way: how it was come by, what was then put in order, and what is left to try."""

    place: Place
    seen: list[Operation] = field(default_factory=list)
    moves: list[Place] = field(default_factory=list)


class Search:
    """Searches one object's history; states and transitions are found once and kept as numbers."""

    def __init__(self, windows: Windows, meter: Meter) -> None:
        self._letters = windows.letters
        self._windows = windows.windows
        self._routes = Routes(windows)
        self._meter = meter
        self._states: list[State] = []
        self._numbers: dict[State, int] = {}
        self._table: list[dict[int, int]] = []  # by state, letter -> state, -1 if illegal
        self._moves = Moves(self._windows, self._step, self._states)
        self._horizon = Horizon(windows.letters)
        self._initial = self._number(self._horizon.of(windows.initial))
        self._goal = 0
        self._attempt = 0
        self._reached = -1
        self._reached_in: dict[int, None] = {}  # the states, in order
        self._cut = False
        self._failed: dict[tuple[int, int, int], int | list[int]] = {}

    def run(self, goal: int | None = None) -> Found:
        """Return whether the first `goal` returns can be explained, all of them if None.

        Operations that return later may be put in order or not.

        Raises:
            OutOfBudget: the search could not be finished.
        """
        self._goal = len(self._windows) if goal is None else goal
        self._attempt = 0
        while (found := self._try(FIRST_ATTEMPT << self._attempt)) is None:
            self._attempt += 1
        return found

    def _try(self, limit: int) -> Found | None:
        """Search from the beginning; None if more than `limit` configurations were not enough."""
        self._reached = -1
        self._cut = False
        self._failed = {}
        self._meter.restart()
        frames: list[_Frame] = []
        place: Place | None = Place(0, 0, 0, 0, self._initial)
        while place is not None:
            frames.append(self._enter(place))
            if self._reached == self._goal:
                return Found(True, self._goal, _order(frames), (self._states[place.state],), False)
            if self._meter.kept > limit:
                return None
            place = _next(frames)
        states = tuple(self._states[number] for number in self._reached_in)
        return Found(False, self._reached, (), states, self._cut)

    def _turns(self) -> bool:
        """Return whether to try the second move first: never at first, then in three of ten cases.

        Multiplicative hashing (Knuth, TAOCP 3, §6.4): the same history is searched the same way.
        """
        mixed = (self._meter.kept * 0x9E3779B97F4A7C15 + self._attempt * 0xD1B54A32D192ED03) & _WORD
        return self._attempt > 0 and (mixed * 0x94D049BB133111EB & _WORD) < _THREE_TENTHS

    # States -------------------------------------------------------------------------------------

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
            self._table.append({})
        return number

    def _step(self, state: int, letter: int) -> int:
        row = self._table[state]
        after = row.get(letter)
        if after is None:
            result = self._letters[letter].apply(self._states[state])
            after = row[letter] = -1 if result is ILLEGAL else self._number(self._horizon.of(result))
        return after

    # Configurations -----------------------------------------------------------------------------

    def _enter(self, place: Place) -> _Frame:
        """Return the configuration that a place is part of, without moves if it is known to fail."""
        frame = _Frame(place)
        place = self._settle(place, frame.seen)
        self._note(place)
        if place.index < self._goal and not self._is_hopeless(place) and self._is_new(place):
            frame.moves = [*self._moves.after(place)]
            frame.moves.reverse()
            if len(frame.moves) > 1 and self._turns():
                frame.moves[-2:] = reversed(frame.moves[-2:])
        return frame

    def _settle(self, place: Place, seen: list[Operation]) -> Place:
        """Put in order what sees this state, and leave the windows whose own operation is in order."""
        index, done, covered, state = place.index, place.done, place.covered, place.state
        row = self._table[state]
        while index < self._goal:
            window = self._windows[index]
            for step in window.pures:
                if not done & step.bit:
                    after = row.get(step.letter)
                    if after is None:
                        after = self._step(state, step.letter)
                    if after >= 0:
                        done |= step.bit
                        seen.append(step.operation)
            own = window.own.bit
            if not done & own:
                break
            done ^= own
            covered &= ~own
            index += 1
        return Place(index, done, covered, place.used, state)

    def _note(self, place: Place) -> None:
        if place.index > self._reached:
            self._reached = place.index
            self._reached_in.clear()
        if place.index == self._reached:
            self._reached_in[place.state] = None

    def _is_hopeless(self, place: Place) -> bool:
        route = self._routes.next(place.index, place.done, self._goal)
        if route is None or route.is_open(self._states[place.state], place.done, place.used):
            return False
        self._cut |= route.index > place.index
        return True

    def _is_new(self, place: Place) -> bool:
        """Remember the configuration; return whether none is known that was as good or better."""
        key = (place.index, place.done, place.state)
        # Less of this is better: doubtful operations used up, and writes that have not been overwritten.
        spent = place.used | (self._windows[place.index].blind & ~place.done & ~place.covered)
        known = self._failed.get(key)
        if known is None:
            self._failed[key] = spent
        elif isinstance(known, int):
            if known & spent == known:
                return False
            self._failed[key] = [known, spent]
        else:
            for each in known:
                if each & spent == each:
                    return False
            known.append(spent)
        self._meter.keep()
        if not self._meter.kept & TIME_CHECK:
            self._meter.check_time()
        return True


def _next(frames: list[_Frame]) -> Place | None:
    """Go back to the last configuration with something left to try; return that, None if there is none."""
    while frames and not frames[-1].moves:
        frames.pop()
    return frames[-1].moves.pop() if frames else None


def _order(frames: list[_Frame]) -> tuple[Operation, ...]:
    order: list[Operation] = []
    last_write = 0
    for frame in frames:
        if frame.place.behind is not None:
            order.insert(last_write, frame.place.behind)
            last_write += 1
        if frame.place.is_write:
            last_write = len(order)
        order += frame.place.taken
        order += frame.seen
    return tuple(order)
