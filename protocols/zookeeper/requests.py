"""Commands of clients that know no znodes (`protocols.api.Request`): a key-value store beside the tree.

So that a workload for replicated logs runs on an ensemble too. Only the leader answers, through the log.
"""

from __future__ import annotations

from typing import Literal

from protocols.api import Group, Host, NodeId, Reply, Request
from protocols.kv import NEW, STALE
from protocols.zookeeper.leader import Leader
from protocols.zookeeper.log import Txn
from protocols.zookeeper.parameters import EnsembleParameters
from protocols.zookeeper.peer import QuorumPeer
from protocols.zookeeper.storage import ZooKeeperStorage
from protocols.zookeeper.tree import Outcome
from protocols.zookeeper.votes import LOOKING

Result = Literal["ok", "not_leader", "unknown"]


class RequestServer(QuorumPeer):
    """A server that takes such commands."""

    def __init__(
        self, host: Host, group: Group, parameters: EnsembleParameters, storage: ZooKeeperStorage
    ) -> None:
        super().__init__(host, group, parameters, storage)
        self._waiting: dict[tuple[NodeId, int], NodeId | None] = {}  # proposed here; who asked
        self.handlers[Request] = self.on_request

    def on_request(self, source: NodeId, request: Request) -> None:
        """Propose a command once, however often it comes."""
        role = self.role
        if not isinstance(role, Leader) or not role.serving:
            self._reply(source, request, "not_leader", None)
            return
        known = self.history.tree.values.recall(request)
        if known is STALE:
            self._reply(source, request, "unknown", None)
        elif known is not NEW:
            self._reply(source, request, "ok", known)
        else:
            key = request.client, request.serial
            proposed = key in self._waiting
            self._waiting[key] = source
            if not proposed:
                role.propose(0, request.serial, request)

    def applied(self, txn: Txn, outcome: Outcome) -> None:
        """Answer whoever asked for it."""
        request = txn.operation
        if type(request) is not Request:
            return
        source = self._waiting.pop((request.client, request.serial), None)
        if source is not None:
            stale = outcome.value is STALE
            self._reply(source, request, "unknown" if stale else "ok", None if stale else outcome.value)

    def stop_serving(self) -> None:
        """Tell those who wait that this server cannot say what becomes of their commands."""
        for (client, serial), source in self._waiting.items():
            if source is not None:
                self._send(source, Reply(client, serial, "unknown", None, None, self.history.accepted_epoch))
        self._waiting.clear()

    def _reply(self, source: NodeId, request: Request, outcome: Result, value: object) -> None:
        known = self.state != LOOKING and self.role is not None and self.role.serving
        leader = self.servers[self.vote.leader - 1] if known else None
        epoch = self.history.accepted_epoch
        self._send(source, Reply(request.client, request.serial, outcome, value, leader, epoch))

    def _send(self, source: NodeId, reply: Reply) -> None:
        self.host.send(source, reply)
