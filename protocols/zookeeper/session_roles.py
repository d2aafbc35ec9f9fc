"""What leaders and followers do for the sessions of clients (SessionTracker, LearnerHandler, Learner)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.zookeeper.follower import Follower
from protocols.zookeeper.leader import Leader
from protocols.zookeeper.learner import Learner
from protocols.zookeeper.messages import Forward, QuorumPing, Revalidate, Revalidated, Synced
from protocols.zookeeper.sessions import SessionTracker

if TYPE_CHECKING:
    from protocols.api import NodeId
    from protocols.zookeeper.peer import QuorumPeer
    from protocols.zookeeper.server import ZooKeeperServer


class SessionLeader(Leader):
    """A leader that keeps the time of all sessions."""

    def __init__(self, peer: QuorumPeer) -> None:
        super().__init__(peer)
        server: ZooKeeperServer = peer  # type: ignore[assignment]
        self.server = server
        self.sessions = SessionTracker(self.parameters.tick_time, server.phase_ns, server.expiry)
        self._syncs: list[tuple[int, Callable[[], None]]] = []  # wait for that index to be committed
        self.packets |= {Forward: self._on_forward, Revalidate: self._on_revalidate}

    def stop(self) -> None:
        """End the leadership."""
        self.server.expiry.cancel()
        super().stop()

    def clock(self) -> int:
        """Return the time by which sessions expire: monotonic (ZOOKEEPER-1366)."""
        return self.host.now()

    def start_sessions(self) -> None:
        """Give every session its full timeout: nobody knows when the last leader heard from it."""
        self.sessions.start(self.clock(), self.history.tree.sessions.items())

    def on_expiry(self) -> None:
        """Close what was silent for too long; the ephemeral nodes go in the same transaction."""
        for session in self.sessions.expired(self.clock()):
            self.host.note("session_expired", session)
            self.propose(session, 0, ("close_session",))

    # For clients of this server -------------------------------------------------------------------

    def touch(self, session: int, timeout: int) -> None:
        """A client was heard from."""
        self.sessions.touch(self.clock(), session)

    def submit(self, session: int, xid: int, operation: tuple[Any, ...]) -> None:
        """Take a write of a client of this server."""
        self._submit(self.peer.me, session, xid, operation)

    def revalidate(self, session: int, timeout: int) -> None:
        """A client came with a session that it had at another server."""
        self.server.revalidated(session, self._own(session, self.peer.me))

    def sync(self, session: int, xid: int) -> None:
        """A client of this server wants to see everything that was committed before."""
        self._after_commit(lambda: self.server.synced(session, xid))

    # For clients of followers ---------------------------------------------------------------------

    def on_ping(self, learner: Learner, ping: QuorumPing) -> None:
        """Take note of whom the follower heard from."""
        now = self.clock()
        for session, _ in ping.sessions:
            self.sessions.touch(now, session)

    def _on_forward(self, learner: Learner, forward: Forward) -> None:
        if not self.serving:
            return
        if forward.operation[0] == "sync":
            answer = Synced(forward.session, forward.xid)
            self._after_commit(lambda: learner.connection.send(answer))
        else:
            self._submit(learner.server, forward.session, forward.xid, forward.operation)

    def _on_revalidate(self, learner: Learner, revalidate: Revalidate) -> None:
        valid = self._own(revalidate.session, learner.server)
        learner.connection.send(Revalidated(revalidate.session, valid))

    def _own(self, session: int, server: int) -> bool:
        if not self.sessions.touch(self.clock(), session):
            return False
        self.sessions.owners[session] = server
        return True

    def _submit(self, server: int, session: int, xid: int, operation: tuple[Any, ...]) -> None:
        """Propose a write, unless its session is at another server by now (SessionMovedException)."""
        if self.sessions.owners.get(session, server) != server:
            operation = ("error", "session_moved")
        zxid = self.propose(session, xid, operation)
        if operation[0] == "create_session":
            self.sessions.track(self.clock(), zxid, operation[1])
            self.sessions.owners[zxid] = server

    def _after_commit(self, then: Callable[[], None]) -> None:
        """Go on when all that is proposed now is committed (Leader.processSync)."""
        last = self.history.log.last_index
        if last == self.history.committed:
            then()
        else:
            self._syncs.append((last, then))

    def _advance(self) -> None:
        super()._advance()
        committed = self.history.committed
        ready = [then for index, then in self._syncs if index <= committed]
        self._syncs = [each for each in self._syncs if each[0] > committed]
        for then in ready:
            then()


class SessionFollower(Follower):
    """A follower whose clients' sessions are kept by the leader."""

    def __init__(self, peer: QuorumPeer, leader: NodeId) -> None:
        super().__init__(peer, leader)
        server: ZooKeeperServer = peer  # type: ignore[assignment]
        self.server = server
        self._touched: dict[int, int] = {}  # since the leader was last told
        self.packets |= {Synced: self._on_synced, Revalidated: self._on_revalidated}

    def touch(self, session: int, timeout: int) -> None:
        """A client was heard from; the leader hears of it with the answer to its next ping."""
        self._touched[session] = timeout

    def on_ping(self, ping: QuorumPing) -> None:
        """Answer, and say whom we heard from."""
        touched, self._touched = self._touched, {}
        self.send(QuorumPing(tuple(touched.items())))

    def submit(self, session: int, xid: int, operation: tuple[Any, ...]) -> None:
        """Hand a write of a client to the leader."""
        self.send(Forward(session, xid, operation))

    def sync(self, session: int, xid: int) -> None:
        """Ask the leader for a sign that comes after everything it has committed."""
        self.send(Forward(session, xid, ("sync",)))

    def revalidate(self, session: int, timeout: int) -> None:
        """A client came with a session that it had at another server: ask the leader."""
        self.send(Revalidate(session, timeout))

    def _on_synced(self, synced: Synced) -> None:
        self.server.synced(synced.session, synced.xid)

    def _on_revalidated(self, revalidated: Revalidated) -> None:
        self.server.revalidated(revalidated.session, revalidated.valid)
