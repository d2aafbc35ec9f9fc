"""A history of one object as the search sees it: what may come next before each return.

Lowe keeps calls and returns in a linked list, and lifts out what was put in order; what may come next is
what stands before the first return that is left. That return alone decides who stands there, so here
the candidates are listed once per return, and a configuration names the return instead of a list. Its
bitset is as wide as operations overlap, not as the history is long: the bit of what has returned is
given to what is called next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from analysis.linearizability.effects import ILLEGAL, Effect, Illegal, State, target
from analysis.linearizability.models import Model, initial_state
from analysis.linearizability.operations import Conventions, HistoryError, Operation


@dataclass(frozen=True, slots=True)
class Step:
    """An operation that takes effect before it returns. `letter`: equal effects have equal ones."""

    operation: Operation
    effect: Effect
    letter: int
    bit: int
    end: int
    optional: bool  # it may also have no effect


@dataclass(slots=True)
class Doubtful:
    """Operations with one effect, each of which takes place at any time after its call, or never.

    They are interchangeable: who takes the one that was called first leaves most to choose from.
    """

    effect: Effect
    letter: int
    mask: int = 0  # the bits of all members
    members: list[tuple[int, Operation]] = field(default_factory=list)  # bits, in order of call


@dataclass(frozen=True, slots=True)
class Window:
    """What may be put in order next while `own` is the first operation that has to be.

    `movers` and `pures` were called and have not returned before; movers may change the state, pures
    do not. `doubtful` says how many members of each were called. `wanted` is the state that `own`
    needs (ILLEGAL: it is not so choosy), `blind` are the bits of the movers that are legal everywhere,
    `entered` the effects of what was called since the window before.
    """

    own: Step
    pures: tuple[Step, ...]
    movers: tuple[Step, ...]
    doubtful: tuple[tuple[Doubtful, int], ...]
    wanted: State | Illegal
    blind: int
    entered: tuple[Effect, ...]

    def effects(self) -> Iterator[Effect]:
        """Yield the effects of all that may change the state here."""
        yield from (step.effect for step in self.movers)
        yield from (each.effect for each, _ in self.doubtful)


@dataclass(frozen=True, slots=True)
class Windows:
    """One object's whole history: a window per return, in order. `letters` are the effects by number."""

    initial: State
    letters: tuple[Effect, ...]
    windows: tuple[Window, ...]
    model: Model
    conventions: Conventions

    def replay(self, order: Sequence[Operation]) -> State | Illegal:
        """Return the state after these operations, one by one; `ILLEGAL` if one cannot come there."""
        state: State | Illegal = self.initial
        for operation in order:
            effect = effect_of(operation, self.model, self.conventions)
            if effect is not None and state is not ILLEGAL:
                state = effect.apply(state)
        return state


def windows_of(
    operations: Sequence[Operation], model: Model, initial: object, conventions: Conventions
) -> Windows:
    """Return the windows of one object's operations.

    A call at the instant of a return counts as before it: the two overlap, since intervals are closed.

    Raises:
        HistoryError: an operation is not one of the model's, or ends before it begins.
    """
    sweep = _Sweep(conventions.unknown == "interval")
    for operation in operations:
        effect = effect_of(operation, model, conventions)
        if effect is not None:
            sweep.add(operation, effect)
    windows = tuple(sweep.windows())
    state = initial_state(model, initial, conventions)
    return Windows(state, tuple(sweep.letters), windows, model, conventions)


def effect_of(operation: Operation, model: Model, conventions: Conventions) -> Effect | None:
    """Return what an operation does, None if nothing that matters; HistoryError if it makes no sense."""
    if operation.end is None and operation.status in ("ok", "unknown"):
        raise HistoryError(f"end: found null, expected a position, since status is {operation.status!r}")
    if operation.end is not None and operation.end < operation.call:
        raise HistoryError(f"end: found {operation.end}, expected at least call, {operation.call}")
    return model.effect(operation, conventions)


class _Sweep:
    """Goes over calls and returns in order of time."""

    def __init__(self, unknown_ends: bool) -> None:
        self._unknown_ends = unknown_ends
        self.letters: dict[Effect, int] = {}
        self._events: list[tuple[int, bool, int]] = []  # when, whether it is a return, who
        self._operations: list[tuple[Operation, Effect]] = []
        self._called: dict[int, Step] = {}  # and not returned
        self._doubtful: dict[int, Doubtful] = {}
        self._entered: list[Effect] = []
        self._free: list[int] = []
        self._bits = 0  # shared by steps and doubtful operations, which never give theirs back

    def add(self, operation: Operation, effect: Effect) -> None:
        """Take part in the sweep."""
        ends = operation.status == "ok" or (operation.status == "unknown" and self._unknown_ends)
        if effect.pure and operation.status != "ok":
            return  # Whether it took place or not makes no difference.
        number = len(self._operations)
        self._operations.append((operation, effect))
        self._events.append((operation.call, False, number))
        if ends and operation.end is not None:
            self._events.append((operation.end, True, number))

    def windows(self) -> Iterator[Window]:
        """Yield a window per return."""
        ends = {number: at for at, is_return, number in self._events if is_return}
        for _, is_return, number in sorted(self._events):
            if is_return:
                yield self._window(self._called[number])
                heappush(self._free, self._called.pop(number).bit)
            elif number in ends:
                self._call(number, ends[number])
            else:
                self._doubt(*self._operations[number])

    def _letter(self, effect: Effect) -> int:
        return self.letters.setdefault(effect, len(self.letters))

    def _bit(self) -> int:
        self._bits += 1
        return 1 << (self._bits - 1)

    def _call(self, number: int, end: int) -> None:
        operation, effect = self._operations[number]
        bit = heappop(self._free) if self._free else self._bit()
        optional = operation.status != "ok"
        self._called[number] = Step(operation, effect, self._letter(effect), bit, end, optional)
        self._entered.append(effect)

    def _doubt(self, operation: Operation, effect: Effect) -> None:
        letter = self._letter(effect)
        doubtful = self._doubtful.setdefault(letter, Doubtful(effect, letter))
        bit = self._bit()
        doubtful.mask |= bit
        doubtful.members.append((bit, operation))
        self._entered.append(effect)

    def _window(self, own: Step) -> Window:
        # Those that return at the same instant stand in the order of their windows.
        steps = [step for _, step in sorted(self._called.items(), key=lambda item: (item[1].end, item[0]))]
        entered = tuple(self._entered)
        self._entered.clear()
        return Window(
            own,
            pures=tuple(step for step in steps if step.effect.pure),
            movers=tuple(step for step in steps if not step.effect.pure),
            doubtful=tuple((each, len(each.members)) for each in self._doubtful.values()),
            wanted=ILLEGAL if own.optional else target(own.effect),
            blind=sum(step.bit for step in steps if step.effect.blind),
            entered=entered,
        )
