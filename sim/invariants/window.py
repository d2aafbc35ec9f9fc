"""What is remembered about a range of log indices, in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

from protocols.api import Entry

RETAINED_MAX = 20_000
"""At most so many indices are kept, however far behind the slowest server is.

What fell out of the window is no longer compared: a server that was down for longer than this many
entries is checked from the window's first index on.
"""

RETAINED_MIN = 1_024
"""The newest indices are kept even when every server is past them, for servers that restart."""

PRUNE_EVERY = 1_024

T = TypeVar("T")


class Window(Generic[T]):
    """Items by log index, from `first` on; what is older was forgotten and is never taken back.

    `items` may be read directly, which is the fast path of the checkers, but only `put` writes.
    """

    __slots__ = ("first", "items", "last", "prune_at")

    def __init__(self) -> None:
        self.items: dict[int, T] = {}
        self.first = 1
        self.last = 0
        self.prune_at = RETAINED_MIN + PRUNE_EVERY

    def put(self, index: int, item: T) -> bool:
        """Remember `item` at `index`; return whether `prune` should be called now."""
        if index < self.first:
            return False
        self.items[index] = item
        if index > self.last:
            self.last = index
        return self.last >= self.prune_at

    def prune(self, slowest: int) -> None:
        """Forget what lies below both the index `slowest` and the newest `RETAINED_MIN` items."""
        newest = min(slowest + 1, self.last - RETAINED_MIN + 1)
        self.first = max(self.first, newest, self.last - (RETAINED_MAX - PRUNE_EVERY) + 1)
        for index in [index for index in self.items if index < self.first]:
            del self.items[index]
        self.prune_at = self.last + PRUNE_EVERY


def same_entry(one: Entry, other: Entry) -> bool:
    """Return whether two entries are equal; a copy of an entry is as good as the entry."""
    return one is other or (one.epoch == other.epoch and one.command == other.command)
