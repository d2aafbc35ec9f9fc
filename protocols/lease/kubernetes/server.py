"""The API server, as far as one Lease is concerned: compare-and-swap on its resourceVersion."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from protocols.api import Group, Handler, Host, NodeId
from protocols.lease.kubernetes.messages import (
    CreateLease,
    GetLease,
    GetReply,
    LeaderElectionRecord,
    StoredLease,
    UpdateLease,
    WriteReply,
)
from protocols.lease.kubernetes.parameters import KubernetesParameters


class ApiStorage:
    """The Lease on disk, None before it is created."""

    __slots__ = ("lease",)

    def __init__(self) -> None:
        self.lease: StoredLease | None = None

    def apply(self, record: StoredLease) -> None:
        """Fold one record: the Lease as it is now."""
        self.lease = record

    def copy(self) -> ApiStorage:
        """Return an independent copy."""
        return copy(self)


class ApiServer:
    """Stores one Lease, durably, and knows nothing of what it means."""

    def __init__(self, host: Host, group: Group, parameters: KubernetesParameters, image: ApiStorage) -> None:
        self.host = host
        self.lease = image.lease
        self.handlers: Mapping[type, Handler] = {
            GetLease: self.on_get,
            CreateLease: self.on_create,
            UpdateLease: self.on_update,
        }

    def start(self) -> None:
        """Nothing to do but wait."""

    def on_get(self, source: NodeId, asked: GetLease) -> None:
        """Answer with the Lease."""
        self.host.send(source, GetReply(asked.request, self.lease))

    def on_create(self, source: NodeId, asked: CreateLease) -> None:
        """Create the Lease, or answer that it exists."""
        written = self._write(asked.record) if self.lease is None else None
        self.host.send(source, WriteReply(asked.request, written))

    def on_update(self, source: NodeId, asked: UpdateLease) -> None:
        """Replace the content, or answer that another version was asked for."""
        lease = self.lease
        current = lease is not None and asked.resource_version in (None, lease.resource_version)
        self.host.send(source, WriteReply(asked.request, self._write(asked.record) if current else None))

    def _write(self, record: LeaderElectionRecord) -> StoredLease:
        version = self.lease.resource_version + 1 if self.lease else 1
        self.lease = StoredLease(record, version)
        self.host.save(self.lease)
        return self.lease
