"""What Redlock's clients ask of each Redis node. `value` is the random value of a lock; ttl in ns."""

from __future__ import annotations

from protocols.api import message, record

RequestId = tuple[int, int]


@message
class SetIfAbsent:
    """SET key value NX PX ttl."""

    request: RequestId
    value: int
    ttl: int


@message
class ExtendIfEqual:
    """The script that sets the expiry anew if the key has this value."""

    request: RequestId
    value: int
    ttl: int


@message
class DeleteIfEqual:
    """The script that deletes the key if it has this value."""

    request: RequestId
    value: int


@message
class Done:
    """Whether the command did what it is for."""

    request: RequestId
    ok: bool


@record
class Key:
    """The key as it is on disk: value and expiry on the node's wall clock; None: no key."""

    value: int | None
    expires_at: int
