"""What an administrator may ask of a process, whatever the protocol: orders are messages to it.

A process that knows an order has a handler for its class; one that does not, ignores it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from protocols.api import NodeId, message

Operation = Literal["transfer", "members"]


@message
class TransferLeadership:
    """Let another node lead, `to` or whichever is best fit (Dissertation §3.10)."""

    to: NodeId | None = None


@message
class ChangeMembers:
    """Change who the members are: these get a vote, these only learn, and these are no members any more."""

    voters: tuple[NodeId, ...] = ()
    learners: tuple[NodeId, ...] = ()
    removed: tuple[NodeId, ...] = ()


@message
class Stop:
    """End in an orderly way, and call `done` then (SIGTERM). Without a handler the process just ends."""

    done: Callable[[], None]
