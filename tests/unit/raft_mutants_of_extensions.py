"""Raft's extensions with one thing wrong at a time: reads, leases, pre-vote, CheckQuorum and transfer.

Numbers as in `raft_mutants`. Some of the list are no mistakes of one line here: X12 (a pause between the
check of a lease and its use; a read is checked and taken in one step), X13 (another system's support
epochs), X16 and X21 (combinations of switches, which scenarios compare), X37 (heartbeats past a stalled
disk; all that a process sends waits in one queue).
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import Group, Host, NodeId, ProtocolSpec, Request
from protocols.raft import make_spec
from protocols.raft.extended import ExtendedRaft
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Heartbeat,
    PreVote,
    PreVoteReply,
    RequestVote,
    TimeoutNow,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.reads import Confirmed
from protocols.raft.storage import RaftStorage
from tests.unit.raft_mutants_of_members import (
    AnyVoterSet,
    ChangesBeforeCommit,
    DirectSwitch,
    EverybodyCampaigns,
    InForceWhenCommitted,
    JointNeverLeft,
    LearnerRefuses,
    LearnersCount,
    OldSnapshotRestored,
    SnapshotDiscardsSuffix,
    SnapshotWithoutMembers,
)


class LocalReads(ExtendedRaft):
    """X01: a leader reads without asking anybody (Consul 54, etcd 0.4.1)."""

    def _confirm(self, then: Confirmed) -> None:
        then(self.commit_index)


class ReadsBeforeCommit(ExtendedRaft):
    """X02: a read before an entry of the term is committed (etcd f9382a4)."""

    def _has_committed_in_term(self) -> bool:
        return True


class ReadsAfterFall(ExtendedRaft):
    """X03: a read is answered although the leader was deposed meanwhile (etcd 20418)."""

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        while self._reads:
            read = self._reads.popleft()
            read.then(read.index)
        super()._become_follower(term, reason, voted_for)


class RoundUsedAgain(ExtendedRaft):
    """X04: a retry has the number of the round before (etcd-io/raft 397)."""

    def _begin_round(self) -> None:
        self._round = 0
        super()._begin_round()


class AnyAnswerConfirms(ExtendedRaft):
    """X05: an acknowledgement without a round counts for the newest one."""

    def _on_append(self, source: NodeId, message: AppendEntriesReply) -> None:
        self.on_append_entries_reply(source, message)
        self._acked[source] = self._round
        self._count_round()

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self.handlers = {**self.handlers, AppendEntriesReply: self._on_append}


class LeaseWithoutClock(ExtendedRaft):
    """X06: the lease is CheckQuorum alone (etcd-io/raft 166, SOFAJRaft 34)."""

    def _lease_holds(self) -> bool:
        return True


class LeaseFromAnswer(ExtendedRaft):
    """X07: the lease begins when the answers come."""

    def _extend_lease(self, sent_at: int) -> None:
        super()._extend_lease(self.host.now())


class LeaseWithoutStickiness(ExtendedRaft):
    """X08: voters elect another leader within the lease (SOFAJRaft 25, etcd 10082)."""

    def _sticks_against(self, message: RequestVote) -> bool:
        return False


class DriftIgnored(ExtendedRaft):
    """X09: the lease is as long as the timeout, whatever the clocks do."""

    def _extend_lease(self, sent_at: int) -> None:
        self._lease_until = sent_at + self._timeout_from


class LeaseKeptInTransfer(ExtendedRaft):
    """X10: a leader that has told another one to campaign relies on its lease (etcd 12704)."""

    def _bar_lease(self) -> None:
        pass


class RestartForgets(ExtendedRaft):
    """X11: a voter that restarted votes at once, although it had answered a leader."""

    def _owes_lease(self) -> bool:
        return self._timer.heard_within(self._timeout_from)


class PreVoteInSpiteOfLeader(ExtendedRaft):
    """X14: a pre-vote is granted by who hears a leader."""

    def _leads_or_hears_leader(self) -> bool:
        return False


class PreVoteBumpsTerm(ExtendedRaft):
    """X15: a pre-vote takes the receiver to its term."""

    def on_pre_vote(self, source: NodeId, message: PreVote) -> None:
        self._observe_term(message.term)
        super().on_pre_vote(source, message)


class StalePreVoteDropped(ExtendedRaft):
    """X17: a pre-vote of a lower term is dropped in silence (etcd 3c7359d)."""

    def on_pre_vote(self, source: NodeId, message: PreVote) -> None:
        if message.term >= self.current_term:
            super().on_pre_vote(source, message)


class GrantWithOwnTerm(ExtendedRaft):
    """X18: a granted pre-vote carries the voter's term."""

    def on_pre_vote(self, source: NodeId, message: PreVote) -> None:
        refusal = self._pre_refusal(message)
        self.host.send(source, PreVoteReply(self.current_term, not refusal))


class PreVoteIsContact(ExtendedRaft):
    """X19: a pre-vote resets the timer of who grants it (hashicorp/raft 609)."""

    def on_pre_vote(self, source: NodeId, message: PreVote) -> None:
        super().on_pre_vote(source, message)
        self._reset_election_timer()


class TransferTargetIgnored(ExtendedRaft):
    """X20: voters stick to a leader that has called for another one (hashicorp/raft 605)."""

    def _sticks_against(self, message: RequestVote) -> bool:
        return self._leads_or_hears_leader()


class StuckNodeIgnored(ExtendedRaft):
    """X22: a leader of a lower term gets no answer, and never hears of the higher one."""

    def on_append_entries(self, source: NodeId, message: AppendEntries) -> None:
        if message.term >= self.current_term:
            super().on_append_entries(source, message)


class FlagsNeverCleared(ExtendedRaft):
    """X24: whoever was heard once counts for ever."""

    def _on_quorum_timer(self) -> None:
        heard = self._heard
        super()._on_quorum_timer()
        self._heard = heard


class TransferNeverEnds(ExtendedRaft):
    """X25: a transfer that failed is not given up (hashicorp/raft 493)."""

    def _abort_transfer(self) -> None:
        pass


class AcceptsInTransfer(ExtendedRaft):
    """X25: commands are accepted during a transfer, so that the target may never catch up."""

    def on_request(self, source: NodeId, request: Request) -> None:
        transferee, self.transferee = self.transferee, None
        super().on_request(source, request)
        self.transferee = transferee


class CalledOnForEver(ExtendedRaft):
    """X26: every later campaign passes for one that the leader called for (hashicorp/raft 570)."""

    def on_timeout_now(self, source: NodeId, message: TimeoutNow) -> None:
        super().on_timeout_now(source, message)
        self._called_on = True


class HeartbeatWithFullCommit(ExtendedRaft):
    """R17: a heartbeat, which has no check of the log, carries the leader's whole commit index."""

    def _begin_round(self) -> None:
        self._round += 1
        for peer in self.peers:
            self.host.send(peer, Heartbeat(self.current_term, self._round, self.commit_index))


_CLASSES: dict[str, type[ExtendedRaft]] = {
    "R17": HeartbeatWithFullCommit,
    "X01": LocalReads,
    "X02": ReadsBeforeCommit,
    "X03": ReadsAfterFall,
    "X04": RoundUsedAgain,
    "X05": AnyAnswerConfirms,
    "X06": LeaseWithoutClock,
    "X07": LeaseFromAnswer,
    "X08": LeaseWithoutStickiness,
    "X09": DriftIgnored,
    "X10": LeaseKeptInTransfer,
    "X11": RestartForgets,
    "X14": PreVoteInSpiteOfLeader,
    "X15": PreVoteBumpsTerm,
    "X17": StalePreVoteDropped,
    "X18": GrantWithOwnTerm,
    "X19": PreVoteIsContact,
    "X20": TransferTargetIgnored,
    "X22": StuckNodeIgnored,
    "X23": LearnersCount,
    "X24": FlagsNeverCleared,
    "X25": TransferNeverEnds,
    "X25b": AcceptsInTransfer,
    "X26": CalledOnForEver,
    "X27": ChangesBeforeCommit,
    "X28": DirectSwitch,
    "X29": AnyVoterSet,
    "X30": InForceWhenCommitted,
    "X31": EverybodyCampaigns,
    "X32": LearnerRefuses,
    "X33": SnapshotDiscardsSuffix,
    "X34": OldSnapshotRestored,
    "X35": SnapshotWithoutMembers,
    "X36": JointNeverLeft,
}


def _factory(number: str, process: type[ExtendedRaft]) -> Callable[[], ProtocolSpec]:
    return lambda: make_spec(f"raft-{number}", process)


MUTANTS: dict[str, Callable[[], ProtocolSpec]] = {
    number: _factory(number, process) for number, process in _CLASSES.items()
}
"""Number -> what makes the specification of that mutant."""
