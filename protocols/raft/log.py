"""The replicated log: indices from 1, the beginning possibly replaced by a snapshot (Raft §7)."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.api import Entry


class Log:
    """Entries snapshot_index + 1 ... last_index; implements `protocols.api.ReplicatedLog`.

    `snapshot_index` and `snapshot_term` are those of the last entry that the snapshot covers, 0 and 0
    without one, so that the empty log needs no special case: it agrees with every other one at 0.
    """

    __slots__ = ("_entries", "first_index", "last_index", "last_term", "snapshot_index", "snapshot_term")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.snapshot_index = 0
        self.snapshot_term = 0
        # Attributes, not properties: every heartbeat reads the last ones on every server. The first index
        # is that of the oldest entry still there; `last_index + 1` when there is none.
        self.first_index = 1
        self.last_index = 0
        self.last_term = 0

    def entry(self, index: int) -> Entry:
        """Return the entry at `index`.

        Raises:
            IndexError: it is covered by the snapshot, or not there yet.
        """
        offset = index - self.first_index
        if offset < 0:
            raise IndexError(f"entry {index} is covered by the snapshot up to {self.snapshot_index}")
        return self._entries[offset]

    def term_at(self, index: int) -> int:
        """Return the term of the entry at `index`, which may also be the last one in the snapshot."""
        if index > self.snapshot_index:
            return self._entries[index - self.first_index].epoch
        if index == self.snapshot_index:
            return self.snapshot_term
        return self.entry(index).epoch

    def has(self, index: int, term: int) -> bool:
        """Return whether the log is known to agree with one that has an entry of `term` at `index`."""
        return self.snapshot_index <= index <= self.last_index and self.term_at(index) == term

    def slice(self, first_index: int, last_index: int) -> tuple[Entry, ...]:
        """Return the entries from `first_index` to `last_index`, both included, as far as they are there."""
        start, stop = first_index - self.first_index, last_index - self.snapshot_index
        if 0 <= start < stop:
            return tuple(self._entries[start:stop])
        return tuple(self._entries[: max(stop, 0)]) if start < 0 else ()

    def first_index_of_term_at(self, index: int) -> int:
        """Return the oldest index that is still there and has the same term as `index`, a last one."""
        term = self.term_at(index)
        while index > self.first_index and self.term_at(index - 1) == term:
            index -= 1
        return index

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries, at least one, at the end."""
        self._entries += entries
        self.last_index += len(entries)
        self.last_term = entries[-1].epoch

    def truncate_from(self, index: int) -> None:
        """Remove the entry at `index`, first_index <= index, and all that follow it."""
        del self._entries[index - self.first_index :]
        self.last_index = index - 1
        self.last_term = self.term_at(index - 1)

    def compact(self, index: int, term: int) -> None:
        """Let a snapshot replace the entries up to `index`, whose last one has that `term`.

        What follows is kept if the log has that very entry, since it then agrees with the snapshot;
        otherwise nothing is (Raft Figure 13, receiver 6 and 7).
        """
        if self.has(index, term):
            del self._entries[: index - self.snapshot_index]
        else:
            self._entries.clear()
            self.last_index, self.last_term = index, term
        self.snapshot_index, self.snapshot_term = index, term
        self.first_index = index + 1

    def copy(self) -> Log:
        """Return an independent copy; the entries themselves are shared, since nobody changes them."""
        other = Log()
        other._entries = self._entries.copy()
        other.snapshot_index, other.snapshot_term = self.snapshot_index, self.snapshot_term
        other.first_index = self.first_index
        other.last_index, other.last_term = self.last_index, self.last_term
        return other
