"""The leader tells its followers at once what is committed, and not with the next message to them.

A service on a follower answers its clients when it has applied an entry itself, and would otherwise wait
for the next heartbeat. Source: etcd-io/raft, `raft.go` (bcastAppend after maybeCommit).
"""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.raft.hosting import Hosting
from protocols.raft.parameters import RaftParameters
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage


class Announcing(Hosting):
    """Sends the commit index when it moves, to followers to which nothing is under way."""

    __slots__ = ("_announced",)

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        self._announced: dict[NodeId, int] = {}

    def _become_leader(self) -> None:
        self._announced = {}
        super()._become_leader()

    def _commit(self, index: int) -> None:
        super()._commit(index)
        if self.role == LEADER:
            self._announce(self.peers)

    def _on_ack(self, source: NodeId, match: int) -> None:
        super()._on_ack(source, match)
        # Those to which something was under way when it was committed.
        if self.role == LEADER and source != self.id:
            self._announce((source,))

    def _announce(self, peers: tuple[NodeId, ...]) -> None:
        if not self.parameters.announce_commits:
            return
        commit, last_index = self.commit_index, self.log.last_index
        for peer in peers:
            idle = not self.in_flight[peer] and self.next_index[peer] > last_index
            if idle and self._announced.get(peer, 0) < commit:
                self._announced[peer] = commit
                self._send_entries((peer,))
