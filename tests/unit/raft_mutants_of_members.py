"""Members, learners and snapshots with one thing wrong at a time; see `raft_mutants_of_extensions`."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from protocols.api import NodeId
from protocols.quorum import has_majority, majority
from protocols.raft.configuration import Configuration, ConfiguredState
from protocols.raft.extended import ExtendedRaft
from protocols.raft.membership import Reconfiguring
from protocols.raft.messages import InstallSnapshot, RequestVote
from protocols.raft.parameters import initial_members


class LearnersCount(Reconfiguring):
    """X23: CheckQuorum counts whoever answers, with a vote or not (hashicorp/raft 308)."""

    def _is_quorum(self, acks: Container[NodeId]) -> bool:
        now = self.configuration
        return sum(node in acks for node in now.members) >= majority(len(now.voters))


class ChangesBeforeCommit(Reconfiguring):
    """X27: a change begins before an entry of the leader's term is committed (corrected in 2015)."""

    def _has_committed_in_term(self) -> bool:
        return True


class DirectSwitch(Reconfiguring):
    """X28: the old configuration is replaced by any other in one step (Raft §6, Figure 10)."""

    def _next_configuration(self, now: Configuration, wanted: Configuration) -> Configuration:
        return wanted


class AnyVoterSet(Reconfiguring):
    """X29: while joint, a majority of all voters together decides."""

    def _has_won(self) -> bool:
        return has_majority(self.configuration.deciding, self.votes)


class InForceWhenCommitted(Reconfiguring):
    """X30: a configuration is in force only when it is committed."""

    def _change_force(self) -> None:
        pass

    def _commit(self, index: int) -> None:
        super()._commit(index)
        self._take_force()


class EverybodyCampaigns(Reconfiguring):
    """X31: learners, strangers and whoever was removed campaign (hashicorp/raft 477, etcd db54973)."""

    def _may_campaign(self) -> bool:
        return True


class LearnerRefuses(Reconfiguring):
    """X32: a server that thinks of itself as a learner does not vote (etcd, the comment in Step)."""

    def on_request_vote(self, source: NodeId, message: RequestVote) -> None:
        if self.id in self.configuration.deciding:
            super().on_request_vote(source, message)


class SnapshotDiscardsSuffix(ExtendedRaft):
    """X33: a snapshot replaces a longer log that agrees with it (etcd 80615be)."""

    def _restore(self, message: InstallSnapshot) -> None:
        super()._restore(message)
        if self.log.last_index > message.last_included_index:
            self._truncate_from(message.last_included_index + 1)


class OldSnapshotRestored(ExtendedRaft):
    """X34: a snapshot older than the state machine takes it back."""

    def on_install_snapshot(self, source: NodeId, message: InstallSnapshot) -> None:
        self.commit_index = min(self.commit_index, message.last_included_index - 1)
        super().on_install_snapshot(source, message)


class SnapshotWithoutMembers(Reconfiguring):
    """X35: a snapshot does not hold the configuration (etcd a424e5b)."""

    def _machine_state(self) -> Any:
        state: ConfiguredState = super()._machine_state()
        initial = Configuration(*initial_members(self.parameters, self._all))
        return ConfiguredState(initial, state.state)

    @property
    def _all(self) -> tuple[NodeId, ...]:
        return tuple(sorted(self._priorities))


class JointNeverLeft(Reconfiguring):
    """X36: a leader does not finish the joint change of the one before (etcd 477ebd8)."""

    def _go_on_changing(self) -> None:
        if self._wanted is not None:
            super()._go_on_changing()
