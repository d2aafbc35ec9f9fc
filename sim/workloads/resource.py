"""A resource: what a leader acts on, outside the group, with a fence if one is asked for.

A fenced resource keeps the highest epoch that it has seen, durably, and turns away what comes under a
lower one (Kleppmann, "How to do distributed locking", 2016; sequencers in Chubby, OSDI 2006, §2.4). A
leader that begins first inquires under its epoch, which raises the fence: what it reads cannot be
changed behind its back by an effect of its predecessor that is still on its way.

A request is decided when it arrives, and takes effect when all that it changes is on the disk. A
resource that crashes in between forgets the effect and the epoch together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protocols.api import Handler, Host, NodeId, message, record
from sim.records import EffectJudged

if TYPE_CHECKING:
    from sim.cluster import Cluster


@message
class Effect:
    """Something to do, under the epoch in which it was decided; `number` names it to its sender."""

    epoch: int
    number: int
    action: tuple[Any, ...] = ()


@message
class Inquiry:
    """A question under an epoch, which raises the fence and changes nothing else."""

    epoch: int
    number: int
    question: tuple[Any, ...] = ()


@message
class Durable:
    """What the resource tells itself: all that a request changes is on the disk."""

    source: NodeId
    request: Effect | Inquiry
    accepted: bool
    result: Any


@message
class EffectReply:
    """Whether the resource took it, and what came of it."""

    number: int
    accepted: bool
    result: Any = None


@record
class HighestEpoch:
    """What a fenced resource must not forget."""

    epoch: int


class ResourceImage:
    """The disk image of a resource, and its state in memory; subclasses add what it keeps."""

    def __init__(self, highest: int = -1) -> None:
        self.highest = highest

    def apply(self, record: Any) -> None:
        """Remember the highest epoch."""
        self.highest = record.epoch

    def copy(self) -> ResourceImage:
        """Return an independent copy."""
        return ResourceImage(self.highest)


class Resource:
    """Judges what leaders do. Subclasses say what that is: `perform`, `answer` and `happened`."""

    def __init__(self, host: Host, cluster: Cluster, fenced: bool, image: ResourceImage) -> None:
        self.host = host
        self.cluster = cluster
        self.fenced = fenced
        self.image = image
        self._judged = image.highest  # of the effects that took place
        self.handlers: Mapping[type, Handler] = {
            Effect: self.on_request,
            Inquiry: self.on_request,
            Durable: self.on_durable,
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

    def passes(self, epoch: int) -> bool:
        """Return whether the fence lets that epoch through."""
        return not self.fenced or epoch >= self.image.highest

    def on_request(self, source: NodeId, request: Effect | Inquiry) -> None:
        """Decide; the rest comes when it is durable."""
        accepted, result = self.passes(request.epoch), None
        if accepted:
            if self.fenced and request.epoch > self.image.highest:
                self.write(HighestEpoch(request.epoch))
            if type(request) is Effect:
                result = self.perform(source, request)
            else:
                assert isinstance(request, Inquiry)
                result = self.answer(source, request)
        self.host.send(self.host.id, Durable(source, request, accepted, result))

    def on_durable(self, itself: NodeId, durable: Durable) -> None:
        """Let it take place, in the order in which requests came, and answer."""
        request = durable.request
        if type(request) is Effect:
            self._judge(durable.source, request, durable.accepted, durable.result)
        self.host.send(durable.source, EffectReply(request.number, durable.accepted, durable.result))

    def _judge(self, node: NodeId, effect: Effect, accepted: bool, result: Any) -> None:
        cluster, highest = self.cluster, self._judged
        epoch = cluster.nodes[node].epoch_of(effect.epoch)
        self._judged = max(highest, epoch)
        cluster.effects_accepted += accepted
        cluster.trace.emit("effect", self.host.id, node, epoch, accepted, self.fenced)
        judged = EffectJudged(cluster.now, self.host.id, node, epoch, accepted, highest)
        if epoch < highest or not accepted:
            cluster.trace.milestone(judged)
        else:
            cluster.trace.detail(judged)
        if accepted:
            self.happened(node, epoch, effect, result)
