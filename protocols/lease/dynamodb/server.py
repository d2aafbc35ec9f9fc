"""The table, as far as one item is concerned: conditional writes, durable."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from protocols.api import Group, Handler, Host, NodeId
from protocols.lease.dynamodb.messages import GetItem, ItemReply, LockItem, PutItem, PutReply, Stored
from protocols.lease.dynamodb.parameters import DynamoDbParameters


class TableStorage:
    """The item on disk."""

    __slots__ = ("item",)

    def __init__(self) -> None:
        self.item: LockItem | None = None

    def apply(self, record: Stored) -> None:
        """Fold one record."""
        self.item = record.item

    def copy(self) -> TableStorage:
        """Return an independent copy."""
        return copy(self)


class Table:
    """Holds one item, and knows nothing of leases."""

    def __init__(self, host: Host, group: Group, parameters: DynamoDbParameters, image: TableStorage) -> None:
        self.host = host
        self.item = image.item
        self.handlers: Mapping[type, Handler] = {GetItem: self.on_get, PutItem: self.on_put}

    def start(self) -> None:
        """Nothing to do but wait."""

    def on_get(self, source: NodeId, asked: GetItem) -> None:
        """Answer with the item."""
        self.host.send(source, ItemReply(asked.request, self.item))

    def on_put(self, source: NodeId, asked: PutItem) -> None:
        """Write if the condition holds."""
        ok = self._holds(asked)
        if ok:
            self.item = asked.item
            self.host.save(Stored(asked.item))
        self.host.send(source, PutReply(asked.request, ok))

    def _holds(self, asked: PutItem) -> bool:
        version = None if self.item is None else self.item.record_version_number
        return version == asked.expected
