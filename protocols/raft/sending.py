"""Pipelining and batching (Dissertation §10.2): several messages under way, several commands in each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from protocols.api import Entry, Group, Host, NodeId
from protocols.kv import NOOP
from protocols.raft.messages import AppendEntriesReply
from protocols.raft.parameters import RaftParameters
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import Appended, RaftStorage
from protocols.raft.transfer import Transfer


class Sending(Transfer):
    """Sends ahead of the answers, and waits a moment for commands to come together."""

    __slots__ = ("_ahead", "_batch_from", "_batch_ns", "_beating", "_outstanding", "_window", "batch_timer")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self._window = parameters.pipeline
        self._ahead: dict[NodeId, int] = {}  # the last index that was sent to each follower
        self._outstanding: dict[NodeId, deque[int]] = {}  # the last indices of what is under way
        self._beating = False  # while heartbeats are sent, which may be empty
        self._batch_ns = parameters.batch_delay
        self._batch_from = 0  # the first index that waits to be written and sent; 0: none does
        self.batch_timer = host.timer("batch", self._send_batch)

    # Pipelining ---------------------------------------------------------------------------------

    def _send_entries(self, peers: Iterable[NodeId]) -> None:
        if self._window == 1:
            super()._send_entries(peers)
            return
        for peer in peers:
            self._send_ahead(peer)

    def _send_ahead(self, peer: NodeId) -> None:
        """Send what follows the last that was sent; a full window waits for an answer (§10.2.1)."""
        index = max(self.next_index[peer], self._ahead.get(peer, 0) + 1)
        if index <= self.log.snapshot_index:
            self._send_snapshot(peer)
            return
        message = self._entries_from(index)
        if message.entries:
            last = self._ahead[peer] = index - 1 + len(message.entries)
            outstanding = self._outstanding.setdefault(peer, deque())
            outstanding.append(last)
            if len(outstanding) >= self._window:
                self.in_flight[peer] = last
        elif not self._beating:
            return
        self.host.send(peer, message)

    def _on_heartbeat_timer(self) -> None:
        """Send heartbeats; what is not answered by then may be lost, and is sent again with them."""
        if self._window == 1:
            super()._on_heartbeat_timer()
            return
        self._ahead.clear()
        self._outstanding.clear()
        self._beating = True
        super()._on_heartbeat_timer()
        self._beating = False

    def _on_ack(self, source: NodeId, match: int) -> None:
        outstanding = self._outstanding.get(source)
        if outstanding:
            while outstanding and outstanding[0] <= match:
                outstanding.popleft()
            if len(outstanding) < self._window and source not in self.snapshot_sent_at:
                self.in_flight[source] = 0
        super()._on_ack(source, match)

    def _on_refusal(self, source: NodeId, message: AppendEntriesReply) -> None:
        before = self.next_index[source]
        ahead = self._ahead.pop(source, 0)
        self._outstanding.pop(source, None)
        super()._on_refusal(source, message)
        if self.next_index[source] == before and ahead:
            self._ahead[source] = ahead  # nothing new: what was sent since then is still under way

    def _become_leader(self) -> None:
        self._ahead.clear()
        self._outstanding.clear()
        super()._become_leader()

    # Batching -----------------------------------------------------------------------------------

    def _replicate(self, command: object) -> None:
        if not self._batch_ns or command is NOOP:
            super()._replicate(command)
            return
        log = self.log
        entries = (Entry(self.current_term, command),)
        prev_index, prev_term = log.last_index, log.last_term
        log.append(entries)
        self.host.note("appended", prev_index, prev_term, entries)
        if not self._batch_from:
            self._batch_from = log.last_index
            self.batch_timer.set(self._batch_ns)

    def _send_batch(self) -> None:
        """Write and send together what has come in the meantime."""
        first_index, self._batch_from = self._batch_from, 0
        if not first_index:
            return
        self.batch_timer.cancel()
        last_index = self.log.last_index
        entries = self.log.slice(first_index, last_index)
        if self.role == LEADER:
            self._send_entries([peer for peer in self.peers if not self.in_flight[peer]])
        self.host.save(Appended(first_index - 1, entries))
        self.host.send(self.id, AppendEntriesReply(self.current_term, True, last_index, 0, 0))

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        # What is in the log in memory must be in what is saved, before anything follows it or removes it.
        if self.role == LEADER:
            self._send_batch()
        super()._become_follower(term, reason, voted_for)

    def _take_snapshot(self) -> None:
        self._send_batch()
        super()._take_snapshot()
