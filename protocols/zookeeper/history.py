"""A server's history, on disk and applied: epochs, transactions, and the tree that they make.

Source: "Zab: High-performance broadcast for primary-backup systems", Junqueira, Reed and Serafini, DSN 2011,
§IV (f.a, f.e, h_f); ZooKeeper's files acceptedEpoch, currentEpoch, log and snapshot.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import Entry, Host
from protocols.zookeeper.log import Txn
from protocols.zookeeper.messages import epoch_of
from protocols.zookeeper.storage import (
    AcceptedEpoch,
    CurrentEpoch,
    Logged,
    SnapshotReceived,
    Truncated,
    ZooKeeperStorage,
)
from protocols.zookeeper.tree import DataTree, Outcome


class History:
    """What this server has promised, logged, committed and applied."""

    tree_class: type[DataTree] = DataTree

    def __init__(
        self, host: Host, storage: ZooKeeperStorage, applied: Callable[[Txn, Outcome], None]
    ) -> None:
        self._host = host
        self._applied = applied
        # Persistent; the image is ours to change.
        self.accepted_epoch = storage.accepted_epoch
        self.current_epoch = storage.current_epoch
        self.log = storage.log
        self.snapshot = storage.snapshot
        # Volatile.
        self.committed = self.log.base_index
        self.tree = self.tree_class()
        if self.snapshot is not None:
            self.tree.restore(self.snapshot.state)

    def report(self) -> None:
        """Tell, after a start, what was found on the disk."""
        self._host.note("epoch_seen", self.accepted_epoch)
        if self.snapshot is not None:
            self._host.note("restored", self.snapshot.index, epoch_of(self.snapshot.zxid))

    @property
    def committed_zxid(self) -> int:
        """The newest transaction that was applied."""
        return self.log.zxid_at(self.committed)

    def accept(self, epoch: int) -> None:
        """Promise to follow no leader of an older epoch (Zab, discovery: f.a)."""
        self.accepted_epoch = epoch
        self._host.save(AcceptedEpoch(epoch))
        self._host.note("epoch_seen", epoch)

    def enter(self, epoch: int) -> None:
        """Let the history be that of this epoch's leader (Zab, synchronisation: f.e)."""
        self.current_epoch = epoch
        self._host.save(CurrentEpoch(epoch))

    def append(self, entries: tuple[Entry, ...]) -> None:
        """Log transactions at the end; durable before anything that is sent from now on."""
        if not entries:
            return
        index = self.log.last_index
        epoch = self.log.epoch_at(index)
        self.log.append(entries)
        self._host.note("appended", index, epoch, entries)
        self._host.save(Logged(entries))

    def truncate_after(self, zxid: int) -> None:
        """Forget everything after this transaction."""
        index = self.log.index_up_to(zxid) + 1
        if index > self.log.last_index:
            return
        self.log.truncate_from(index)
        self._host.note("truncated", index)
        self._host.save(Truncated(index))
        if self.committed >= index:
            self._rebuild(index - 1)

    def _rebuild(self, index: int) -> None:
        """Take back what was applied: only disks that lose what they had confirmed lead here."""
        self.tree = self.tree_class()
        if self.snapshot is not None:
            self.tree.restore(self.snapshot.state)
        for entry in self.log.slice(self.log.first_index, index):
            self.tree.apply(entry.command)
        self.committed = index

    def restore(self, snapshot: SnapshotReceived) -> None:
        """Replace everything by a leader's state."""
        self.snapshot = snapshot
        self.log.reset(snapshot.index, snapshot.zxid)
        self.committed = snapshot.index
        self.tree.restore(snapshot.state)
        self._host.save(snapshot)
        self._host.note("restored", snapshot.index, epoch_of(snapshot.zxid))

    def commit(self, index: int, epoch: int) -> None:
        """Apply all up to `index`, which a quorum has logged, in order and once."""
        first_index = self.committed + 1
        self._host.note("committed", index, epoch)
        if index < first_index:
            return
        entries = self.log.slice(first_index, index)
        for entry in entries:
            self.committed += 1
            self._applied(entry.command, self.tree.apply(entry.command))
        self._host.note("applied", first_index, entries)
