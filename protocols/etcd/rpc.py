"""What clients and members say to each other, under the names of the gRPC services.

All but `Renew` travels on a connection (`protocols.connections`), which neither loses nor reorders.
Source: `api/etcdserverpb/rpc.proto` (KV, Lease, Watch); `server/lease/leasehttp` for renewals.
"""

from __future__ import annotations

from typing import Any, Literal

from protocols.api import message
from protocols.etcd.operations import LeaseId, WatchEvent


@message
class Unary:
    """One request. `serializable`: a read of what this member happens to have."""

    serial: int
    operation: Any
    serializable: bool


@message
class UnaryReply:
    """The answer: "ok" with a response; "timeout": nobody knows whether it was or will be done."""

    serial: int
    outcome: Literal["ok", "timeout"]
    response: Any


@message
class KeepAlive:
    """Renew a lease (a message of the stream LeaseKeepAlive); `number` tells the answers apart."""

    lease: LeaseId
    number: int


@message
class KeepAliveReply:
    """The lease has its TTL anew, from when the primary lessor handled the request; 0: it is gone."""

    lease: LeaseId
    number: int
    ttl_ns: int


@message
class KeepAliveBroken:
    """The member ends the stream LeaseKeepAlive: it knows no leader, or nobody answers for one."""


@message
class Renew:
    """A member passes a renewal on to the leader; `ticket` brings the answer back."""

    ticket: int
    lease: LeaseId


@message
class RenewReply:
    """The primary lessor's answer: the TTL; 0: no such lease; -1: this member is not the primary."""

    ticket: int
    ttl_ns: int


@message
class WatchCreate:
    """Report the changes of a key, or of those with a prefix, from a revision on."""

    watch: int
    key: str
    prefix: bool
    start_revision: int


@message
class WatchCancel:
    """Report no more."""

    watch: int


@message
class WatchResponse:
    """Changes in order of revision, and the revision of the store that sends them.

    `compact_revision` above 0 (ErrCompacted): the watch is over, what it asked for is forgotten.
    """

    watch: int
    events: tuple[WatchEvent, ...]
    revision: int
    compact_revision: int = 0


@message
class Ping:
    """Is the peer alive? (gRPC keepalive.)"""


@message
class Pong:
    """It is."""
