"""Elections: campaigning, voting and counting votes (Raft §5.2, §5.4.1; Figure 2)."""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.quorum import has_majority
from protocols.raft.leader import Leader
from protocols.raft.messages import RequestVote, RequestVoteReply
from protocols.raft.parameters import RaftParameters
from protocols.raft.state import CANDIDATE, LEADER
from protocols.raft.storage import RaftStorage

# Why a vote was refused, as in the notes "vote_refused".
TERM_STALE = "TERM_STALE"  # the candidate's term is over
LOG_STALE = "LOG_STALE"  # the candidate's log lacks something that ours has
VOTED = "VOTED"  # the vote of that term went to somebody else
LEADER_HERE = "LEADER"  # we lead in that term


class Election(Leader):
    """Voting, and becoming a candidate."""

    __slots__ = ("votes",)

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self.election_timer = host.timer("election", self._on_election_timer)
        self.votes: set[NodeId] = set()  # who granted us its vote in the current term

    def on_request_vote(self, source: NodeId, message: RequestVote) -> None:
        """Handle RequestVote (Raft Figure 2, RequestVote receiver 1 and 2)."""
        refusal = self._refusal(message)
        if message.term > self.current_term:
            # Term and vote become durable in one record.
            self._become_follower(message.term, "higher_term", None if refusal else message.candidate)
        elif not refusal and self.voted_for is None:
            self.voted_for = message.candidate
            self._save_hard_state()
        if refusal:
            self.host.note("vote_refused", message.candidate, message.term, refusal)
        else:
            self._reset_election_timer()
            self.host.note("vote_granted", message.candidate, message.term)
        self.host.send(source, RequestVoteReply(self.current_term, not refusal))

    def on_request_vote_reply(self, source: NodeId, message: RequestVoteReply) -> None:
        """Count a vote of the current term, our own too: it arrives here once it is durable."""
        if message.term != self.current_term:
            self._observe_term(message.term)
        elif message.vote_granted and self.role == CANDIDATE:
            self.votes.add(source)
            if self._has_won():
                self._become_leader()

    def campaign(self) -> None:
        """Stand for election at once, as if the election timer had fired (etcd's `Campaign`)."""
        if self.role != LEADER:
            self._become_candidate()

    def _become_candidate(self) -> None:
        """Start an election (Raft Figure 2, candidates 1).

        The requests may leave before our own vote is durable (`overlap_own_vote`): whatever the log
        held when they were made was saved before, and that they do wait for. A server that forgets
        such a campaign in a crash may vote for another one in that term, since its own vote was
        never counted: it counts when it is durable, and what a leader sends waits for the same.
        """
        self.role = CANDIDATE
        self.votes = set()
        self._set_term(self.current_term + 1, self.id)
        self.host.note("campaigned", self.current_term)
        self.host.note("vote_granted", self.id, self.current_term)
        self._reset_election_timer()
        if self.parameters.overlap_own_vote:
            self._request_votes()
            self._save_hard_state()
        else:
            self._save_hard_state()
            self._request_votes()
        self.host.send(self.id, RequestVoteReply(self.current_term, True))

    def _request_votes(self) -> None:
        request = self._vote_request()
        for peer in self.peers:
            self.host.send(peer, request)

    def _vote_request(self) -> RequestVote:
        return RequestVote(self.current_term, self.id, self.log.last_index, self.log.last_term)

    def _on_election_timer(self) -> None:
        """Campaign: nobody leads, or nobody won (Raft Figure 2, followers 2 and candidates 4)."""
        self._become_candidate()

    def _refusal(self, message: RequestVote) -> str:
        """Return why the candidate does not get our vote; "" if it does."""
        if message.term < self.current_term:
            return TERM_STALE
        if message.term == self.current_term and self.voted_for not in (None, message.candidate):
            return LEADER_HERE if self.role == LEADER else VOTED
        return "" if self._is_up_to_date(message) else LOG_STALE

    def _is_up_to_date(self, message: RequestVote) -> bool:
        """Return whether the candidate's log is at least as up to date as ours (Raft §5.4.1)."""
        log = self.log
        return (message.last_log_term, message.last_log_index) >= (log.last_term, log.last_index)

    def _has_won(self) -> bool:
        return has_majority(self.servers, self.votes)
