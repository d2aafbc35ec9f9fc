"""The etcd server on top of Raft: requests of clients, linearizable reads, watches and leases.

Source: `server/etcdserver/v3_server.go`, `server/etcdserver/api/v3rpc`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from protocols.api import Entry, Handler, NodeId, Refused
from protocols.connections import Connection, Connections
from protocols.etcd.leasing import Leasing
from protocols.etcd.machine import EtcdMachine
from protocols.etcd.operations import Get, LeaseGrant, LeaseId, Txn, WatchEvent
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.rpc import (
    KeepAlive,
    KeepAliveBroken,
    KeepAliveReply,
    Ping,
    Pong,
    Renew,
    RenewReply,
    Unary,
    UnaryReply,
    WatchCancel,
    WatchCreate,
)
from protocols.etcd.watching import Watching
from protocols.raft.service import Member, Proposal

MS = 1_000_000
READ_INDEX_RETRY = 500 * MS
"""A read index that nobody answers is asked for again (`readIndexRetryTime`)."""
LEADER_WAIT = 50 * MS
"""Proposals wait for a leader, and look so often whether there is one."""
NO_LEADER_COUNT = 3
"""Without a leader for so many election timeouts, streams that require one end (`monitorLeader`)."""

Pending = tuple[Connection, Unary]


class EtcdService:
    """What runs beside the Raft of one member; implements `protocols.raft.service.Service`."""

    LEASING: ClassVar[type[Leasing]] = Leasing

    def __init__(self, member: Member, parameters: EtcdParameters) -> None:
        host = member.host
        self._member = member
        self._parameters = parameters
        self._minimum_ttl = parameters.minimum_ttl
        self._election = parameters.election
        self._machine: EtcdMachine = member.machine.machine  # type: ignore[attr-defined]
        self._machine.listener = self
        self._connections = Connections(host, self._delivered, self._closed)
        self._watching = Watching(host, self._machine.store)
        self._leasing = self.LEASING(member, parameters, self._machine.leases)
        self._keepers: dict[Connection, None] = {}  # connections with a keep-alive stream
        # Requests in the order in which they came, each until it is answered, with its deadline.
        self._unanswered: deque[tuple[int, Connection, Unary]] = deque()
        self._leaderless: list[Pending] = []  # proposals that wait for a leader
        self._proposed: dict[int, Pending] = {}
        self._reads: list[Pending] = []  # wait for the read index that is being asked for
        self._reading = 0  # its number
        self._no_leader_count = 0
        self._deadline = host.timer("request deadline", self._on_deadline)
        self._leader_wait = host.timer("leader wait", self._on_leader_wait)
        self._read_retry = host.timer("read index retry", self._read)
        self._monitor = host.timer("leader monitor", self._on_monitor)
        self.handlers: Mapping[type, Handler] = {
            **self._connections.handlers,
            Renew: self._leasing.on_renew,
            RenewReply: self._leasing.on_renew_reply,
            Refused: self._on_refused,
        }
        self._payloads: dict[type, Callable[[Connection, Any], None]] = {
            Unary: self._on_unary,
            KeepAlive: self._on_keep_alive,
            WatchCreate: self._watching.create,
            WatchCancel: self._watching.cancel,
            Ping: lambda connection, ping: connection.send(Pong()),
        }

    def start(self) -> None:
        """Begin."""
        self._leasing.start()
        self._monitor.set(self._election)

    # What Raft tells -----------------------------------------------------------------------------

    def applied(self, index: int, entry: Entry, result: Any) -> None:
        """Answer the client whose proposal this is, whoever was the leader meanwhile."""
        command = entry.command
        if type(command) is Proposal and command.origin == self._member.id:
            pending = self._proposed.pop(command.serial, None)
            if pending is not None:
                self._answer(pending, result)

    def restored(self, index: int) -> None:
        """Begin anew with what a snapshot says."""
        self._watching.restored()

    def became_leader(self, term: int) -> None:
        """Become the primary lessor."""
        self._leasing.promote()

    def stopped_leading(self) -> None:
        """Be it no longer."""
        self._leasing.demote()

    # What the state machine tells ----------------------------------------------------------------

    def changed(self, events: list[WatchEvent]) -> None:
        """Tell the watchers."""
        self._watching.changed(events)

    def granted(self, lease: LeaseId) -> None:
        """Start the deadline of a lease."""
        self._leasing.granted(lease)

    def revoked(self, lease: LeaseId) -> None:
        """Forget the deadline of a lease."""
        self._leasing.revoked(lease)

    def checkpointed(self, lease: LeaseId) -> None:
        """Go on with what waited for that."""
        self._leasing.checkpointed(lease)

    # What clients ask ----------------------------------------------------------------------------

    def _delivered(self, connection: Connection, payload: Any) -> None:
        self._payloads[type(payload)](connection, payload)

    def _closed(self, connection: Connection) -> None:
        self._watching.closed(connection)
        self._keepers.pop(connection, None)

    def _on_refused(self, source: NodeId, refused: Refused) -> None:
        self._connections.on_refused(source, refused)
        self._leasing.on_refused(source)

    def _on_unary(self, connection: Connection, request: Unary) -> None:
        """Serve a read from here, now or at the read index; propose everything else."""
        pending = connection, request
        if request.serializable:
            self._answer(pending, self._machine.read(request.operation))
            return
        deadline = self._member.host.now() + self._parameters.member_timeout
        if not self._unanswered:
            self._deadline.set(self._parameters.member_timeout)
        self._unanswered.append((deadline, connection, request))
        if _only_reads(request.operation):
            self._reads.append(pending)
            if not self._reading:
                self._read()
        else:
            self._propose(pending)

    def _propose(self, pending: Pending) -> None:
        if self._member.leader_id is None:
            self._leaderless.append(pending)
            self._leader_wait.set(LEADER_WAIT)
            return
        operation = pending[1].operation
        if type(operation) is LeaseGrant:
            operation = replace(operation, ttl_ns=max(operation.ttl_ns, self._minimum_ttl))
        self._proposed[self._member.propose(operation)] = pending

    def _on_leader_wait(self) -> None:
        waiting, self._leaderless = self._leaderless, []
        for pending in waiting:
            self._propose(pending)

    def _read(self) -> None:
        """Ask for the read index, for all reads that wait (`linearizableReadLoop`)."""
        reads = len(self._reads)
        if self._reading:
            self._member.abandon(self._reading)
        self._reading = 0

        def then(certain: bool) -> None:
            self._reading = 0
            if certain:
                ready, self._reads = self._reads[:reads], self._reads[reads:]
                for pending in ready:
                    self._answer(pending, self._machine.read(pending[1].operation))
            if not self._reads:
                self._read_retry.cancel()
            elif certain:
                self._read()
            else:
                self._read_retry.set(LEADER_WAIT)

        if reads:
            self._read_retry.set(READ_INDEX_RETRY)
            self._reading = -1  # an answer may come before the number does
            number = self._member.read_index(then)
            if self._reading:
                self._reading = number

    def _answer(self, pending: Pending, response: Any) -> None:
        connection, request = pending
        connection.send(UnaryReply(request.serial, "ok", response))

    def _on_deadline(self) -> None:
        """Give up on what could not be done in time; it may still be done."""
        now, waiting = self._member.host.now(), self._unanswered
        while waiting and waiting[0][0] <= now:
            _, connection, request = waiting.popleft()
            if self._take((connection, request)):
                connection.send(UnaryReply(request.serial, "timeout", None))
        if waiting:
            self._deadline.set(waiting[0][0] - now)

    def _take(self, pending: Pending) -> bool:
        """Forget a request; return whether it was still waiting for something."""
        for queue in (self._reads, self._leaderless):
            if pending in queue:
                queue.remove(pending)
                return True
        numbers = [number for number, each in self._proposed.items() if each == pending]
        for number in numbers:
            del self._proposed[number]
        return bool(numbers)

    def _on_keep_alive(self, connection: Connection, message: KeepAlive) -> None:
        self._keepers[connection] = None
        lease, number = message.lease, message.number

        def answer(ttl_ns: int) -> None:
            if ttl_ns >= 0:
                connection.send(KeepAliveReply(lease, number, ttl_ns))
            else:
                self._break_keep_alives([connection])

        self._leasing.renew(lease, answer)

    def _on_monitor(self) -> None:
        self._monitor.set(self._election)
        self._no_leader_count = 0 if self._member.leader_id is not None else self._no_leader_count + 1
        if self._no_leader_count >= NO_LEADER_COUNT and self._keepers:
            self._break_keep_alives(list(self._keepers))

    def _break_keep_alives(self, connections: list[Connection]) -> None:
        for connection in connections:
            if self._keepers.pop(connection, 1) is None:
                connection.send(KeepAliveBroken())


def _only_reads(operation: Any) -> bool:
    if type(operation) is Get:
        return True
    return type(operation) is Txn and all(
        type(each) is Get for each in (*operation.success, *operation.failure)
    )
