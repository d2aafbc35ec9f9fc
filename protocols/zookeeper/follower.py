"""A follower: connects to the leader, takes over its history, then its transactions (Follower.java)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.api import NodeId
from protocols.connections import Connection
from protocols.zookeeper.messages import (
    Ack,
    AckEpoch,
    Commit,
    Diff,
    FollowerInfo,
    LeaderInfo,
    NewLeader,
    Proposal,
    QuorumPing,
    Snap,
    Trunc,
    UpToDate,
)
from protocols.zookeeper.storage import SnapshotReceived

if TYPE_CHECKING:
    from protocols.zookeeper.peer import QuorumPeer

QUORUM = "quorum"


class Follower:
    """One time of following one leader."""

    def __init__(self, peer: QuorumPeer, leader: NodeId) -> None:
        self.peer = peer
        self.host = peer.host
        self.history = peer.history
        self.parameters = peer.parameters
        self.leader = leader
        self.epoch = 0
        self.serving = False
        self.connection: Connection | None = None
        self._tries = 0
        self._patience = self.parameters.init_limit * self.parameters.tick_time
        self.packets: dict[type, Callable[[Any], None]] = {
            LeaderInfo: self._on_leader_info,
            Diff: self._on_diff,
            Trunc: self._on_trunc,
            Snap: self._on_snap,
            NewLeader: self._on_new_leader,
            UpToDate: self._on_up_to_date,
            Proposal: self._on_proposal,
            Commit: self._on_commit,
            QuorumPing: self.on_ping,
        }

    def start(self) -> None:
        """Connect within initLimit ticks."""
        self.peer.limit.set(self._patience)
        self._connect()

    def _connect(self) -> None:
        self._tries += 1
        self.connection = self.peer.connections.open(self.leader, QUORUM)
        self.send(FollowerInfo(self.history.accepted_epoch))

    def on_beat(self) -> None:
        """Try again: the leader may listen by now."""
        self._connect()

    def stop(self) -> None:
        """Follow no longer."""
        self.serving = False
        if self.connection is not None:
            self.peer.connections.close(self.connection)

    def send(self, packet: Any) -> None:
        """Tell the leader."""
        assert self.connection is not None
        self.connection.send(packet)

    def on_limit(self) -> None:
        """The leader was silent for too long: initLimit ticks at first, then syncLimit."""
        self.peer.look("the leader is silent")

    def on_closed(self, connection: Connection) -> None:
        """Try again while the leader does not listen; a connection that was there is not coming back."""
        if connection is not self.connection:
            return
        if not connection.opened and self._tries < self.parameters.connect_tries:
            self.peer.beat.set(self.parameters.connect_retry)
        else:
            self.peer.look("lost the leader")

    def on_packet(self, connection: Connection, packet: Any) -> None:
        """Take what the leader says."""
        if connection is self.connection:
            self.peer.limit.set(self._patience)
            self.packets[type(packet)](packet)

    # Discovery and synchronisation --------------------------------------------------------------

    def _on_leader_info(self, info: LeaderInfo) -> None:
        """Promise the epoch, unless a newer one was promised (Learner.registerWithLeader)."""
        history = self.history
        if info.epoch < history.accepted_epoch:
            self.peer.look("promised a newer epoch")
            return
        self.epoch = info.epoch
        current = -1  # promised before: this promise does not count towards a quorum again
        if info.epoch > history.accepted_epoch:
            current = history.current_epoch
            history.accept(info.epoch)
        self.send(AckEpoch(current, history.log.last_zxid))

    def _on_trunc(self, trunc: Trunc) -> None:
        self.history.truncate_after(trunc.zxid)

    def _on_snap(self, snap: Snap) -> None:
        self.history.restore(SnapshotReceived(snap.index, snap.zxid, snap.state))

    def _on_diff(self, diff: Diff) -> None:
        self.history.append(diff.entries)

    def _on_new_leader(self, new_leader: NewLeader) -> None:
        """The history is complete: acknowledge it once it is durable, and the epoch (syncWithLeader)."""
        self.history.enter(self.epoch)
        self._patience = self.parameters.sync_limit * self.parameters.tick_time
        self.send(Ack(new_leader.zxid))
        if self.history.log.last_zxid > new_leader.zxid:  # proposals that are under way were among it
            self.send(Ack(self.history.log.last_zxid))

    def _on_up_to_date(self, up_to_date: UpToDate) -> None:
        """A quorum is in this epoch: serve."""
        self._commit(up_to_date.index)
        self.serving = True
        self.peer.established(self.epoch)
        self.peer.start_serving()

    # Broadcast ----------------------------------------------------------------------------------

    def _on_proposal(self, proposal: Proposal) -> None:
        self.history.append((proposal.entry,))
        self.send(Ack(proposal.entry.command.zxid))

    def _on_commit(self, commit: Commit) -> None:
        self._commit(self.history.log.index_up_to(commit.zxid))

    def _commit(self, index: int) -> None:
        if index > self.history.committed:
            self.history.commit(index, self.epoch)

    def on_ping(self, ping: QuorumPing) -> None:
        """Answer the leader; followers with clients say whom they heard from."""
        self.send(QuorumPing())
