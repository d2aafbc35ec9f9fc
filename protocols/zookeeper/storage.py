"""What a server writes to its disk, and the image that these records add up to.

Two epochs in files of their own, a log of transactions, and the snapshot that a leader sent.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, record
from protocols.zookeeper.log import TxnLog


@record
class AcceptedEpoch:
    """The promise to follow no older epoch (file acceptedEpoch)."""

    epoch: int


@record
class CurrentEpoch:
    """The history is the one of this epoch's leader (file currentEpoch)."""

    epoch: int


@record
class Logged:
    """Transactions at the end of the log."""

    entries: tuple[Entry, ...]


@record
class Truncated:
    """What stood at `from_index`, and after it, was removed."""

    from_index: int


@record
class SnapshotReceived:
    """The state after the transaction `zxid` at `index`, in place of all that was in the log."""

    index: int
    zxid: int
    state: Any


class ZooKeeperStorage:
    """The durable state of one server; implements `protocols.api.Storage`."""

    __slots__ = ("accepted_epoch", "current_epoch", "log", "snapshot")

    def __init__(self) -> None:
        self.accepted_epoch = 0
        self.current_epoch = 0
        self.log = TxnLog()
        self.snapshot: SnapshotReceived | None = None

    def apply(self, record: Any) -> None:
        """Take one record."""
        _APPLY[type(record)](self, record)

    def copy(self) -> ZooKeeperStorage:
        """Return an independent copy."""
        other = ZooKeeperStorage()
        other.accepted_epoch, other.current_epoch = self.accepted_epoch, self.current_epoch
        other.log, other.snapshot = self.log.copy(), self.snapshot
        return other

    def _logged(self, record: Logged) -> None:
        self.log.append(record.entries)

    def _truncated(self, record: Truncated) -> None:
        self.log.truncate_from(record.from_index)

    def _snapshot_received(self, record: SnapshotReceived) -> None:
        self.snapshot = record
        self.log.reset(record.index, record.zxid)

    def _accepted(self, record: AcceptedEpoch) -> None:
        self.accepted_epoch = record.epoch

    def _current(self, record: CurrentEpoch) -> None:
        self.current_epoch = record.epoch


_APPLY: dict[type, Any] = {
    Logged: ZooKeeperStorage._logged,
    Truncated: ZooKeeperStorage._truncated,
    SnapshotReceived: ZooKeeperStorage._snapshot_received,
    AcceptedEpoch: ZooKeeperStorage._accepted,
    CurrentEpoch: ZooKeeperStorage._current,
}
