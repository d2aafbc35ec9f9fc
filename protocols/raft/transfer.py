"""Handing leadership over (Dissertation §3.10; etcd/raft MsgTransferLeader, MsgTimeoutNow)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Group, Host, NodeId, Request
from protocols.operations import Stop, TransferLeadership
from protocols.raft.messages import RequestVote, TimeoutNow, TransferRequestVote
from protocols.raft.parameters import RaftParameters
from protocols.raft.reads import Reads
from protocols.raft.service import PLAIN, Propose, Proposed, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage


class Transfer(Reads):
    """Hands leadership over, takes it over, and does so before it stops."""

    __slots__ = ("_called_on", "_stopping", "transfer_timer", "transferee")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self.transferee: NodeId | None = None  # whom we are handing our leadership to
        self.transfer_timer = host.timer("transfer", self._abort_transfer)
        self._called_on = False  # while a campaign begins that the leader called for
        self._stopping: Callable[[], None] | None = None
        if parameters.leadership_transfer:
            self.handlers = {
                **self.handlers,
                TransferLeadership: self.on_transfer_leadership,
                TimeoutNow: self.on_timeout_now,
                Stop: self.on_stop,
            }

    # The leader ---------------------------------------------------------------------------------

    def on_transfer_leadership(self, source: NodeId, order: TransferLeadership) -> None:
        """Bring the target up to date and tell it to campaign; others hand the order on to the leader."""
        if self.role == LEADER:
            self._transfer_to(self._best_follower() if order.to is None else order.to)
        elif self.leader_id is not None and source == self.id:
            self.host.send(self.leader_id, order)

    def resign(self) -> None:
        """Hand the leadership to the best follower, where leadership can be handed over."""
        if self.role == LEADER and self.parameters.leadership_transfer:
            self._transfer_to(self._best_follower())

    def _transfer_to(self, target: NodeId | None) -> None:
        """Begin; a transfer under way to the same server goes on, one to another is given up (etcd)."""
        if target not in self._voting_peers() or target == self.transferee:
            return
        self.transferee = target
        self._bar_lease()
        self.transfer_timer.set(self._timeout_from)
        if self.match_index[target] == self.log.last_index:
            self.host.send(target, TimeoutNow(self.current_term))
        elif not self.in_flight[target]:
            self._send_entries((target,))

    def _best_follower(self) -> NodeId | None:
        """Return who has most of our log, and among these the one of the highest priority."""
        peers = self._voting_peers()
        return max(peers, key=lambda n: (self.match_index[n], self._priority(n)), default=None)

    def _on_ack(self, source: NodeId, match: int) -> None:
        super()._on_ack(source, match)
        if source == self.transferee and self.match_index[source] == self.log.last_index:
            self.host.send(source, TimeoutNow(self.current_term))

    def _abort_transfer(self) -> None:
        """Lead on: the target did not take over within an election timeout (Dissertation §3.10)."""
        self.transferee = None
        self._finish_stop()

    def on_request(self, source: NodeId, request: Request) -> None:
        """Handle a client's command, unless the log is to stop growing."""
        if self.transferee is not None:
            self._reply(source, request, "not_leader", None)
        else:
            super().on_request(source, request)

    def propose(self, command: Any, then: Proposed | None = None) -> int:
        """Replicate `command`, unless the log is to stop growing; see `Member.propose`."""
        if self.transferee is None:
            return super().propose(command, then)
        if then is not None:
            then("not_leader", None)
        return self._next_number()

    def on_propose(self, source: NodeId, message: Propose) -> None:
        """Append what another server proposes, unless the log is to stop growing."""
        if self.transferee is None:
            super().on_propose(source, message)

    # The target ---------------------------------------------------------------------------------

    def on_timeout_now(self, source: NodeId, message: TimeoutNow) -> None:
        """Campaign at once, without pre-vote, and in spite of those who stick to the leader."""
        self._observe_term(message.term)
        if message.term == self.current_term and self.role != LEADER and self._may_campaign():
            self._called_on = True
            self._become_candidate()
            self._called_on = False

    def _vote_request(self) -> RequestVote:
        request = super()._vote_request()
        if self._called_on:
            return TransferRequestVote(
                request.term, request.candidate, request.last_log_index, request.last_log_term
            )
        return request

    # The end ------------------------------------------------------------------------------------

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        led = self.role == LEADER
        super()._become_follower(term, reason, voted_for)
        if led:
            self.transferee = None
            self.transfer_timer.cancel()
            self._finish_stop()

    def on_stop(self, source: NodeId, order: Stop) -> None:
        """Hand leadership over before ending (etcd: TryTransferLeadershipOnShutdown); others end at once."""
        self._stopping = order.done
        if self.role == LEADER and self.transferee is None:
            self._transfer_to(self._best_follower())
        if self.transferee is None:
            self._finish_stop()

    def _finish_stop(self) -> None:
        if self._stopping is not None:
            self._stopping()
