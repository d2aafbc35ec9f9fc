"""The leader: replicating its log, committing, and accepting requests (Raft §5.3, §5.4.2, §7, §8).

At most one AppendEntries with entries is outstanding per follower: the next one leaves when it is
answered. What gets lost is sent again with the next heartbeat, since `next_index` moves on answers only.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.api import Entry, Group, Host, NodeId, Request
from protocols.kv import NEW, NOOP
from protocols.raft.follower import Follower
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.state import LEADER
from protocols.raft.storage import Appended, RaftStorage


class Leader(Follower):
    """Leading, and becoming the leader."""

    __slots__ = ("_commit_rank", "in_flight", "match_index", "next_index", "snapshot_sent_at")

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self.heartbeat_timer = host.timer("heartbeat", self._on_heartbeat_timer)
        # How many servers may have less than what a majority has.
        self._commit_rank = (len(self.servers) - 1) // 2
        # Volatile state on leaders, set anew at each election. `match_index` has an entry for the
        # leader itself: what is durable on its own disk counts like what is durable elsewhere.
        self.next_index: dict[NodeId, int] = {}
        self.match_index: dict[NodeId, int] = {}
        # Last index of the outstanding entries (or snapshot) per follower; 0: nothing is outstanding.
        self.in_flight: dict[NodeId, int] = {}
        # When the snapshot that is outstanding was sent, on the local clock.
        self.snapshot_sent_at: dict[NodeId, int] = {}

    def on_append_entries_reply(self, source: NodeId, message: AppendEntriesReply) -> None:
        """Handle the answer of a follower, or the news that our own disk has the entries."""
        if message.term != self.current_term or self.role != LEADER:
            self._observe_term(message.term)
        elif message.success:
            match = message.match_index
            # The answer to most heartbeats says nothing new.
            if match != self.log.last_index or match != self.match_index[source]:
                self._on_ack(source, match)
        else:
            self._on_refusal(source, message)

    def on_install_snapshot_reply(self, source: NodeId, message: InstallSnapshotReply) -> None:
        """Handle the answer of a follower that got a snapshot."""
        if message.term != self.current_term or self.role != LEADER:
            self._observe_term(message.term)
        else:
            self._on_ack(source, message.match_index)

    def on_request(self, source: NodeId, request: Request) -> None:
        """Append a client's command, unless that was done before (Raft §5.3, §8)."""
        if self.role != LEADER:
            self._reply(source, request, "not_leader", None)
            return
        result = self.machine.recall(request)
        if result is not NEW:
            self._answer(source, request, result)
            return
        index = self.accepted.get((request.client, request.serial))
        if index is None:
            index = self.log.last_index + 1
            self.accepted[request.client, request.serial] = index
            self.waiting[index] = source
            self._replicate(request)
        else:
            self.waiting[index] = source

    def _become_leader(self) -> None:
        self.role = LEADER
        self.leader_id = self.id
        self.election_timer.cancel()
        self.next_index = dict.fromkeys(self.peers, self.log.last_index + 1)
        self.match_index = dict.fromkeys(self.servers, 0)
        self.in_flight = dict.fromkeys(self.peers, 0)
        self.snapshot_sent_at = {}
        self._index_uncommitted_requests()
        self.host.lead(self.current_term)
        self.host.note("leader_known", self.id, self.current_term)
        # Without an entry of its own term it could commit nothing that it inherited (Raft §5.4.2, §8).
        self._replicate(NOOP)
        self.heartbeat_timer.set(self._heartbeat_ns)

    def _replicate(self, command: object) -> None:
        """Append an entry, and write it in parallel with the followers (Dissertation §10.2.1).

        The message to ourselves arrives when what was saved before it is durable: only then does the
        leader count its own copy.
        """
        term, log, host = self.current_term, self.log, self.host
        entries = (Entry(term, command),)
        prev_index, prev_term = log.last_index, log.last_term
        log.append(entries)
        self._note_appended(prev_index, prev_term, entries)
        in_flight = self.in_flight
        self._send_entries([peer for peer in self.peers if not in_flight[peer]])
        host.save(Appended(prev_index, entries))
        host.send(self.id, AppendEntriesReply(term, True, prev_index + 1, 0, 0))

    def _on_heartbeat_timer(self) -> None:
        self.heartbeat_timer.set(self._heartbeat_ns)
        self._send_entries(self.peers)

    def _send_entries(self, peers: Iterable[NodeId]) -> None:
        """Send to each what its log lacks, as far as we know; a heartbeat if that is nothing.

        Followers with the same next_index get the very same message.
        """
        send, next_index, in_flight = self.host.send, self.next_index, self.in_flight
        shared_index = 0
        for peer in peers:
            index = next_index[peer]
            if index != shared_index:
                if index <= self.log.snapshot_index:
                    self._send_snapshot(peer)
                    continue
                shared_index, message = index, self._entries_from(index)
            if message.entries:
                in_flight[peer] = index - 1 + len(message.entries)
            send(peer, message)

    def _entries_from(self, index: int) -> AppendEntries:
        log, prev_index = self.log, index - 1
        if prev_index == log.last_index:
            return AppendEntries(self.current_term, prev_index, log.last_term, (), self.commit_index)
        entries = log.slice(index, prev_index + self.parameters.max_entries_per_message)
        return AppendEntries(
            self.current_term, prev_index, log.term_at(prev_index), entries, self.commit_index
        )

    def _send_snapshot(self, peer: NodeId) -> None:
        """Send the whole snapshot; while one is under way, only heartbeats, since it may take long."""
        now, sent_at = self.host.now(), self.snapshot_sent_at.get(peer)
        snapshot, log = self.snapshot, self.log
        assert snapshot is not None, f"a log that begins at {log.first_index} has a snapshot"
        if sent_at is not None and now - sent_at < self._timeout_to:
            index, term = log.snapshot_index, log.snapshot_term
            self.host.send(peer, AppendEntries(self.current_term, index, term, (), self.commit_index))
            return
        self.snapshot_sent_at[peer] = now
        self.in_flight[peer] = snapshot.last_included_index
        self.host.send(
            peer,
            InstallSnapshot(
                self.current_term, snapshot.last_included_index, snapshot.last_included_term, snapshot.state
            ),
        )

    def _on_ack(self, source: NodeId, match: int) -> None:
        """Note how far `source` agrees with us, durably, and send it what comes next."""
        # Beyond our log only when a disk lied: our last incarnation led in this term, and forgot it.
        last_index = self.log.last_index
        if match > last_index:
            match = last_index
        # An answer may be older than one that came before it: nothing ever moves back.
        match_index = self.match_index
        if match > match_index[source]:
            match_index[source] = match
            if match > self.commit_index:
                self._advance_commit_index(match)
        if source == self.id:
            return
        next_index = self.next_index
        if next_index[source] <= match:
            next_index[source] = match + 1
        in_flight = self.in_flight
        if match >= in_flight[source]:
            in_flight[source] = 0
            if self.snapshot_sent_at:
                self.snapshot_sent_at.pop(source, None)
            if next_index[source] <= last_index:
                self._send_entries((source,))

    def _on_refusal(self, source: NodeId, message: AppendEntriesReply) -> None:
        """Back up next_index to where the logs may agree, and try again (Raft §5.3).

        A refusal that brings nothing new is older than what we know: it starts no further attempt.
        """
        index = min(self.next_index[source], self._back_up(source, message))
        index = max(index, self.match_index[source] + 1)
        if index < self.next_index[source] and source not in self.snapshot_sent_at:
            self.next_index[source] = index
            self._send_entries((source,))

    def _back_up(self, source: NodeId, message: AppendEntriesReply) -> int:
        """Return the index after our last entry of the conflicting term, or the follower's first of it."""
        log = self.log
        index = self.next_index[source] - 1
        while index >= log.first_index and log.term_at(index) > message.conflict_term:
            index -= 1
        if index >= log.first_index and log.term_at(index) == message.conflict_term:
            return index + 1
        return message.conflict_index

    def _advance_commit_index(self, match: int) -> None:
        """Commit what a majority has, if it is of our own term (Raft §5.4.2; Figure 2, leaders 4)."""
        # `committed_index`, spelled out: this is asked at most acknowledgements.
        index = sorted(self.match_index.values())[self._commit_rank]
        if index > self.commit_index and self._may_commit(index):
            self._commit(index)

    def _may_commit(self, index: int) -> bool:
        return self.log.term_at(index) == self.current_term
