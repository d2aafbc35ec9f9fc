"""The lowest layer of the server: its state, under the names of Raft Figure 2, and its disk.

The server is one class in five layers, each of which knows only those below it: state, requests
(apply and answer), follower, leader, election. Being one object keeps the path of a heartbeat short.
"""

from __future__ import annotations

from typing import Literal

from protocols.api import Group, Host, NodeId, Timer
from protocols.raft.log import Log
from protocols.raft.messages import AppendEntriesReply
from protocols.raft.parameters import RaftParameters, heartbeat, timeouts
from protocols.raft.storage import HardState, RaftStorage, SnapshotTaken

RoleName = Literal["follower", "pre_candidate", "candidate", "leader"]
FOLLOWER: RoleName = "follower"
PRE_CANDIDATE: RoleName = "pre_candidate"
CANDIDATE: RoleName = "candidate"
LEADER: RoleName = "leader"


class RaftState:
    """State, persistence and the election timer of one server."""

    __slots__ = (
        "_ack",
        "_heartbeat_ns",
        "_note_appended",
        "_note_applied",
        "_note_committed",
        "_randrange",
        "_timeout_from",
        "_timeout_to",
        "commit_index",
        "current_term",
        "election_timer",
        "host",
        "id",
        "last_applied",
        "leader_id",
        "log",
        "parameters",
        "peers",
        "role",
        "servers",
        "snapshot",
        "voted_for",
    )

    election_timer: Timer  # made by the layer that knows what to do when it fires

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        self.host = host
        self.id = host.id
        self.parameters = parameters
        self.servers = group.servers
        self.peers = tuple(server for server in group.servers if server != host.id)
        # Persistent; the image is ours to change.
        self.current_term: int = storage.current_term
        self.voted_for: NodeId | None = storage.voted_for
        self.log: Log = storage.log
        self.snapshot: SnapshotTaken | None = storage.snapshot
        # Volatile. What a snapshot covers was committed and applied before it was taken.
        self.commit_index = storage.log.snapshot_index
        self.last_applied = storage.log.snapshot_index
        self.role: RoleName = FOLLOWER
        self.leader_id: NodeId | None = None
        # What happens at every command on every server.
        self._note_appended = host.noter("appended")
        self._note_committed = host.noter("committed")
        self._note_applied = host.noter("applied")
        self._randrange = host.random.randrange
        self._heartbeat_ns = heartbeat(parameters)
        self._timeout_from, longest = timeouts(parameters)
        # A range without any width is allowed: it is how an election without randomness livelocks.
        self._timeout_to = max(longest, self._timeout_from + 1)
        # The last acknowledgement, sent again as long as nothing changes: the answer to a heartbeat.
        self._ack = AppendEntriesReply(self.current_term, True, -1, 0, 0)

    def _reset_election_timer(self) -> None:
        self.election_timer.set(self._randrange(self._timeout_from, self._timeout_to))

    def _set_term(self, term: int, voted_for: NodeId | None) -> None:
        """Begin `term` in memory; whoever calls this saves it before it reveals the term to anybody."""
        self.current_term, self.voted_for = term, voted_for
        self.leader_id = None
        self._ack = AppendEntriesReply(term, True, -1, 0, 0)
        self.host.note("epoch_seen", term)

    def _save_hard_state(self) -> None:
        self.host.save(HardState(self.current_term, self.voted_for))
