"""A resource: what a leader acts on, outside the group, with a fence if one is asked for.

A fenced resource remembers, durably, whom it let in last (`sim.workloads.fence`). A leader that begins
first inquires under its epoch, which lets it in: what it reads cannot be changed behind its back by an
effect of its predecessor that is still on its way.

A request is decided when it arrives, and takes effect when all that it changes is on the disk. A
resource that crashes in between forgets the effect and who was let in together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from protocols.api import Handler, Host, NodeId, message, record
from sim.records import EffectJudged
from sim.workloads.claim import OwnerQuery, OwnerReply
from sim.workloads.fence import NOBODY, Admitted, fence_for

if TYPE_CHECKING:
    from sim.cluster import Cluster


@message
class Effect:
    """Something to do, under the epoch in which it was decided; `number` names it to its sender.

    `claim` is for the fence, where epochs have no order.
    """

    epoch: int
    number: int
    action: tuple[Any, ...] = ()
    claim: int | None = None


@message
class Inquiry:
    """A question under an epoch, which a fence lets in, or not, as an effect; it changes nothing else."""

    epoch: int
    number: int
    question: tuple[Any, ...] = ()
    claim: int | None = None


@record
class Standing:
    """Where the sender of a request under `epoch` stands with a resource that compares and sets."""

    epoch: int
    admitted: Admitted  # when the request was decided


@message
class Durable:
    """What the resource tells itself: all that a request changes is on the disk."""

    source: NodeId
    request: Effect | Inquiry
    accepted: bool
    result: Any
    standing: Standing | None = None


@message
class EffectReply:
    """Whether the resource took it, and what came of it; where it compares and sets, whom it let in."""

    number: int
    accepted: bool
    result: Any = None
    standing: Standing | None = None


class ResourceImage:
    """The disk image of a resource, and its state in memory; subclasses add what it keeps."""

    def __init__(self, admitted: Admitted = NOBODY) -> None:
        self.admitted = admitted

    def apply(self, record: Any) -> None:
        """Remember whom it let in."""
        self.admitted = record

    def copy(self) -> ResourceImage:
        """Return an independent copy."""
        return ResourceImage(self.admitted)


class Resource:
    """Judges what leaders do. Subclasses say what that is: `perform`, `answer` and `happened`."""

    ordered: ClassVar[bool] = False
    """True: what leaders claim has an order, even where their epochs have none."""

    def __init__(self, host: Host, cluster: Cluster, fenced: bool, image: ResourceImage) -> None:
        self.host = host
        self.cluster = cluster
        self.fence = fence_for(fenced, self.ordered or cluster.plan.protocol.ordered_epochs)
        self.image = image
        # The highest epoch of the effects that took place, as far as the disk tells.
        self._judged = image.admitted.token if cluster.plan.protocol.ordered_epochs else -1
        self.handlers: Mapping[type, Handler] = {
            Effect: self.on_request,
            Inquiry: self.on_request,
            Durable: self.on_durable,
            OwnerQuery: self.on_owner_query,
        }

    def start(self) -> None:
        """Nothing to do but wait."""

    def perform(self, source: NodeId, effect: Effect) -> Any:
        """Do what an accepted effect asks for; return the result. `write` what must be durable."""

    def answer(self, source: NodeId, inquiry: Inquiry) -> Any:
        """Return the answer to an inquiry that the fence lets pass."""

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Take note of an accepted effect that is durable now."""

    def write(self, record: Any) -> None:
        """Change the state, and the disk after it."""
        self.image.apply(record)
        self.host.save(record)

    def passes(self, request: Effect | Inquiry) -> bool:
        """Return whether the fence lets that request through."""
        return self.fence.passes(self.image.admitted, request.epoch, request.claim)

    def on_request(self, source: NodeId, request: Effect | Inquiry) -> None:
        """Decide; the rest comes when it is durable."""
        accepted, result = self.passes(request), None
        if accepted:
            self._admit(request)
            if type(request) is Effect:
                result = self.perform(source, request)
            else:
                assert isinstance(request, Inquiry)
                result = self.answer(source, request)
        standing = Standing(request.epoch, self.image.admitted) if self.fence.teaches else None
        self.host.send(self.host.id, Durable(source, request, accepted, result, standing))

    def on_owner_query(self, source: NodeId, query: OwnerQuery) -> None:
        """Say whom it let in last; as everything that is sent, once that is durable."""
        self.host.send(source, OwnerReply(self.image.admitted))

    def _admit(self, request: Effect | Inquiry) -> None:
        admitted, token = self.image.admitted, self.fence.token(request.epoch, request.claim)
        if token != admitted.token:
            self.write(Admitted(token, admitted.generation + 1))

    def on_durable(self, itself: NodeId, durable: Durable) -> None:
        """Let it take place, in the order in which requests came, and answer."""
        request = durable.request
        if type(request) is Effect:
            self._judge(durable.source, request, durable.accepted, durable.result)
        reply = EffectReply(request.number, durable.accepted, durable.result, durable.standing)
        self.host.send(durable.source, reply)

    def _judge(self, node: NodeId, effect: Effect, accepted: bool, result: Any) -> None:
        cluster, highest = self.cluster, self._judged
        epoch = cluster.nodes[node].epoch_of(effect.epoch)
        self._judged = max(highest, epoch)
        cluster.effects_accepted += accepted
        cluster.trace.emit("effect", self.host.id, node, epoch, accepted, self.fence.fenced)
        judged = EffectJudged(cluster.now, self.host.id, node, epoch, accepted, highest)
        if epoch < highest or not accepted:
            cluster.trace.milestone(judged)
        else:
            cluster.trace.detail(judged)
        if accepted:
            self.happened(node, epoch, effect, result)
