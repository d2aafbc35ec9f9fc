"""What a service that is built on Raft implements, and what it gets.

A service is one object beside each server: it hears of everything that is applied, of elections won
and lost, and may take messages of its own. README.md, "A service on Raft", has an example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from protocols.api import Entry, Handler, Host, NodeId, message, record
from protocols.kv import KeyValue
from protocols.raft.messages import HEADER_BYTES, size_of
from protocols.sessions import Machine

Outcome = Literal["ok", "not_leader", "unknown"]
Proposed = Callable[[Outcome, Any], None]
"""Called once with ("ok", result) when the command was applied here; ("not_leader", None): it was
certainly not taken; ("unknown", None): another leader came, and it may or may not be applied."""


@record
class Proposal:
    """The command of an entry that a service proposed; `serial` is unique for the server `origin`."""

    origin: NodeId
    serial: int
    command: Any


@message
class Propose:
    """A follower's service proposes; the leader appends it (etcd: MsgProp)."""

    proposal: Proposal

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES + size_of(self.proposal.command)


class Member(Protocol):
    """The server on which a service runs, as the service sees it."""

    host: Host
    id: NodeId
    machine: Machine
    leader_id: NodeId | None  # who leads the current term, as far as this server knows: a hint
    current_term: int
    last_applied: int

    @property
    def is_leader(self) -> bool:
        """Return whether this server believes that it leads."""

    @property
    def members(self) -> tuple[NodeId, ...]:
        """Return the servers, this one among them."""

    def propose(self, command: Any, then: Proposed | None = None) -> int:
        """Replicate `command`, through the leader if that is another; return a number for `abandon`.

        What gets lost on the way to the leader is never answered: a service that cares sets a timer.
        """

    def read_index(self, then: Callable[[bool], None]) -> int:
        """Call `then(True)` when all that was committed at the time of the call is applied here, so that
        a read of `machine` is linearizable; `then(False)` when that could not be found out.

        Returns a number for `abandon`. What gets lost on the way to the leader is never answered.
        """

    def abandon(self, number: int) -> None:
        """Do not call back any more for what `propose` or `read_index` returned that number."""


class Service(Protocol):
    """What runs on a server, beside its state machine. Made anew for each incarnation."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """For each further class of message: what to call; in place of Raft's own for `Request`."""

    def start(self) -> None:
        """Begin; the state machine is what the snapshot says, and the log is not applied yet."""

    def applied(self, index: int, entry: Entry, result: Any) -> None:
        """Hear of each entry, in order, right after the state machine; on every server.

        `entry.command` is a `Request`, a `Proposal`, or what Raft itself appended (result None).
        """

    def restored(self, index: int) -> None:
        """Hear that a leader's snapshot replaced the state machine: entries up to `index` were skipped."""

    def became_leader(self, term: int) -> None:
        """Begin to lead; the state machine may lack what earlier leaders committed, until the first
        entry of `term` is applied."""

    def stopped_leading(self) -> None:
        """Another term began. A crash does not say so."""


class NoService:
    """Runs nothing; implements `Service`, as a base for those that need a part of it."""

    handlers: Mapping[type, Handler] = {}

    def start(self) -> None:
        """Do nothing."""

    def applied(self, index: int, entry: Entry, result: Any) -> None:
        """Do nothing."""

    def restored(self, index: int) -> None:
        """Do nothing."""

    def became_leader(self, term: int) -> None:
        """Do nothing."""

    def stopped_leading(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Seam:
    """What a server hosts: which state machine it makes, and which service beside it."""

    machine: Callable[[], Machine] = KeyValue
    service: Callable[[Member], Service] = lambda member: NoService()


PLAIN = Seam()
