"""What an operation does to an object: a state in, a state or `ILLEGAL` out.

Operations with equal effects are interchangeable, which the search makes use of.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final

State = Hashable


class Illegal(Enum):
    """The result of an operation that cannot happen in a state."""

    ILLEGAL = "illegal"


ILLEGAL: Final = Illegal.ILLEGAL


class Unseen(Enum):
    """Stands for all states that no operation of a history sees, or tells from another such state."""

    UNSEEN = "unseen"


UNSEEN: Final = Unseen.UNSEEN


class Effect:
    """Base of the effects.

    `grows`: it adds to what was there. `blind`: it is legal in every state.
    """

    __slots__ = ()
    grows: ClassVar[bool] = False
    blind: ClassVar[bool] = False

    @property
    def pure(self) -> bool:
        """Whether it never changes a state in which it is legal."""
        return False

    def apply(self, state: Any) -> State | Illegal:
        """Return the state after it, or `ILLEGAL` if its result cannot come about in `state`."""
        raise TypeError(f"{type(self).__name__} has no apply")

    def leads_to(self, value: State) -> bool:
        """Return whether `value` can be the state after it and others that grow, whatever was before."""
        return not self.pure


class _Pure(Effect):
    __slots__ = ()

    @property
    def pure(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Observe(_Pure):
    """The whole state was seen."""

    value: State

    def apply(self, state: Any) -> State | Illegal:
        """Return the state, if it is what was seen."""
        return state if state == self.value else ILLEGAL


@dataclass(frozen=True, slots=True)
class Differ(_Pure):
    """The state was seen to be another one: a compare-and-set that failed."""

    value: State

    def apply(self, state: Any) -> State | Illegal:
        """Return the state, if it is not the one that was hoped for."""
        return ILLEGAL if state == self.value else state


@dataclass(frozen=True, slots=True)
class Holds(_Pure):
    """An element was seen to be in a set, or not to be."""

    element: State
    present: bool

    def apply(self, state: Any) -> State | Illegal:
        """Return the state, if it is so."""
        return state if (self.element in state) is self.present else ILLEGAL


@dataclass(frozen=True, slots=True)
class Write(Effect):
    """The state becomes `value`."""

    value: State
    blind: ClassVar[bool] = True

    def apply(self, state: Any) -> State | Illegal:
        """Return the value written."""
        return self.value

    def leads_to(self, value: State) -> bool:
        """Return whether what it writes can grow into `value`."""
        return can_grow_into(self.value, value)


@dataclass(frozen=True, slots=True)
class Swap(Effect):
    """The state was `old` and becomes `new`: a compare-and-set that succeeded."""

    old: State
    new: State

    @property
    def pure(self) -> bool:
        """Whether it set what was there before."""
        return self.old == self.new

    def apply(self, state: Any) -> State | Illegal:
        """Return the new state, if the old one is as expected."""
        return self.new if state == self.old else ILLEGAL

    def leads_to(self, value: State) -> bool:
        """Return whether `value` is the new state."""
        return self.new == value


@dataclass(frozen=True, slots=True)
class Append(Effect):
    """The state, a string, is continued."""

    text: str
    grows: ClassVar[bool] = True
    blind: ClassVar[bool] = True

    def apply(self, state: Any) -> State | Illegal:
        """Return the longer string; of one that nobody sees, nobody sees the longer one."""
        return state if state is UNSEEN else str(state) + self.text

    def leads_to(self, value: State) -> bool:
        """Return False: it leads to what the state can grow into, and to nothing else."""
        return False


@dataclass(frozen=True, slots=True)
class Add(Effect):
    """An element is in the set afterwards."""

    element: State
    grows: ClassVar[bool] = True
    blind: ClassVar[bool] = True

    def apply(self, state: Any) -> State | Illegal:
        """Return the set with the element."""
        return frozenset((*state, self.element))

    def leads_to(self, value: State) -> bool:
        """Return False: it leads to what the state can grow into, and to nothing else."""
        return False


@dataclass(frozen=True, slots=True)
class Remove(Effect):
    """An element is not in the set afterwards."""

    element: State
    blind: ClassVar[bool] = True

    def apply(self, state: Any) -> State | Illegal:
        """Return the set without the element."""
        return frozenset(element for element in state if element != self.element)


def target(effect: Effect) -> State | Illegal:
    """Return the only state in which the effect is legal, `ILLEGAL` if there may be several."""
    if isinstance(effect, Observe):
        return effect.value
    return effect.old if isinstance(effect, Swap) else ILLEGAL


def can_grow_into(state: Any, value: Any) -> bool:
    """Return whether nothing, or effects that grow, may lead from `state` to `value`."""
    if isinstance(state, str) and isinstance(value, str):
        return value.startswith(state)
    if isinstance(state, frozenset) and isinstance(value, frozenset):
        return state <= value
    return bool(state == value)
