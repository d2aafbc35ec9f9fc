"""Statements on the one row of the table of leases, and how it gets to a replica.

`request` names a statement. `now` is the client's wall clock where the client's time is used, else None.
"""

from __future__ import annotations

from protocols.api import NodeId, message, record

RequestId = tuple[int, int]


@record
class Row:
    """The row as it is committed; `expires_at` is a wall clock. `serial` counts commits."""

    owner: NodeId | None
    epoch: int
    expires_at: int
    serial: int


@record
class Promoted:
    """This server is the primary from this timeline on; or, if not `primary`, follows it.

    `synced`: the primary waits for it with every commit, so that it may take over.
    """

    timeline: int
    primary: bool
    synced: bool


@message
class Claim:
    """UPDATE SET owner = :owner, epoch = epoch + 1, expires_at = now + :ttl WHERE expires_at < now.

    Also where the owner is the one who asks.
    """

    request: RequestId
    owner: NodeId
    ttl: int
    now: int | None


@message
class Extend:
    """UPDATE SET expires_at = now + :ttl WHERE owner = :owner AND epoch = :epoch AND expires_at > now."""

    request: RequestId
    owner: NodeId
    epoch: int
    ttl: int
    now: int | None


@message
class Select:
    """SELECT the row, and whether it is expired."""

    request: RequestId
    now: int | None


@message
class Overwrite:
    """UPDATE SET owner = :owner, epoch = :epoch, expires_at = now + :ttl: whatever is in the row."""

    request: RequestId
    owner: NodeId
    epoch: int
    ttl: int
    now: int | None


@message
class Surrender:
    """UPDATE SET owner = NULL WHERE owner = :owner AND epoch = :epoch."""

    request: RequestId
    owner: NodeId
    epoch: int


Statement = Claim | Extend | Select | Overwrite | Surrender


@message
class RowReply:
    """The result: whether a row was changed (or, of a Select, is free), and the row after it.

    `row` is None where the server is no primary, and nothing was done.
    """

    request: RequestId
    changed: bool
    row: Row | None


@message
class Committed:
    """What a server tells itself when the commit of the row is durable: the lock on it is free."""

    serial: int


@message
class Wal:
    """A commit on its way to the replica."""

    timeline: int
    row: Row


@message
class WalAck:
    """The replica has it on its disk."""

    timeline: int
    serial: int


@message
class KeepAlive:
    """The primary is there, has made so many commits, and waits for the standby with each or not yet."""

    timeline: int
    serial: int
    connected: bool
