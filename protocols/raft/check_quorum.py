"""A leader steps down when it hears from no majority (Dissertation §6.2).

In two ways: as in etcd, where flags are tested and cleared every election timeout (`tickHeartbeat`,
MsgCheckQuorum), which takes one to two of them; and as in hashicorp/raft, where the age of each
follower's last answer counts (`checkLeaderLease`, LeaderLeaseTimeout).
"""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.raft.messages import AppendEntriesReply, InstallSnapshotReply
from protocols.raft.parameters import RaftParameters
from protocols.raft.pre_vote import PreVoting
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage
from protocols.raft.timers import TickTimer

QUORUM_LOST = "quorum_lost"
CHECK_MIN_NS = 10_000_000
"""hashicorp/raft: `minCheckInterval`."""


class CheckQuorum(PreVoting):
    """Notes whom the leader hears, and lets it step down."""

    __slots__ = ("_checks", "_heard", "_lease_ns", "quorum_timer")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self._checks = parameters.check_quorum
        self._lease_ns = parameters.leader_lease_timeout
        # When each follower was heard of last since the leadership began; with flags: since the last check.
        self._heard: dict[NodeId, int] = {}
        timer = host.timer("check quorum", self._on_quorum_timer)
        self.quorum_timer = timer if self.ticks is None else TickTimer(timer, self.ticks)
        if self._checks:
            self.handlers = {
                **self.handlers,
                AppendEntriesReply: self._on_checked_reply,
                InstallSnapshotReply: self._on_checked_snapshot_reply,
            }

    def _on_checked_reply(self, source: NodeId, message: AppendEntriesReply) -> None:
        if message.term == self.current_term:
            self._heard[source] = self.host.now() if self._lease_ns else 0  # `_note_heard`, spelled out
        self.on_append_entries_reply(source, message)

    def _on_checked_snapshot_reply(self, source: NodeId, message: InstallSnapshotReply) -> None:
        if message.term == self.current_term:
            self._note_heard(source)
        self.on_install_snapshot_reply(source, message)

    def _note_heard(self, source: NodeId) -> None:
        self._heard[source] = self.host.now() if self._lease_ns else 0

    def _become_leader(self) -> None:
        super()._become_leader()
        if self._checks:
            now = self.host.now()
            # A new leader has the benefit of the doubt where ages count (hashicorp: setLastContact).
            self._heard = dict.fromkeys(self.peers, now) if self._lease_ns else {}
            self.quorum_timer.set(self._lease_ns or self._timeout_from)

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        if self.role == LEADER and self._checks:
            self.quorum_timer.cancel()
        super()._become_follower(term, reason, voted_for)

    def _on_quorum_timer(self) -> None:
        if self._lease_ns:
            self._check_ages()
        elif self._is_quorum({self.id, *self._heard}):
            self._heard = {}
            self.quorum_timer.set(self._timeout_from)
        else:
            self._lose_quorum()

    def _check_ages(self) -> None:
        """Step down if no majority answered within the lease; else look again when that may change."""
        now = self.host.now()
        young = {node: now - at for node, at in self._heard.items() if now - at <= self._lease_ns}
        if self._is_quorum({self.id, *young}):
            oldest = max(young.values(), default=0)
            self.quorum_timer.set(max(self._lease_ns - oldest, CHECK_MIN_NS))
        else:
            self._lose_quorum()

    def _lose_quorum(self) -> None:
        self.leader_id = None
        self._become_follower(self.current_term, QUORUM_LOST)
