"""The whole server: what it listens to, and how it starts."""

from __future__ import annotations

from collections.abc import Mapping

from protocols.api import Group, Handler, Host, Request
from protocols.raft.election import Election
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    RequestVote,
    RequestVoteReply,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.storage import RaftStorage


class Raft(Election):
    """One incarnation of one Raft server; implements `protocols.api.Process`.

    It keeps and changes `storage`, so that it must be a fresh one or a copy.
    """

    __slots__ = ("handlers",)

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self.handlers: Mapping[type, Handler] = {
            AppendEntries: self.on_append_entries,
            AppendEntriesReply: self.on_append_entries_reply,
            RequestVote: self.on_request_vote,
            RequestVoteReply: self.on_request_vote_reply,
            InstallSnapshot: self.on_install_snapshot,
            InstallSnapshotReply: self.on_install_snapshot_reply,
            Request: self.on_request,
        }

    def start(self) -> None:
        """Begin as a follower (Raft §5.2), in the term and with the log that the disk remembers."""
        self.host.note("epoch_seen", self.current_term)
        if self.snapshot is not None:
            self.host.note("restored", self.snapshot.last_included_index, self.snapshot.last_included_term)
        self._reset_election_timer()
