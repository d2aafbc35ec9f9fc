"""A server's history: transactions in the order of their zxids, at indices from 1."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from protocols.api import Entry, record
from protocols.zookeeper.messages import epoch_of


@record
class Txn:
    """A transaction: what a client of a session (0: none) asked for under `xid`.

    Source: "A simple totally ordered broadcast protocol", Reed and Junqueira, 2008 (zxid).
    """

    zxid: int
    session: int
    xid: int
    operation: Any  # a tuple, or a `protocols.api.Request`


class TxnLog:
    """Transactions base_index + 1 ... last_index; implements `protocols.api.ReplicatedLog`."""

    __slots__ = ("_entries", "_zxids", "base_index", "base_zxid")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._zxids: list[int] = []
        self.base_index = 0  # what a snapshot covers
        self.base_zxid = 0

    @property
    def first_index(self) -> int:
        """Index of the oldest transaction still there."""
        return self.base_index + 1

    @property
    def last_index(self) -> int:
        """Index of the newest transaction, or of the snapshot."""
        return self.base_index + len(self._entries)

    @property
    def last_zxid(self) -> int:
        """The newest transaction, or the snapshot's."""
        return self._zxids[-1] if self._zxids else self.base_zxid

    def entry(self, index: int) -> Entry:
        """Return the entry at `index`, first_index <= index <= last_index."""
        return self._entries[index - self.base_index - 1]

    def epoch_at(self, index: int) -> int:
        """Return the epoch of the entry there, which may be the snapshot's last one."""
        return epoch_of(self.base_zxid) if index == self.base_index else self.entry(index).epoch

    def slice(self, first_index: int, last_index: int) -> tuple[Entry, ...]:
        """Return the entries from first to last, both included."""
        return tuple(self._entries[first_index - self.base_index - 1 : last_index - self.base_index])

    def index_up_to(self, zxid: int) -> int:
        """Return the index of the newest transaction whose zxid is at most `zxid`."""
        return self.base_index + bisect_right(self._zxids, zxid)

    def zxid_at(self, index: int) -> int:
        """Return the zxid at `index`, base_index <= index <= last_index."""
        return self.base_zxid if index == self.base_index else self._zxids[index - self.base_index - 1]

    def append(self, entries: Sequence[Entry]) -> None:
        """Add transactions at the end."""
        self._entries += entries
        self._zxids += [entry.command.zxid for entry in entries]

    def truncate_from(self, index: int) -> None:
        """Remove the transaction at `index`, and all that follow it."""
        del self._entries[index - self.base_index - 1 :]
        del self._zxids[index - self.base_index - 1 :]

    def reset(self, index: int, zxid: int) -> None:
        """Let a snapshot replace everything."""
        self._entries.clear()
        self._zxids.clear()
        self.base_index, self.base_zxid = index, zxid

    def copy(self) -> TxnLog:
        """Return an independent copy; the entries are shared, since nobody changes them."""
        other = TxnLog()
        other._entries, other._zxids = self._entries.copy(), self._zxids.copy()
        other.base_index, other.base_zxid = self.base_index, self.base_zxid
        return other
