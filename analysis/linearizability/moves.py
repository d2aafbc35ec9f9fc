"""Which operation comes next: as few as possible are tried, and never so few that an order is lost.

Any order can be brought into a normal form, in which everything happens as late as it can, and without
what nobody notices. Only orders of that form are tried:

- A write that is followed at once by another write is noticed by nobody. So what a write overwrites
  need not be put in order before it: once a write took place, each blind operation that was called
  before may have taken place just before it ("covered"). It may also still take place later.
- What does not have to be done in this window comes in it only if something of this window sees it,
  directly afterwards; otherwise it could wait.
- Additions to a set commute, so all those come together that the next read to be satisfied asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.linearizability.effects import (
    UNSEEN,
    Add,
    Append,
    Differ,
    Effect,
    Holds,
    Observe,
    State,
    Swap,
    Write,
)
from analysis.linearizability.operations import Operation
from analysis.linearizability.windows import Step, Window


@dataclass(frozen=True, slots=True)
class Place:
    """A configuration, without what it remembers: bits of what is done, used and covered; the state."""

    index: int
    done: int
    covered: int
    used: int
    state: int
    taken: tuple[Operation, ...] = ()  # what was put in order to come here
    is_write: bool = False  # what was taken overwrites everything
    behind: Operation | None = None  # that took place just before the last write


Apply = Callable[[int, int], int]
"""State and letter -> state, -1 if that is illegal there."""


class View:
    """What `Moves` asks of a window: of what kind it is, and who would see a state there."""

    __slots__ = ("_differs", "_doubtful_seers", "_seers", "additions", "registers", "writes")

    def __init__(self, window: Window) -> None:
        effects = tuple(window.effects())
        self.registers = all(isinstance(effect, Write | Swap) for effect in effects)
        self.writes = any(isinstance(effect, Write) for effect in effects)
        self.additions = bool(effects) and all(isinstance(effect, Add) for effect in effects)
        self._seers: dict[State, int] = {}
        self._doubtful_seers: dict[State, int] = {}
        self._differs: list[tuple[int, State]] = []
        for step in (*window.pures, *window.movers):
            self._note(step.effect, step.bit)
        for each, called in window.doubtful:
            if isinstance(each.effect, Swap):
                mask = sum(bit for bit, _ in each.members[:called])
                self._doubtful_seers[each.effect.old] = self._doubtful_seers.get(each.effect.old, 0) | mask

    def _note(self, effect: Effect, bit: int) -> None:
        if isinstance(effect, Observe):
            self._seers[effect.value] = self._seers.get(effect.value, 0) | bit
        elif isinstance(effect, Swap):
            self._seers[effect.old] = self._seers.get(effect.old, 0) | bit
        elif isinstance(effect, Differ):
            self._differs.append((bit, effect.value))

    def sees(self, state: State, done: int, used: int) -> bool:
        """Return whether something that is not done needs this state, or needs it not to be another."""
        if self._seers.get(state, 0) & ~done or self._doubtful_seers.get(state, 0) & ~used:
            return True
        return any(bit & ~done and state != value for bit, value in self._differs)


class Moves:
    """Finds what may come next."""

    def __init__(self, windows: Sequence[Window], apply: Apply, states: Sequence[State]) -> None:
        self._windows = windows
        self._apply = apply
        self._states = states
        self._views: dict[int, View] = {}

    def after(self, place: Place) -> Iterator[Place]:
        """Yield where one more operation leads, or one more read of a set with all that it asks for."""
        window = self._windows[place.index]
        view = self._views.get(place.index)
        if view is None:
            view = self._views[place.index] = View(window)
        own = window.own
        if own.optional or place.covered & own.bit:
            covered = place.covered & ~own.bit
            behind = None if own.optional else own.operation
            yield Place(place.index + 1, place.done, covered, place.used, place.state, behind=behind)
        if view.additions:
            yield from self._additions(place, window)
        else:
            tried: set[tuple[int, bool]] = set()
            yield from self._steps(place, window, view, tried)
            yield from self._doubtful(place, window, view, tried)

    # One operation ------------------------------------------------------------------------------

    def _steps(
        self, place: Place, window: Window, view: View, tried: set[tuple[int, bool]]
    ) -> Iterator[Place]:
        """Yield where an operation leads that has not returned, the one to return first before others."""
        for step in window.movers:
            if place.done & step.bit:
                continue
            free = step.optional or bool(place.covered & step.bit)
            after = self._apply(place.state, step.letter)
            # One that has to take effect does not stand for one that may, nor the other way round.
            if after < 0 or (step.letter, free) in tried:
                continue
            tried.add((step.letter, free))
            if step is window.own or self._is_timely(place, step, free, after, view):
                yield _with_step(place, window, step, after)

    def _is_timely(self, place: Place, step: Step, free: bool, after: int, view: View) -> bool:
        # A swap that has to take effect may need this state, which a write is about to destroy.
        needs_this_state = view.writes and not free and isinstance(step.effect, Swap)
        return needs_this_state or self._is_called_for(place, step.effect, after, view)

    def _doubtful(
        self, place: Place, window: Window, view: View, tried: set[tuple[int, bool]]
    ) -> Iterator[Place]:
        for doubtful, called in window.doubtful:
            letter = doubtful.letter
            # What has to be done sooner, and does the same, was tried.
            if (letter, False) in tried or (letter, True) in tried:
                continue
            count = (place.used & doubtful.mask).bit_count()
            after = self._apply(place.state, letter) if count < called else -1
            if after < 0 or after == place.state:
                continue
            if self._is_called_for(place, doubtful.effect, after, view):
                bit, operation = doubtful.members[count]
                covered = place.covered | _covered_by(doubtful.effect, window, place.done)
                is_write = isinstance(doubtful.effect, Write)
                yield Place(place.index, place.done, covered, place.used | bit, after, (operation,), is_write)

    def _is_called_for(self, place: Place, effect: Effect, after: int, view: View) -> bool:
        """Return whether something in this window may see what the effect does."""
        state = self._states[after]
        if isinstance(effect, Append):
            # A string that nobody sees can wait until it is overwritten, or has to be appended to.
            return state is not UNSEEN
        return not view.registers or view.sees(state, place.done, place.used)

    # Sets ---------------------------------------------------------------------------------------

    def _additions(self, place: Place, window: Window) -> Iterator[Place]:
        own = window.own
        if not own.effect.pure:
            after = self._apply(place.state, own.letter)
            yield _with_step(place, window, own, after)
            if after == place.state:
                return
        state = self._states[place.state]
        providers = _providers(place, window)
        for missing in dict.fromkeys(_asked_for(place, window, state)):
            if missing <= providers.keys():
                yield self._add(place, [providers[each] for each in providers if each in missing])

    def _add(self, place: Place, chosen: Sequence[Provider]) -> Place:
        done, used, state = place.done, place.used, place.state
        for provider in chosen:
            done |= provider.done
            used |= provider.used
            state = self._apply(state, provider.letter)
        taken = tuple(provider.operation for provider in chosen)
        return Place(place.index, done, place.covered, used, state, taken)


@dataclass(frozen=True, slots=True)
class Provider:
    """An operation that adds an element: the bit that it takes, done or used."""

    letter: int
    operation: Operation
    done: int = 0
    used: int = 0


def _with_step(place: Place, window: Window, step: Step, after: int) -> Place:
    done = place.done | step.bit
    covered = (place.covered | _covered_by(step.effect, window, done)) & ~step.bit
    is_write = isinstance(step.effect, Write)
    return Place(place.index, done, covered, place.used, after, (step.operation,), is_write)


def _covered_by(effect: Effect, window: Window, done: int) -> int:
    return window.blind & ~done if isinstance(effect, Write) else 0


def _asked_for(place: Place, window: Window, state: Any) -> Iterator[frozenset[State]]:
    """Yield for each read that is not done what would have to be added to satisfy it."""
    for step in window.pures:
        effect = step.effect
        if place.done & step.bit:
            continue
        if isinstance(effect, Holds) and effect.present:
            yield frozenset((effect.element,))
        elif isinstance(effect, Observe) and isinstance(effect.value, frozenset) and state < effect.value:
            yield effect.value - state


def _providers(place: Place, window: Window) -> dict[State, Provider]:
    """Return who can add which element; who has to do it at some time comes before who may."""
    found: dict[State, Provider] = {}
    for step in sorted(window.movers, key=lambda step: step.optional):
        if not place.done & step.bit and isinstance(step.effect, Add):
            found.setdefault(step.effect.element, Provider(step.letter, step.operation, done=step.bit))
    for each, called in window.doubtful:
        count = (place.used & each.mask).bit_count()
        if count < called and isinstance(each.effect, Add):
            bit, operation = each.members[count]
            found.setdefault(each.effect.element, Provider(each.letter, operation, used=bit))
    return found
