"""Raft with one thing wrong about votes and elections: see `raft_mutants`."""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.quorum import majority
from protocols.raft.messages import RequestVote, RequestVoteReply
from protocols.raft.parameters import RaftParameters
from protocols.raft.server import Raft
from protocols.raft.state import LEADER
from protocols.raft.storage import HardState, RaftStorage


class VoteNotPersisted(Raft):
    """R01: voted_for does not survive a restart (akka-raft 62, found by DEMi)."""

    def _save_hard_state(self) -> None:
        self.host.save(HardState(self.current_term, None))


class TermNotPersisted(Raft):
    """R02: current_term does not survive a restart."""

    def _save_hard_state(self) -> None:
        self.host.save(HardState(0, None))


class VoteClearedInSameTerm(Raft):
    """R03: the vote is forgotten when a leader of the same term shows up (akka-raft 56)."""

    def _recognise(self, source: NodeId, term: int) -> bool:
        recognised = super()._recognise(source, term)
        if recognised:
            self.voted_for = None
        return recognised


class DuplicateVotesCounted(Raft):
    """R04: answers are counted instead of voters (akka-raft 45)."""

    def on_request_vote_reply(self, source: NodeId, message: RequestVoteReply) -> None:
        super().on_request_vote_reply(f"{source} {len(self.votes)}", message)

    def _has_won(self) -> bool:
        return len(self.votes) >= majority(len(self.servers))


class OldVotesCounted(Raft):
    """R05: a vote for an earlier term counts in this one (akka-raft 46)."""

    def on_request_vote_reply(self, source: NodeId, message: RequestVoteReply) -> None:
        term = max(message.term, self.current_term)
        super().on_request_vote_reply(source, RequestVoteReply(term, message.vote_granted))


class TallyNotReset(Raft):
    """R06: votes of the last campaign count in the next (etcd 8edd37a)."""

    def _become_candidate(self) -> None:
        votes = self.votes
        super()._become_candidate()
        self.votes = votes


class LeaderGrantsVote(Raft):
    """R07: a leader votes for another candidate of its own term (DaosRaft, found by SandTable)."""

    def _refusal(self, message: RequestVote) -> str:
        own = self.role == LEADER and message.term == self.current_term
        return "" if own else super()._refusal(message)


class NoLogCheck(Raft):
    """R08: votes are given whatever the candidate's log lacks."""

    def _is_up_to_date(self, message: RequestVote) -> bool:
        return True


class LengthOnly(Raft):
    """R09: the longer log wins, whatever its last term."""

    def _is_up_to_date(self, message: RequestVote) -> bool:
        return message.last_log_index >= self.log.last_index


class CommitIndexCompared(Raft):
    """R10: a candidate must have what the voter knows to be committed, not what its log has."""

    def _is_up_to_date(self, message: RequestVote) -> bool:
        return message.last_log_index >= self.commit_index


class TimerResetOnAnyRequest(Raft):
    """R22: a candidate that gets no vote puts the election off nevertheless (MIT students' guide)."""

    def on_request_vote(self, source: NodeId, message: RequestVote) -> None:
        super().on_request_vote(source, message)
        self._reset_election_timer()


class TimerNotResetOnGrant(Raft):
    """R23: a voter goes on to campaign against the one that it voted for."""

    def on_request_vote(self, source: NodeId, message: RequestVote) -> None:
        # A leader that steps down has no timer running, and gets one all the same.
        deaf = self.role != LEADER
        shortest = self._timeout_from
        self._timeout_from = -1 if deaf else shortest
        super().on_request_vote(source, message)
        self._timeout_from = shortest

    def _reset_election_timer(self) -> None:
        if self._timeout_from >= 0:
            super()._reset_election_timer()


class NoRandomness(Raft):
    """R24: all election timeouts are equal (Raft §9.3 shows what happens)."""

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self._timeout_to = self._timeout_from + 1


class DrawnOnce(Raft):
    """R25: a process draws its election timeout once; servers that drew alike split the vote for ever."""

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self._timeout_from = self._randrange(self._timeout_from, self._timeout_to)
        self._timeout_to = self._timeout_from + 1
