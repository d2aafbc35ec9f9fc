"""Changing the members: one server at a time, or jointly; servers without a vote.

A configuration is in force from the moment it is in the log (Raft §6, Dissertation §4.1), committed or
not, and out of force when it is truncated. A leader begins no change before it has committed an entry of
its own term (Ongaro's correction of 2015) and none while another one is under way.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from protocols.api import Entry, Group, Host, NodeId
from protocols.operations import ChangeMembers
from protocols.quorum import committed_index
from protocols.raft.configuration import Configuration, ConfiguredState, changed, one_step
from protocols.raft.extended import ExtendedRaft
from protocols.raft.messages import AppendEntriesReply, InstallSnapshot, InstallSnapshotReply
from protocols.raft.parameters import RaftParameters, initial_members
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage

REMOVED = "removed"


class Reconfiguring(ExtendedRaft):
    """A server whose fellow members may change."""

    __slots__ = ("_configurations", "_joint", "_wanted", "configuration")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        self.configuration = Configuration(*initial_members(parameters, group.servers))
        # Those in the log with their index, the newest last; the first one is that of the snapshot.
        self._configurations: list[tuple[int, Configuration]] = [(0, self.configuration)]
        super().__init__(host, group, parameters, storage, seam)
        self._joint = parameters.membership == "joint"
        self._wanted: Configuration | None = None  # what a leader was ordered to get to
        first_index = self.log.first_index
        self._note_configurations(first_index, self.log.slice(first_index, self.log.last_index))
        self.handlers = {**self.handlers, ChangeMembers: self.on_change_members}
        self._take_force()

    def start(self) -> None:
        """Begin as a follower; who has no vote waits for entries."""
        super().start()
        self._tell_members()

    # Which configuration is in force ------------------------------------------------------------

    def _note_configurations(self, first_index: int, entries: tuple[Entry, ...]) -> bool:
        """Remember the configurations among new entries; return whether there were any."""
        count = len(self._configurations)
        for index, entry in enumerate(entries, first_index):
            if type(entry.command) is Configuration:
                self._configurations.append((index, entry.command))
        return len(self._configurations) > count

    def _take_force(self) -> None:
        """Let the newest configuration decide from here on."""
        self.configuration = configuration = self._configurations[-1][1]
        before = self.peers
        self.servers = configuration.members
        self.peers = tuple(node for node in configuration.members if node != self.id)
        if self.role == LEADER:
            self._begin_with([peer for peer in self.peers if peer not in before])

    def _begin_with(self, new: list[NodeId]) -> None:
        """Know nothing of those who are new; what is known of who is gone is forgotten when it returns."""
        for peer in new:
            self.next_index[peer] = self.log.last_index + 1
            self.match_index[peer] = self.in_flight[peer] = 0
            for known in (self.snapshot_sent_at, self._ahead, self._outstanding):
                known.pop(peer, None)
            if self._lease_ns:
                self._heard[peer] = self.host.now()

    def _change_force(self) -> None:
        self._take_force()
        self._tell_members()

    def _tell_members(self) -> None:
        now = self.configuration
        self.host.note("membership", now.voters, now.outgoing, now.learners)

    def _append(self, entries: tuple[Entry, ...]) -> None:
        first_index = self.log.last_index + 1
        super()._append(entries)
        if self._note_configurations(first_index, entries):
            self._change_force()

    def _truncate_from(self, index: int) -> None:
        super()._truncate_from(index)
        if self._configurations[-1][0] >= index:
            self._configurations = [each for each in self._configurations if each[0] < index]
            self._change_force()

    def _replicate(self, command: object) -> None:
        if type(command) is Configuration:
            # In force before it is sent: who is new gets it, and who is gone does not.
            self._configurations.append((self.log.last_index + 1, command))
            self._change_force()
        super()._replicate(command)

    def _machine_state(self) -> Any:
        """Return the state of the machine, with the configuration as of the last applied entry (§7)."""
        known = [each for each in self._configurations if each[0] <= self.last_applied]
        self._configurations = self._configurations[len(known) - 1 :]
        return ConfiguredState(known[-1][1], super()._machine_state())

    def _load_state(self, state: ConfiguredState, index: int) -> None:
        super()._load_state(state.state, index)
        later = [each for each in self._configurations if each[0] > index and self.log.last_index >= each[0]]
        self._configurations = [(index, state.configuration), *later]
        self._take_force()

    def _restore(self, message: InstallSnapshot) -> None:
        super()._restore(message)
        self._tell_members()  # the snapshot's configuration is in force now

    # Who decides --------------------------------------------------------------------------------

    @property
    def voter_sets(self) -> tuple[tuple[NodeId, ...], ...]:
        """Return the sets of voters of each of which a majority decides, for checkers."""
        return self.configuration.sets

    def _is_quorum(self, acks: Container[NodeId]) -> bool:
        return self.configuration.is_quorum(acks)

    def _has_won(self) -> bool:
        return self.configuration.is_quorum(self.votes)

    def _voting_peers(self) -> tuple[NodeId, ...]:
        return tuple(node for node in self.configuration.deciding if node != self.id)

    def _may_campaign(self) -> bool:
        """Return whether this server has a vote: learners and strangers do not campaign (etcd db54973).

        Whoever was removed still does until that is committed, since nobody else may have the entry
        that says so; its own vote does not count (Dissertation §4.2.2).
        """
        if self.id in self.configuration.deciding:
            return True
        last = self._configurations[-2:]
        return len(last) == 2 and last[1][0] > self.commit_index and self.id in last[0][1].deciding

    def _request_votes(self) -> None:
        request = self._vote_request()
        for peer in self._voting_peers():
            self.host.send(peer, request)

    def _advance_commit_index(self, match: int) -> None:
        """Commit what a majority of the voters has, and while joint a majority of the old ones too (§6)."""
        found = self.match_index
        index = min(
            committed_index(found.get(node, 0) for node in voters) for voters in self.configuration.sets
        )
        if index > self.commit_index and self._may_commit(index):
            self._commit(index)

    def on_append_entries_reply(self, source: NodeId, message: AppendEntriesReply) -> None:
        """Handle the answer of a follower; one that is no member any more has nothing to say."""
        if message.term != self.current_term or source == self.id or source in self.peers:
            super().on_append_entries_reply(source, message)

    def on_install_snapshot_reply(self, source: NodeId, message: InstallSnapshotReply) -> None:
        """Handle the answer to a snapshot; one of who is no member any more says nothing."""
        if message.term != self.current_term or source in self.peers:
            super().on_install_snapshot_reply(source, message)

    # Changes ------------------------------------------------------------------------------------

    def on_change_members(self, source: NodeId, order: ChangeMembers) -> None:
        """Begin a change as soon as the one under way is over; others hand the order on to the leader."""
        if self.role == LEADER:
            self._wanted = changed(self._wanted or self.configuration.left(), order)
            self._go_on_changing()
        elif self.leader_id is not None and source == self.id:
            self.host.send(self.leader_id, order)

    def _go_on_changing(self) -> None:
        """Append the next configuration on the way to the one that is wanted, if that may be done now."""
        under_way = self._configurations[-1][0] > self.commit_index
        if under_way or self.transferee is not None or not self._has_committed_in_term():
            return
        now, wanted = self.configuration, self._wanted
        if now.outgoing:
            self._replicate(now.left())  # whoever began it: a joint configuration is not to stay
        elif wanted is not None and wanted != now:
            self._replicate(self._next_configuration(now, wanted))
        else:
            self._wanted = None

    def _next_configuration(self, now: Configuration, wanted: Configuration) -> Configuration:
        if self._joint and set(wanted.voters) != set(now.voters):
            return replace(wanted, outgoing=now.voters)
        return one_step(now, wanted)

    def _commit(self, index: int) -> None:
        super()._commit(index)
        if self.role == LEADER:
            self._go_on_changing()
        if self.role == LEADER and self._is_out():
            self.leader_id = None
            self._become_follower(self.current_term, REMOVED)

    def _is_out(self) -> bool:
        """Return whether the committed configuration has no vote for us: then somebody else leads (§6)."""
        index, configuration = self._configurations[-1]
        return index <= self.commit_index and self.id not in configuration.deciding

    def _become_leader(self) -> None:
        self._wanted = None
        super()._become_leader()
        self.match_index.setdefault(self.id, 0)  # of a leader that is being removed, too
