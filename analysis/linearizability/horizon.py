"""Which states matter: those that an operation of the history sees, or can tell from others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from analysis.linearizability.effects import (
    ILLEGAL,
    UNSEEN,
    Append,
    Differ,
    Effect,
    Observe,
    State,
    Swap,
    Write,
    target,
)


class Horizon:
    """Merges the states that no operation tells apart, so that they are searched once.

    A value of a register matters if an operation names it. A string matters as long as it is the
    beginning of one that was seen: appending makes nothing else of it. Sets are left as they are.
    """

    def __init__(self, letters: Sequence[Effect]) -> None:
        self._strings = any(isinstance(effect, Append) for effect in letters)
        self._values = all(isinstance(effect, Write | Swap | Append | Observe | Differ) for effect in letters)
        named = [*map(target, letters), *(each.value for each in letters if isinstance(each, Differ))]
        self._named = {value for value in named if value is not ILLEGAL}
        self._texts = sorted(value for value in self._named if isinstance(value, str))

    def of(self, state: State) -> State:
        """Return the state, or `UNSEEN` if it does not matter which of those it is."""
        return state if not self._values or self._matters(state) else UNSEEN

    def _matters(self, state: State) -> bool:
        if not self._strings or not isinstance(state, str):
            return state in self._named
        index = bisect_left(self._texts, state)
        return index < len(self._texts) and self._texts[index].startswith(state)
