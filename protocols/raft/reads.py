"""Reads without the log: ReadIndex and leader leases (Dissertation §6.4; etcd/raft `read_only.go`).

A leader that wants to know that it still is one sends a round of heartbeats with a number of its own, and
waits until a majority has answered that round or a later one. A lease is what such a round is good for:
until the shortest election timeout after it was *sent*, no voter that answered elects anybody else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from protocols.api import Group, Host, NodeId, Request
from protocols.raft.check_quorum import CheckQuorum
from protocols.raft.messages import (
    AppendEntriesReply,
    Heartbeat,
    HeartbeatReply,
    ReadIndex,
    ReadIndexReply,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage
from protocols.raft.timers import NEVER

Confirmed = Callable[[int | None], None]
"""Called with the index up to which a read must have been applied; None: leadership was lost."""


@dataclass(frozen=True, slots=True)
class Read:
    """A read that waits for the leader to be confirmed by its round, or a later one."""

    index: int
    round: int
    then: Confirmed


class Reads(CheckQuorum):
    """Confirms that this server leads, and answers reads from its state machine."""

    __slots__ = (
        "_acked", "_confirmed", "_early", "_handed", "_lease_barred", "_lease_length", "_lease_until",
        "_mode", "_reads", "_round", "_sent", "_unapplied",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self._mode = parameters.reads
        # In ticks a voter may have waited for one less than it has counted.
        self._lease_length = int((self._timeout_from - parameters.tick) / parameters.clock_drift_bound)
        self._round = 0  # the newest round of heartbeats, never used twice
        self._handed: dict[
            int, tuple[Callable[[bool], None], NodeId]
        ] = {}  # reads that a leader was asked for
        self._unapplied: list[tuple[int, int, Callable[[bool], None]]] = []  # (index, number, then)
        self._forget_rounds()
        self.handlers = {
            **self.handlers,
            Heartbeat: self.on_heartbeat,
            HeartbeatReply: self.on_heartbeat_reply,
            ReadIndex: self.on_read_index,
            ReadIndexReply: self.on_read_index_reply,
        }

    def _forget_rounds(self) -> None:
        """Begin a leadership, of which nothing is confirmed yet."""
        self._acked: dict[NodeId, int] = {}  # the newest round that each server answered
        self._confirmed = 0  # the newest round that a majority answered
        self._reads: deque[Read] = deque()
        self._early: list[Confirmed] = []  # came before an entry of the current term was committed
        self._sent: deque[tuple[int, int]] = deque()  # rounds of heartbeats and when they left
        self._lease_until = NEVER
        self._lease_barred = False

    # Clients and services -----------------------------------------------------------------------

    def on_request(self, source: NodeId, request: Request) -> None:
        """Handle a client's command; one that only reads needs no entry of the log."""
        if self._mode == "log" or self.role != LEADER or not self.machine.readable(request.command):
            super().on_request(source, request)
        else:
            self._confirm(lambda index: self._answer_read(source, request, index))

    def _answer_read(self, source: NodeId, request: Request, index: int | None) -> None:
        if index is None:
            self._reply(source, request, "not_leader", None)
        else:
            self._reply(source, request, "ok", self.machine.query(request.command))

    def read_index(self, then: Callable[[bool], None]) -> int:
        """Call `then(True)` when a read of the machine is linearizable; see `Member.read_index`."""
        if self._mode == "log":
            return super().read_index(then)
        number, leader = self._next_number(), self.leader_id
        if leader is None:
            then(False)
        elif leader == self.id:
            self._confirm(lambda index: then(index is not None))
        else:
            self._handed[number] = then, leader
            self.host.send(leader, ReadIndex(number))
        return number

    def abandon(self, number: int) -> None:
        """Do not call back for that proposal or read any more."""
        super().abandon(number)
        self._handed.pop(number, None)
        self._unapplied = [read for read in self._unapplied if read[1] != number]

    # The leader ---------------------------------------------------------------------------------

    def _confirm(self, then: Confirmed) -> None:
        """Find out whether we still lead, and how far a read must have been applied.

        Not before an entry of our term is committed: until then others may know of more (§6.4).
        """
        if not self._has_committed_in_term():
            self._early.append(then)
        elif self._lease_holds():
            then(self.commit_index)
        else:
            index = self.commit_index
            self._begin_round()
            self._reads.append(Read(index, self._round, then))
            self._count_round()

    def _has_committed_in_term(self) -> bool:
        return self.log.term_at(self.commit_index) == self.current_term

    def _lease_holds(self) -> bool:
        """Return whether nobody else can have been elected.

        `unsafe_lease` asks no clock: it answers until CheckQuorum ends it (etcd: ReadOnlyLeaseBased).
        """
        if self._mode == "unsafe_lease":
            return True
        return self._mode == "lease" and self.host.now() < self._lease_until

    def _begin_round(self) -> None:
        """Send a round of heartbeats, each with the commit index as far as its receiver is known to agree."""
        self._round += 1
        if self._mode == "lease":
            now, sent = self.host.now(), self._sent
            while sent and now - sent[0][1] >= self._lease_length:
                sent.popleft()  # too old to be worth anything
            sent.append((self._round, now))
        for peer in self.peers:
            commit = min(self.match_index[peer], self.commit_index)
            self.host.send(peer, Heartbeat(self.current_term, self._round, commit))

    def on_heartbeat_reply(self, source: NodeId, message: HeartbeatReply) -> None:
        """Note which round a follower has answered."""
        if message.term != self.current_term or self.role != LEADER:
            self._observe_term(message.term)
            return
        if self._checks:
            self._note_heard(source)
        if message.round > self._acked.get(source, 0):
            self._acked[source] = message.round
            self._count_round()

    def _count_round(self) -> None:
        """Answer what the newest round that a majority answered confirms, and renew the lease."""
        confirmed = self._newest_confirmed_round()
        if confirmed <= self._confirmed:
            return
        self._confirmed = confirmed
        while self._sent and self._sent[0][0] <= confirmed:
            _, sent_at = self._sent.popleft()
            self._extend_lease(sent_at)
        while self._reads and self._reads[0].round <= confirmed:
            read = self._reads.popleft()
            read.then(read.index)

    def _newest_confirmed_round(self) -> int:
        acked = self._acked
        rounds = sorted({self._round, *acked.values()}, reverse=True)
        quorums = (r for r in rounds if self._is_quorum({self.id, *(n for n, a in acked.items() if a >= r)}))
        return next(quorums, 0)

    def _extend_lease(self, sent_at: int) -> None:
        if not self._lease_barred:
            self._lease_until = sent_at + self._lease_length

    def _bar_lease(self) -> None:
        """Give the lease up for the rest of this leadership: another server was told to campaign (§6.4.1).

        Its requests may be under way for as long as the network likes, and voters obey them.
        """
        self._lease_barred = True
        self._lease_until = NEVER

    def on_read_index(self, source: NodeId, message: ReadIndex) -> None:
        """Tell another server how far it must have applied for its read (etcd: MsgReadIndex)."""
        number = message.number

        def answer(index: int | None) -> None:
            self.host.send(source, ReadIndexReply(number, index))

        if self.role == LEADER:
            self._confirm(answer)
        else:
            answer(None)

    def _on_heartbeat_timer(self) -> None:
        if self._mode == "lease":
            self._beat_with_rounds()
        else:
            super()._on_heartbeat_timer()
            if self._reads:
                self._begin_round()  # a new number: answers to the old one may be older than the reads

    def _beat_with_rounds(self) -> None:
        """Send the heartbeats that renew the lease, and entries only to those who lack some."""
        self.heartbeat_timer.set(self._heartbeat_ns)
        last_index = self.log.last_index
        self._send_entries([peer for peer in self.peers if self.match_index[peer] < last_index])
        self._begin_round()

    # Followers ----------------------------------------------------------------------------------

    def on_heartbeat(self, source: NodeId, message: Heartbeat) -> None:
        """Handle a heartbeat with a round: as AppendEntries without entries, but for the check of the log."""
        term = message.term
        if (term != self.current_term or source != self.leader_id) and not self._recognise(source, term):
            if term < self.current_term:
                self.host.send(source, AppendEntriesReply(self.current_term, False, 0, 0, 0))
            return
        self.election_timer.set(self._randrange(self._timeout_from, self._timeout_to))
        commit = min(message.commit, self.log.last_index)
        if commit > self.commit_index:
            self._commit(commit)
        self.host.send(source, HeartbeatReply(term, message.round))

    def on_read_index_reply(self, source: NodeId, message: ReadIndexReply) -> None:
        """Read once enough is applied here."""
        handed = self._handed.pop(message.number, None)
        if handed is None:
            return
        if message.index is None or message.index <= self.last_applied:
            handed[0](message.index is not None)
        else:
            self._unapplied.append((message.index, message.number, handed[0]))

    # What changes -------------------------------------------------------------------------------

    def _commit(self, index: int) -> None:
        super()._commit(index)
        if self._early and self._has_committed_in_term():
            early, self._early = self._early, []
            for then in early:
                self._confirm(then)
        if self._unapplied:
            self._read_what_is_applied()

    def _read_what_is_applied(self) -> None:
        ready = [then for index, _, then in self._unapplied if index <= self.last_applied]
        self._unapplied = [read for read in self._unapplied if read[0] > self.last_applied]
        for then in ready:
            then(True)

    def _become_leader(self) -> None:
        self._forget_rounds()
        super()._become_leader()

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        led = self.role == LEADER
        super()._become_follower(term, reason, voted_for)
        if led:
            lost = [*(read.then for read in self._reads), *self._early]
            self._forget_rounds()
            for then in lost:
                then(None)

    def _give_up_proposals(self, leader: NodeId | None) -> None:
        super()._give_up_proposals(leader)
        lost = [number for number, (_, handed) in self._handed.items() if handed != leader]
        for number in lost:
            then, _ = self._handed.pop(number)
            then(False)
