"""The replicated state machine: the store and the leases, changed by committed operations only.

Source: `server/etcdserver/apply` (the applier), `server/lease/lessor.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from protocols.api import record
from protocols.etcd.leases import Lease, Leases, LeasesState
from protocols.etcd.operations import (
    NO_LEASE,
    Compact,
    Delete,
    Done,
    Failed,
    Get,
    LeaseCheckpoint,
    LeaseGrant,
    LeaseGrantResponse,
    LeaseId,
    LeaseRevoke,
    Put,
    Response,
    Txn,
    TxnResponse,
    WatchEvent,
)
from protocols.etcd.store import Store, StoreState
from protocols.kv import KeyValue, KeyValueState


class Listener(Protocol):
    """What a member does when its state machine changes."""

    def changed(self, events: list[WatchEvent]) -> None:
        """Keys changed, all under one revision."""

    def granted(self, lease: LeaseId) -> None:
        """A lease was made."""

    def revoked(self, lease: LeaseId) -> None:
        """A lease ended, and its keys are gone."""

    def checkpointed(self, lease: LeaseId) -> None:
        """What remains of a lease was recorded."""


@record
class MachineState:
    """A snapshot of everything."""

    plain: KeyValueState
    store: StoreState
    leases: LeasesState


class EtcdMachine:
    """The store and its leases; beside them the plain map on which workloads run their commands.

    A command is an operation of etcd, or a tuple such as ("put", key, value) for the plain map.
    Implements `protocols.sessions.StateMachine`.
    """

    __slots__ = ("_apply", "_plain", "leases", "listener", "store")

    def __init__(self) -> None:
        self._plain = KeyValue()
        self.leases = Leases()
        self.store = Store(self.leases.attach)
        self.listener: Listener | None = None
        self._apply: dict[type, Callable[[Any], Any]] = {
            Put: self._write,
            Delete: self._write,
            Txn: self._txn,
            LeaseGrant: self._grant,
            LeaseRevoke: self._revoke,
            LeaseCheckpoint: self._checkpoint,
            Compact: self._compact,
            tuple: self._plain.execute,
        }

    def apply(self, command: Any) -> Any:
        """Execute a command, tell the listener what changed, and return the answer."""
        response = self._apply[type(command)](command)
        events = self.store.end()
        if events and self.listener is not None:
            self.listener.changed(events)
        return response

    def read(self, operation: Get | Txn) -> Response:
        """Answer what changes nothing, from the state as it is."""
        return self.store.get(operation) if type(operation) is Get else self._txn(operation)

    def snapshot(self) -> MachineState:
        """Return the whole state; later operations do not change what was returned."""
        return MachineState(self._plain.snapshot(), self.store.snapshot(), self.leases.snapshot())

    def restore(self, state: MachineState) -> None:
        """Replace the whole state by a snapshot."""
        self._plain.restore(state.plain)
        self.store.restore(state.store)
        self.leases.restore(state.leases)

    def _write(self, operation: Any) -> Response:
        if self._lacks_lease(operation):
            return Failed("lease_not_found")
        store = self.store
        return store.put(operation) if type(operation) is Put else store.delete(operation)

    def _txn(self, txn: Any) -> Response:
        succeeded = all(map(self.store.holds, txn.compare))
        operations = txn.success if succeeded else txn.failure
        # Nothing of a transaction is done if a lease is missing: `checkRequestPut` looks before.
        if any(map(self._lacks_lease, operations)):
            return Failed("lease_not_found")
        store = self.store
        run: dict[type, Callable[[Any], Any]] = {Put: store.put, Delete: store.delete, Get: store.get}
        responses = [run[type(operation)](operation) for operation in operations]
        revision = max([store.revision, *(response.revision for response in responses)])
        return TxnResponse(revision, succeeded, tuple(responses))

    def _lacks_lease(self, operation: Any) -> bool:
        return type(operation) is Put and operation.lease not in (NO_LEASE, *self.leases.all)

    def _grant(self, grant: Any) -> Response:
        if grant.lease in self.leases.all:
            return Failed("lease_exists")
        self.leases.all[grant.lease] = Lease(grant.ttl_ns)
        if self.listener is not None:
            self.listener.granted(grant.lease)
        return LeaseGrantResponse(grant.lease, grant.ttl_ns)

    def _revoke(self, revoke: Any) -> Response:
        lease = self.leases.all.get(revoke.lease)
        if lease is None:
            return Failed("lease_not_found")
        # In order of name, so that all members delete alike.
        for key in sorted(lease.keys):
            self.store.delete(Delete(key))
        del self.leases.all[revoke.lease]
        if self.listener is not None:
            self.listener.revoked(revoke.lease)
        return Done(self.store.revision)

    def _checkpoint(self, checkpoint: Any) -> Response:
        for id, remaining_ns in checkpoint.remaining:
            if id in self.leases.all:
                self.leases.all[id].remaining_ns = remaining_ns
                if self.listener is not None:
                    self.listener.checkpointed(id)
        return Done(self.store.revision)

    def _compact(self, compact: Any) -> Response:
        return self.store.compact(compact.revision) or Done(self.store.revision)
