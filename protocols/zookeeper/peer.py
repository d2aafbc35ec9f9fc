"""A server of an ensemble: looks for a leader, then leads or follows, then looks again (QuorumPeer.java)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Group, Handler, Host, NodeId
from protocols.connections import Connection, Connections
from protocols.zookeeper.election import FastLeaderElection
from protocols.zookeeper.follower import Follower
from protocols.zookeeper.history import History
from protocols.zookeeper.leader import Leader, OwnAck
from protocols.zookeeper.log import Txn, TxnLog
from protocols.zookeeper.messages import Notification
from protocols.zookeeper.parameters import EnsembleParameters
from protocols.zookeeper.storage import ZooKeeperStorage
from protocols.zookeeper.tree import Outcome
from protocols.zookeeper.votes import FOLLOWING, LEADING, LOOKING, Vote

ELECTION, QUORUM, CLIENT = "election", "quorum", "client"
"""Ports: for notifications (3888), for followers (2888), for clients (2181)."""
CONNECT_TIMEOUT_NS = 5_000_000_000
"""QuorumCnxManager.cnxTO: a connection to a peer is given up after this (zookeeper.cnxTimeout)."""


class QuorumPeer:
    """The part of a server that the other servers see."""

    election_class: type[FastLeaderElection] = FastLeaderElection
    leader_class: type[Leader] = Leader
    follower_class: type[Follower] = Follower
    history_class: type[History] = History

    def __init__(
        self, host: Host, group: Group, parameters: EnsembleParameters, storage: ZooKeeperStorage
    ) -> None:
        self.host = host
        self.parameters = parameters
        self.servers = group.servers
        self.me = group.servers.index(host.id) + 1
        self.history = self.history_class(host, storage, self.applied)
        self.connections = Connections(host, self._delivered, self._closed, self._offers)
        self.election = self.election_class(
            host, self.me, len(self.servers), parameters, self._notify, self._on_elected
        )
        self.state = LOOKING
        self.vote = Vote(self.me, 0, 0, 0)
        self.role: Leader | Follower | None = None
        self.cold = True  # this process has not led yet
        self._early: list[tuple[int, Notification]] = []  # what came before the election began
        self._channels: dict[int, Connection] = {}  # by server: for notifications to it
        # Timers of whichever role it is: a limit of patience, and what recurs.
        self.limit = host.timer("limit", lambda: self.role.on_limit() if self.role else None)
        self.beat = host.timer("beat", lambda: self.role.on_beat() if self.role else None)
        self._step: Callable[[], None] = self._look
        self._step_timer = host.timer("step", lambda: self._step())
        self.handlers: dict[type, Handler] = {**self.connections.handlers, OwnAck: self._on_own_ack}

    @property
    def log(self) -> TxnLog:
        """The replicated log, for checkers."""
        return self.history.log

    @property
    def majority(self) -> int:
        """Return how many servers are a quorum."""
        return len(self.servers) // 2 + 1

    def start(self) -> None:
        """Begin by looking for a leader."""
        self.history.report()
        self._look()

    def after_step(self, then: Callable[[], None]) -> None:
        """Go on when the program has done the work between two steps of a change of roles."""
        cold = self.cold and self.state == LEADING
        low, high = self.parameters.cold_step if cold else self.parameters.warm_step
        if high == 0:
            then()
            return
        self._step = then
        self._step_timer.set(self.host.random.randrange(low, max(high, low + 1)))

    # Changes of role ----------------------------------------------------------------------------

    def look(self, reason: str) -> None:
        """Give up the role, and look for a leader."""
        role, self.role = self.role, None
        if role is None:
            return
        for timer in (self._step_timer, self.limit, self.beat):
            timer.cancel()
        role.stop()
        self.stop_serving()
        self.host.follow(reason)
        self.state = LOOKING
        self.after_step(self._look)

    def _look(self) -> None:
        self.state = LOOKING
        self.host.note("campaigned", self.history.accepted_epoch + 1)
        self.election.start(self.history.log.last_zxid, self.history.current_epoch)
        early, self._early = self._early, []
        for source, notification in early:
            if self.election.looking:
                self.election.on_notification(source, notification)

    def _on_elected(self, vote: Vote) -> None:
        self.vote = vote
        if vote.leader == self.me:
            self.state = LEADING
            self.role = self.leader_class(self)
        else:
            self.state = FOLLOWING
            self.role = self.follower_class(self, self.servers[vote.leader - 1])
        self.after_step(self.role.start)

    def established(self, epoch: int) -> None:
        """Answer those who look for a leader with the epoch that was established (updateElectionVote)."""
        self.cold = self.cold and self.state != LEADING
        vote = self.vote
        self.vote = Vote(vote.leader, vote.zxid, epoch, vote.election_epoch, self.state)
        self.host.note("leader_known", self.servers[vote.leader - 1], epoch)

    # Notifications ------------------------------------------------------------------------------

    def _notify(self, server: int, notification: Notification) -> None:
        channel = self._channels.get(server)
        if channel is not None and channel.is_open and not channel.opened:
            # Only the newest notification waits for a connection, and not for ever (QuorumCnxManager).
            self.connections.close(channel)
        if channel is None or not channel.is_open:
            channel = self._channels[server] = self.connections.open(self.servers[server - 1], ELECTION)
        channel.send(notification)

    def on_notification(self, source: NodeId, notification: Notification) -> None:
        """Take a vote, and tell a peer what it needs to know (WorkerReceiver.run)."""
        server = self.servers.index(source) + 1
        sender_looks = notification.vote.state == LOOKING
        if self.state == LOOKING:
            behind = sender_looks and notification.round < self.election.round
            if self.election.looking:
                self.election.on_notification(server, notification)
            else:
                self._early.append((server, notification))
            if behind and self.election.looking:
                self._notify(server, Notification(self.election.proposal, self.election.round))
        elif sender_looks:
            vote = self.vote
            told = Vote(vote.leader, vote.zxid, vote.peer_epoch, vote.election_epoch, self.state)
            self._notify(server, Notification(told, self.election.round))

    # Connections --------------------------------------------------------------------------------

    def _offers(self, service: str) -> bool:
        """Return whether somebody listens on that port."""
        if service == QUORUM:
            return isinstance(self.role, Leader) and self.role.listening
        return service == ELECTION

    def _delivered(self, connection: Connection, payload: Any) -> None:
        if connection.service == ELECTION:
            self.on_notification(connection.peer, payload)
        elif connection.service == QUORUM and self.role is not None:
            self.role.on_packet(connection, payload)

    def _on_own_ack(self, source: NodeId, ack: OwnAck) -> None:
        if isinstance(self.role, Leader):
            self.role.on_own_ack(ack)

    def _closed(self, connection: Connection) -> None:
        if connection.service == QUORUM and self.role is not None:
            self.role.on_closed(connection)

    # What servers with clients add ----------------------------------------------------------------

    def applied(self, txn: Txn, outcome: Outcome) -> None:
        """Take note that a transaction was applied."""

    def start_serving(self) -> None:
        """Begin to serve clients: this server leads an established epoch, or is up to date."""

    def stop_serving(self) -> None:
        """Serve no clients."""
