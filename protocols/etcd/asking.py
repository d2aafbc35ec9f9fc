"""What a client keeps of each member that it knows, of each request and of each watch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from protocols.api import NodeId
from protocols.connections import Connection
from protocols.etcd.operations import WatchEvent

Outcome = Literal["ok", "timeout", "unavailable"]
Answered = Callable[[Outcome, Any], None]
"""("ok", response); "timeout" and "unavailable": nobody knows whether it was or will be done."""


@dataclass(slots=True)
class Endpoint:
    """A member as the client sees it."""

    name: NodeId
    connection: Connection | None = None
    retry_at: int = 0  # not connected again before, on the local clock
    failures: int = 0  # in a row
    pinged_at: int = 0  # 0: no ping is under way


@dataclass(slots=True)
class Asked:
    """A request that is not answered."""

    operation: Any
    serializable: bool
    then: Answered
    deadline: int  # on the local clock
    endpoint: Endpoint | None = None


@dataclass(slots=True)
class ClientWatch:
    """A watch, wherever it runs; `changed` gets events in order, `compacted` the revision once it fails."""

    id: int
    key: str
    prefix: bool
    next_revision: int
    changed: Callable[[list[WatchEvent]], None]
    compacted: Callable[[int], None]
    endpoint: Endpoint | None = None
