"""What a contender knows of who owns a resource that is fenced by compare-and-set.

A contender asks the resource for its owner from time to time. What it knows when it begins to acquire the
lock is what it expects to succeed, if this attempt makes it the leader (`sim.workloads.fence` says why it
must be known so early). What it hears later is for the next attempt: a leader whose claim is
refused gives the leadership up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from protocols.api import Handler, NodeId, message
from sim.errors import UserError
from sim.workloads.fence import Admitted

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

ASK_EVERY = 100_000_000
"""A contender that does not lead asks so often, in ns: leaders may follow each other within 200 ms."""


@message
class OwnerQuery:
    """Who was let in last?"""


@message
class OwnerReply:
    """That one."""

    admitted: Admitted


class Claim:
    """The claim of one process of a contender on one resource."""

    def __init__(self, node: Node, resource: NodeId) -> None:
        assert node.host is not None
        self._node = node
        self._host = node.host
        self._resource = resource
        self._known: Admitted | None = None
        self._attempt: tuple[int, int | None] | None = None  # its token, and whom it expects to succeed
        self._ask = self._host.timer("ask for the owner", self._on_ask)
        self._ask.set(0)
        self.handlers: Mapping[type, Handler] = {OwnerReply: self._on_reply}

    def begin(self, token: int) -> None:
        """The protocol begins to acquire what `token` will stand for: what is known now is expected."""
        self._attempt = token, None if self._known is None else self._known.token

    def check(self, protocol: str, token: int) -> None:
        """Refuse a protocol that leads under `token` and never said that it would."""
        if self._attempt is None or self._attempt[0] != token:
            raise UserError(
                f"{protocol} has epochs without an order and does not note `acquiring` before it acquires "
                "one, so that nothing can be fenced"
            )

    def expected(self, token: int) -> int | None:
        """Return the owner that the leadership of that token expects to succeed; None: it knows of none."""
        return self._attempt[1] if self._attempt is not None and self._attempt[0] == token else None

    def answered(self, epoch: int, accepted: bool, admitted: Admitted) -> None:
        """Learn from an answer of the resource; resign if it was a refusal to the leader of today."""
        self._learn(admitted)
        if not accepted and self._node.leads() == epoch:
            resign = getattr(self._node.process, "resign", None)
            if resign is not None:
                resign()

    def _learn(self, admitted: Admitted) -> None:
        # Answers may overtake each other.
        if self._known is None or admitted.generation > self._known.generation:
            self._known = admitted

    def _on_ask(self) -> None:
        self._ask.set(ASK_EVERY)
        if self._node.leads() is None:
            self._host.send(self._resource, OwnerQuery())

    def _on_reply(self, source: NodeId, reply: OwnerReply) -> None:
        self._learn(reply.admitted)


def claim_of(node: Node, cluster: Cluster) -> Claim | None:
    """Return the claim of a new process on what its workload fences by compare-and-set; None: nothing."""
    plan = cluster.plan
    fenced = getattr(plan.workload_parameters, "fenced", False) and plan.group.resources
    return Claim(node, plan.group.resources[0]) if fenced and not plan.protocol.ordered_epochs else None
