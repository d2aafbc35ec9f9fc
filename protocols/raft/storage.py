"""What a Raft server writes to its disk, and the image that these records add up to.

Raft Figure 2, persistent state: current_term, voted_for and log; with Raft §7 also a snapshot.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, NodeId, record
from protocols.raft.log import Log


@record
class HardState:
    """The current term and the vote in it: one record, since a vote belongs to a term."""

    term: int
    voted_for: NodeId | None


@record
class Appended:
    """Entries that follow the one at `prev_index`, which is the last one."""

    prev_index: int
    entries: tuple[Entry, ...]


@record
class Truncated:
    """The entry at `from_index`, and all that followed, were removed."""

    from_index: int


@record
class SnapshotTaken:
    """The state of the state machine after the entry (last_included_index, last_included_term).

    Written both for a server's own snapshot and for one that its leader sent.
    """

    last_included_index: int
    last_included_term: int
    state: Any


JOURNAL_MAX = 256
"""So many records wait at most to be folded: a log that nobody looks at need not be up to date."""


class RaftStorage:
    """The durable state of one server; implements `protocols.api.Storage`."""

    __slots__ = ("_journal", "_log", "current_term", "snapshot", "voted_for")

    def __init__(self) -> None:
        self.current_term = 0
        self.voted_for: NodeId | None = None
        self.snapshot: SnapshotTaken | None = None
        self._log = Log()
        self._journal: list[Any] = []

    @property
    def log(self) -> Log:
        """The log as far as it is durable."""
        if self._journal:
            self._fold()
        return self._log

    def apply(self, record: Any) -> None:
        """Take one record; entries are folded into the log when somebody looks at it."""
        journal = self._journal
        journal.append(record)
        if record.__class__ is not Appended or len(journal) > JOURNAL_MAX:
            self._fold()

    def _fold(self) -> None:
        journal, self._journal = self._journal, []
        for saved in journal:
            _FOLD[saved.__class__](self, saved)

    def copy(self) -> RaftStorage:
        """Return an independent copy."""
        self._fold()
        other = RaftStorage()
        other.current_term, other.voted_for = self.current_term, self.voted_for
        other._log, other.snapshot = self._log.copy(), self.snapshot
        return other

    def _fold_hard_state(self, record: HardState) -> None:
        self.current_term, self.voted_for = record.term, record.voted_for

    def _fold_appended(self, record: Appended) -> None:
        last = self._log.last_index
        assert record.prev_index == last, f"entries after {record.prev_index} in a log that ends at {last}"
        self._log.append(record.entries)

    def _fold_truncated(self, record: Truncated) -> None:
        self._log.truncate_from(record.from_index)

    def _fold_snapshot_taken(self, record: SnapshotTaken) -> None:
        self.snapshot = record
        self._log.compact(record.last_included_index, record.last_included_term)


_FOLD: dict[type, Any] = {
    HardState: RaftStorage._fold_hard_state,
    Appended: RaftStorage._fold_appended,
    Truncated: RaftStorage._fold_truncated,
    SnapshotTaken: RaftStorage._fold_snapshot_taken,
}
