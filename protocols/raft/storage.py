"""What a Raft server writes to its disk, and the image that these records add up to.

Raft Figure 2, persistent state: current_term, voted_for and log; with Raft §7 also a snapshot.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, NodeId, record
from protocols.kv import NOOP
from protocols.raft.log import Log

_PRELOADED = Entry(1, NOOP)


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


class RaftStorage:
    """The durable state of one server; implements `protocols.api.Storage`."""

    __slots__ = ("current_term", "log", "snapshot", "voted_for")

    def __init__(self) -> None:
        self.current_term = 0
        self.voted_for: NodeId | None = None
        self.snapshot: SnapshotTaken | None = None
        self.log = Log()

    def apply(self, record: Any) -> None:
        """Take one record."""
        if type(record) is Appended:  # what nearly all are
            log = self.log
            assert record.prev_index == log.last_index, (
                f"entries after {record.prev_index} in a log that ends at {log.last_index}"
            )
            log.append(record.entries)
        else:
            _APPLY[type(record)](self, record)

    def preload(self, length: int) -> None:
        """Hold `length` entries of term 1, as servers that were stopped in the middle may."""
        if length:
            self.current_term = 1
            self.log.append((_PRELOADED,) * length)

    def copy(self) -> RaftStorage:
        """Return an independent copy."""
        other = RaftStorage()
        other.current_term, other.voted_for = self.current_term, self.voted_for
        other.log, other.snapshot = self.log.copy(), self.snapshot
        return other

    def _apply_hard_state(self, record: HardState) -> None:
        self.current_term, self.voted_for = record.term, record.voted_for

    def _apply_truncated(self, record: Truncated) -> None:
        self.log.truncate_from(record.from_index)

    def _apply_snapshot_taken(self, record: SnapshotTaken) -> None:
        self.snapshot = record
        self.log.compact(record.last_included_index, record.last_included_term)


_APPLY: dict[type, Any] = {
    HardState: RaftStorage._apply_hard_state,
    Truncated: RaftStorage._apply_truncated,
    SnapshotTaken: RaftStorage._apply_snapshot_taken,
}
