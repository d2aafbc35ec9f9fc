"""Pre-vote, and voters that stick to their leader.

Dissertation §9.6 (pre-vote) and §4.2.3 (a server that hears from a leader ignores votes); how they work
together is etcd/raft's (`raft.go`: Step, campaign, becomePreCandidate).
"""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.raft.election import LEADER_HERE, LOG_STALE, TERM_STALE, VOTED
from protocols.raft.messages import (
    PreVote,
    PreVoteReply,
    RequestVote,
    TransferRequestVote,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import FOLLOWER, LEADER, PRE_CANDIDATE
from protocols.raft.storage import RaftStorage
from protocols.raft.timing import Timing

# One more reason why a vote was refused, as in the notes "vote_refused".
HEARD_LEADER = "HEARD_LEADER"  # a leader was heard of within an election timeout


class PreVoting(Timing):
    """Asks before it campaigns, and does not help against a leader that it hears."""

    __slots__ = ("_keeps_lease", "_started_at", "_sticky", "pre_votes")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self._sticky = parameters.voter_stickiness
        self._keeps_lease = parameters.reads == "lease"
        self._started_at = 0
        self.pre_votes: set[NodeId] = set()  # who would vote for us in the next term
        self.handlers = {
            **self.handlers,
            PreVote: self.on_pre_vote,
            PreVoteReply: self.on_pre_vote_reply,
            TransferRequestVote: self.on_request_vote,
        }

    # Voters -------------------------------------------------------------------------------------

    def on_request_vote(self, source: NodeId, message: RequestVote) -> None:
        """Handle RequestVote, unless a leader is heard: then say nothing, and keep the term."""
        if self._sticky and message.term > self.current_term and self._sticks_against(message):
            self.host.note("vote_refused", message.candidate, message.term, HEARD_LEADER)
        else:
            super().on_request_vote(source, message)

    def on_pre_vote(self, source: NodeId, message: PreVote) -> None:
        """Say whether we would vote in that term; nothing changes here, neither term, vote nor timer.

        A grant carries the term that was asked for, since ours may be older; a refusal carries ours,
        for the asking server to catch up. A stale one is told so: silence would leave it asking.
        """
        refusal = self._pre_refusal(message)
        if refusal == HEARD_LEADER and self._sticky and message.term > self.current_term:
            return
        term = self.current_term if refusal else message.term
        self.host.send(source, PreVoteReply(term, not refusal))

    def _pre_refusal(self, message: PreVote) -> str:
        """Return why that server would not get our vote; "" if it would."""
        if message.term < self.current_term:
            return TERM_STALE
        if self._leads_or_hears_leader():
            return HEARD_LEADER
        if message.term == self.current_term and self.voted_for not in (None, message.candidate):
            return LEADER_HERE if self.role == LEADER else VOTED
        return "" if self._is_up_to_date(message) else LOG_STALE

    def _sticks_against(self, message: RequestVote) -> bool:
        """Return whether a candidate is ignored: not if the leader itself sent it (§4.2.3)."""
        return type(message) is not TransferRequestVote and self._leads_or_hears_leader()

    def _leads_or_hears_leader(self) -> bool:
        if self._keeps_lease:
            return self.role == LEADER or self._owes_lease()
        return self.role == LEADER or self._heard_recently()

    def _owes_lease(self) -> bool:
        """Return whether a leader may rely on our not voting: we, or our last incarnation, heard it just now.

        Whatever the term is by now, and though nobody may be known to lead in it: a lease was promised.
        """
        within = self._timeout_from
        return self._timer.heard_within(within) or self.host.now() - self._started_at < within

    def start(self) -> None:
        """Begin; a lease may count on what the last incarnation had heard."""
        self._started_at = self.host.now()
        super().start()

    # The one that asks --------------------------------------------------------------------------

    def on_pre_vote_reply(self, source: NodeId, message: PreVoteReply) -> None:
        """Count who would vote for us; with a majority, campaign."""
        if not message.vote_granted:
            self._observe_term(message.term)
        elif self.role == PRE_CANDIDATE and message.term == self.current_term + 1:
            self.pre_votes.add(source)
            if self._is_quorum(self.pre_votes):
                self._become_candidate()

    def _campaign(self) -> None:
        if self.parameters.pre_vote:
            self._become_pre_candidate()
        else:
            self._become_candidate()

    def _become_pre_candidate(self) -> None:
        """Ask who would vote for us in the next term; term and vote stay what they are."""
        if self.role != PRE_CANDIDATE:
            self.role = PRE_CANDIDATE
            self.leader_id = None
        self.pre_votes = {self.id}
        self._reset_election_timer()
        if self._is_quorum(self.pre_votes):
            self._become_candidate()
            return
        request = PreVote(self.current_term + 1, self.id, self.log.last_index, self.log.last_term)
        for peer in self._voting_peers():
            self.host.send(peer, request)

    def _recognise(self, source: NodeId, term: int) -> bool:
        if self.role == PRE_CANDIDATE and term == self.current_term:
            self.role = FOLLOWER
        return super()._recognise(source, term)
