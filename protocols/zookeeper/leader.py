"""A leader: discovery, synchronisation, broadcast (Leader.java, LearnerHandler.java).

Phases and names are those of "Zab: High-performance broadcast for primary-backup systems", DSN 2011, §IV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.api import Entry, message
from protocols.connections import Connection
from protocols.zookeeper.learner import Learner
from protocols.zookeeper.log import Txn
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
    zxid_of,
)

if TYPE_CHECKING:
    from protocols.zookeeper.peer import QuorumPeer


@message
class OwnAck:
    """What a leader tells itself: its own disk has everything up to this zxid."""

    epoch: int
    zxid: int


class Leader:
    """One leadership, from the end of the election on."""

    def __init__(self, peer: QuorumPeer) -> None:
        self.peer = peer
        self.host = peer.host
        self.history = peer.history
        self.parameters = peer.parameters
        self.listening = False
        self.serving = False
        self.learners: list[Learner] = []
        self.epoch = 0  # of this leadership; 0: not yet known
        self._counter = 0
        self._tick = 0
        self._skip = True  # this half of a tick does not count (tickSkip)
        self._promised: dict[int, int] = {peer.me: self.history.accepted_epoch}
        self._acked_epoch: dict[int, None] = {peer.me: None}
        self._acked: dict[int, int] = {}  # by server: everything up to this zxid is on its disk
        self._stage = 0  # how many of the phases have begun
        self.packets: dict[type, Callable[[Learner, Any], None]] = {
            FollowerInfo: self._on_follower_info,
            AckEpoch: self._on_ack_epoch,
            Ack: self._on_ack,
            QuorumPing: self.on_ping,
        }

    @property
    def new_leader_zxid(self) -> int:
        """The beginning of the epoch: everything older is its initial history."""
        return zxid_of(self.epoch, 0)

    def start(self) -> None:
        """Listen for followers; without a quorum of them in time, look again."""
        self.listening = True
        self.peer.limit.set(self.parameters.init_limit * self.parameters.tick_time)
        self._count_promises()

    def stop(self) -> None:
        """End the leadership; all followers notice at once."""
        self.listening = self.serving = False
        for learner in self.learners:
            self.peer.connections.close(learner.connection)

    def on_limit(self) -> None:
        """No quorum of followers within initLimit ticks."""
        self.peer.look("no quorum of followers in time")

    # Followers come and go ----------------------------------------------------------------------

    def on_packet(self, connection: Connection, packet: Any) -> None:
        """Take what a follower says."""
        now = self.host.now()
        learner: Learner | None = connection.owner
        if learner is None:
            server = self.peer.servers.index(connection.peer) + 1
            patience = self._tick + self.parameters.init_limit + self.parameters.sync_limit
            learner = connection.owner = Learner(server, connection, patience, now)
            self.learners.append(learner)
        elif learner.up_to_date:
            learner.deadline_tick = self._tick + self.parameters.sync_limit
        learner.heard_at = now
        self.packets[type(packet)](learner, packet)

    def on_closed(self, connection: Connection) -> None:
        """A follower is gone, or its connection is."""
        learner: Learner | None = connection.owner
        if learner is not None:
            learner.closed_at = self.host.now()

    # Discovery ----------------------------------------------------------------------------------

    def _on_follower_info(self, learner: Learner, info: FollowerInfo) -> None:
        self._promised[learner.server] = info.accepted_epoch
        if self.epoch:
            learner.connection.send(LeaderInfo(self.epoch))
        else:
            self._count_promises()

    def _count_promises(self) -> None:
        """With a quorum, propose an epoch that none of it has promised to follow (getEpochToPropose)."""
        if self._stage == 0 and len(self._promised) >= self.peer.majority:
            self._stage = 1
            self.peer.after_step(self._propose_epoch)

    def _propose_epoch(self) -> None:
        self.epoch = max(self._promised.values()) + 1
        self.history.accept(self.epoch)
        for learner in self.learners:
            learner.connection.send(LeaderInfo(self.epoch))
        self._count_epoch_acks()

    def _on_ack_epoch(self, learner: Learner, ack: AckEpoch) -> None:
        """Take a promise; a follower with a newer history than ours is not to be led (waitForEpochAck)."""
        learner.last_zxid = ack.last_zxid
        learner.acked_epoch = True
        if self._stage >= 2:
            if self.history.current_epoch == self.epoch:
                self._synchronise(learner)
            return
        if ack.current_epoch == -1:
            return
        if self._is_newer(ack):
            self.peer.connections.close(learner.connection)
            self.on_closed(learner.connection)
            return
        self._acked_epoch[learner.server] = None
        self._count_epoch_acks()

    def _is_newer(self, ack: AckEpoch) -> bool:
        return (ack.current_epoch, ack.last_zxid) > (self.history.current_epoch, self.history.log.last_zxid)

    def _count_epoch_acks(self) -> None:
        if self._stage == 1 and self.epoch and len(self._acked_epoch) >= self.peer.majority:
            self._stage = 2
            self.peer.after_step(self._begin_epoch)

    # Synchronisation ----------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        self.history.enter(self.epoch)
        self.host.send(self.host.id, OwnAck(self.epoch, self.new_leader_zxid))
        for learner in self.learners:
            if learner.acked_epoch:
                self._synchronise(learner)

    def _synchronise(self, learner: Learner) -> None:
        """Send what makes the follower's history ours (LearnerHandler.syncFollower)."""
        log, send = self.history.log, learner.connection.send
        index = log.index_up_to(learner.last_zxid)
        if learner.last_zxid < log.base_zxid or self.history.committed - index > self.parameters.commit_log:
            index = self.history.committed
            send(Snap(index, log.zxid_at(index), self.history.tree.snapshot()))
        elif log.zxid_at(index) != learner.last_zxid:
            send(Trunc(log.zxid_at(index)))
        send(Diff(log.slice(index + 1, log.last_index)))
        send(NewLeader(self.new_leader_zxid))
        learner.forwarding = True

    def on_own_ack(self, ack: OwnAck) -> None:
        """The own disk is done."""
        if ack.epoch == self.epoch:
            self._acknowledge(self.peer.me, ack.zxid)

    def _on_ack(self, learner: Learner, ack: Ack) -> None:
        self._acknowledge(learner.server, ack.zxid)
        if self.serving:
            self._finish_synchronisation(learner)

    def _acknowledge(self, server: int, zxid: int) -> None:
        self._acked[server] = max(zxid, self._acked.get(server, 0))
        if self.serving:
            self._advance()
        elif self._stage == 2 and self._quorum_zxid() >= self.new_leader_zxid:
            self._stage = 3
            self.peer.after_step(self._establish)

    def _quorum_zxid(self) -> int:
        """Return up to where a quorum has everything on disk."""
        acked = sorted(self._acked.values(), reverse=True)
        return acked[self.peer.majority - 1] if len(acked) >= self.peer.majority else 0

    def _establish(self) -> None:
        """A quorum has the initial history: it is committed, and this server leads (startZkServer)."""
        self.serving = True
        self.peer.limit.cancel()
        self.host.lead(self.epoch)
        self.peer.established(self.epoch)
        self.history.commit(self.history.log.last_index, self.epoch)
        self.peer.start_serving()
        for learner in self.learners:
            self._finish_synchronisation(learner)
        self.peer.beat.set(self.parameters.tick_time // 2)

    def _finish_synchronisation(self, learner: Learner) -> None:
        acked = self._acked.get(learner.server, 0) >= self.new_leader_zxid
        if acked and learner.forwarding and not learner.up_to_date:
            learner.up_to_date = True
            learner.connection.send(UpToDate(self.history.committed))

    # Broadcast ----------------------------------------------------------------------------------

    def propose(self, session: int, xid: int, operation: Any) -> int:
        """Broadcast a transaction and log it meanwhile; return its zxid."""
        self._counter += 1
        zxid = zxid_of(self.epoch, self._counter)
        entry = Entry(self.epoch, Txn(zxid, session, xid, operation))
        for learner in self.learners:
            if learner.forwarding:
                learner.connection.send(Proposal(entry))
        self.history.append((entry,))
        self.host.send(self.host.id, OwnAck(self.epoch, zxid))
        return zxid

    def _advance(self) -> None:
        """Commit, in order, what a quorum has on disk (tryToCommit)."""
        index = self.history.log.index_up_to(self._quorum_zxid())
        if index <= self.history.committed:
            return
        zxid = self.history.log.zxid_at(index)
        for learner in self.learners:
            if learner.forwarding:
                learner.connection.send(Commit(zxid))
        self.history.commit(index, self.epoch)

    # Ticks --------------------------------------------------------------------------------------

    def on_beat(self) -> None:
        """Twice a tick: see whether a quorum is there, and say that we are (Leader.lead, the loop)."""
        self.peer.beat.set(self.parameters.tick_time // 2)
        self._drop_the_silent()
        if not self._skip:
            self._tick += 1
            if 1 + sum(map(self._is_synced, self.learners)) < self.peer.majority:
                self.peer.look("not enough followers")
                return
        self._skip = not self._skip
        for learner in self.learners:
            if learner.forwarding:
                learner.connection.send(QuorumPing())

    def _drop_the_silent(self) -> None:
        """End connections on which nothing came for too long: the timeout of the socket, which is initLimit
        ticks until the follower is up to date (LearnerCnxAcceptor), and syncLimit then.
        """
        now, parameters = self.host.now(), self.parameters
        for learner in self.learners:
            limit = parameters.sync_limit if learner.up_to_date else parameters.init_limit
            if learner.closed_at is None and now - learner.heard_at > limit * parameters.tick_time:
                self.peer.connections.close(learner.connection)
                learner.closed_at = now
        grace = self.parameters.warm_step[0]
        self.learners = [learner for learner in self.learners if learner.alive(now, grace)]

    def _is_synced(self, learner: Learner) -> bool:
        return self._tick <= learner.deadline_tick

    def on_ping(self, learner: Learner, ping: QuorumPing) -> None:
        """A follower answers; those with clients say whom they heard from."""
