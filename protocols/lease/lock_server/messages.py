"""What a lock server and its clients say to each other. A `request` names a request: (session, serial)."""

from __future__ import annotations

from protocols.api import NodeId, message, record

RequestId = tuple[int, int]


@message
class Acquire:
    """Grant the lock for `ttl` ns, or tell that it is taken; `notify`: tell also when it is free."""

    request: RequestId
    owner: NodeId
    ttl: int
    notify: bool


@message
class AcquireReply:
    """Whether the lock was granted, and who holds it now under which token; None: nobody that is known."""

    request: RequestId
    granted: bool
    holder: NodeId | None
    token: int


@message
class Watch:
    """Sent while waiting for `Available`: asks for it again, since a notification may be lost."""

    request: RequestId
    owner: NodeId


@message
class Available:
    """The lock is free; the waiter with this request is the first to know."""

    request: RequestId


@message
class Renew:
    """Let the lease under `token` last for its length from now on."""

    request: RequestId
    token: int


@message
class RenewReply:
    """`renewed` is false when the lease under that token is over."""

    request: RequestId
    renewed: bool


@message
class Release:
    """Give the lock up."""

    request: RequestId
    token: int


@message
class Released:
    """The lock is not held under that token (any more)."""

    request: RequestId


@record
class Granted:
    """What a lock server with a durable table must not forget, and the token, the least of it."""

    token: int
    owner: NodeId
    request: RequestId
    ttl: int


@record
class Freed:
    """The lock was given up."""

    token: int
