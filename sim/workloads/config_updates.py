"""Configuration updates: the leader publishes numbered configurations to subscribers.

Each number is given out once, by a resource (the registry, "r1"), and what it has committed is pushed to
the subscribers, which are the clients ("c1", ...). A new leader asks the registry for the newest number,
and pushes that configuration again, since its predecessor may not have got so far. A fenced subscriber
turns away what is pushed under a lower epoch than it has seen, and what is older than what it has. Where
epochs have no order, a fenced registry gives them one: it counts its owners.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, ProtocolSpec, parameter, record
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.fence import NOBODY, Admitted
from sim.workloads.registry import Added, WorkloadSpec
from sim.workloads.resource import Effect, EffectReply, Inquiry, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

MS = 1_000_000
REGISTRY = "r1"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Who gets configurations, and how often there is a new one."""

    interval: int = parameter(500 * MS, "duration", "time from one configuration to the next", 1)
    subscribers: int = parameter(3, "count", "number of subscribers", 1)
    work: int = parameter(0, "duration", "from the check of the belief to the publication", 0)
    retry: int = parameter(300 * MS, "duration", "a request unanswered for so long is repeated", 1)
    fenced: bool = parameter(False, "flag", "registry and subscribers reject what is under a lower epoch")


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.work >= parameters.interval:
        yield "work takes as long as the interval between two configurations, or longer"


@record
class Configured:
    """What registry and subscribers must not forget: their newest configuration, and who made it."""

    number: int
    node: NodeId
    epoch: int


class ConfigurationImage(ResourceImage):
    """The disk of the registry, or of a subscriber."""

    def __init__(self, admitted: Admitted = NOBODY, newest: Configured | None = None) -> None:
        super().__init__(admitted)
        self.newest = Configured(0, "", -1) if newest is None else newest

    def apply(self, record: Any) -> None:
        """Fold one record."""
        if type(record) is Configured:
            self.newest = record
        else:
            super().apply(record)

    def copy(self) -> ConfigurationImage:
        """Return an independent copy."""
        return ConfigurationImage(self.admitted, self.newest)


class Registry(Resource):
    """Commits configurations under their numbers; the newest commit is in force."""

    image: ConfigurationImage

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: ConfigurationImage, numbers: Numbers
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._numbers = numbers

    def perform(self, source: NodeId, effect: Effect) -> None:
        """Commit; a repetition changes nothing."""
        wanted = Configured(effect.action[0], source, effect.epoch)
        if wanted != self.image.newest:
            self.write(wanted)

    def answer(self, source: NodeId, inquiry: Inquiry) -> tuple[int, NodeId, int]:
        """Return number and maker of the configuration in force."""
        newest = self.image.newest
        return newest.number, newest.node, newest.epoch

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Take note of who has which number."""
        self._numbers.commit(effect.action[0], source, epoch)


class Subscriber(Resource):
    """Uses the configuration that it was sent last; a fenced one, the newest that it was sent."""

    image: ConfigurationImage
    ordered = True  # by the registry

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: ConfigurationImage, numbers: Numbers
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._numbers = numbers

    def perform(self, source: NodeId, effect: Effect) -> int | None:
        """Take a configuration; return the number of the one before, None if this one is not taken."""
        wanted, before = Configured(*effect.action), self.image.newest
        if wanted == before or (self.fence.fenced and wanted.number < before.number):
            return None
        self.write(wanted)
        return before.number

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Compare with what it had."""
        if result is not None:
            self._numbers.push(self.host.id, source, epoch, effect.action[0], result)


class Numbers:
    """The truth about the configurations: whose is which number, and what subscribers have."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._makers: dict[int, tuple[NodeId, int]] = {}
        self._newest_at: dict[NodeId, tuple[int, int]] = {}  # number and when it came
        cluster.closing.append(self._close)
        self._ledger = Ledger(cluster, SPEC.damage)

    def commit(self, number: int, node: NodeId, epoch: int) -> None:
        """The registry has a configuration."""
        maker = self._makers.setdefault(number, (node, epoch))
        if maker != (node, epoch):
            detail = f"number {number} was published by {maker[0]} in epoch {maker[1]}"
            self._ledger.count("duplicate_numbers", REGISTRY, node, epoch, detail)

    def push(self, subscriber: NodeId, node: NodeId, epoch: int, number: int, before: int) -> None:
        """A subscriber has taken a configuration in place of another."""
        if number < before:
            detail = f"number {number} after number {before}"
            self._ledger.count("older_after_newer", subscriber, node, epoch, detail)
        newest, since = self._newest_at.get(subscriber, (0, 0))
        if number > newest:
            self._ledger.measure("staleness", self._cluster.now - since)
            self._newest_at[subscriber] = (number, self._cluster.now)

    def _close(self) -> None:
        for subscriber in self._cluster.plan.group.clients:
            _, since = self._newest_at.get(subscriber, (0, 0))
            self._ledger.measure("staleness", self._cluster.now - since)


class Publisher(Application):
    """The leader: commits a configuration now and then, and pushes it."""

    def __init__(self, node: Node, cluster: Cluster, parameters: Parameters) -> None:
        super().__init__(node, cluster)
        self._parameters = parameters
        self._calls = Calls(node, parameters.retry, self.claim)
        self._work: Work[tuple[int, int]] = Work(
            cluster, self.host, (parameters.work, parameters.work), self._commit
        )
        self._next = self.host.timer("next configuration", self._check)
        self._newest = 0
        self._committing = False
        self.handlers = self._calls.handlers

    def start(self, epoch: int) -> None:
        """Ask what is in force."""
        self._calls.inquire(REGISTRY, epoch, ("newest",), lambda reply: self._told(epoch, reply))

    def stop(self) -> None:
        """Publish no more."""
        self._next.cancel()
        self._calls.drop()
        self._work.drop()

    def _told(self, epoch: int, reply: EffectReply) -> None:
        if reply.accepted:
            self._newest, self._committing = reply.result[0], False
            if self._newest:  # a new one right after it might overtake it
                self._push(epoch, reply.result, reply)
                self._next.set(self._parameters.interval)
            else:
                self._check()

    def _check(self) -> None:
        """Check the belief, then act on it: now, or when the work is done."""
        epoch = self.node.leads()
        if epoch is None:
            return
        self._next.set(self._parameters.interval)
        if not self._committing:
            self._newest, self._committing = self._newest + 1, True
            self._work.add((epoch, self._newest))

    def _commit(self, item: tuple[int, int]) -> None:
        epoch, number = item
        configuration = (number, self.host.id, epoch)
        self._calls.effect(REGISTRY, epoch, (number,), lambda r: self._committed(epoch, configuration, r))

    def _committed(self, epoch: int, configuration: tuple[int, NodeId, int], reply: EffectReply) -> None:
        self._committing = False
        if reply.accepted:
            self._push(epoch, configuration, reply)

    def _push(self, epoch: int, configuration: tuple[int, NodeId, int], reply: EffectReply) -> None:
        """Push what the registry said in `reply`, which also gives an order to leaders that have none."""
        generation = None if reply.standing is None else reply.standing.admitted.generation
        for subscriber in self.cluster.plan.group.clients:
            self._calls.tell(subscriber, epoch, configuration, generation)


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    numbers = Numbers(cluster)
    Applications(cluster, lambda node: Publisher(node, cluster, parameters))

    def subscriber(host: Host, image: ConfigurationImage) -> Subscriber:
        return Subscriber(host, cluster, parameters.fenced, image, numbers)

    def registry(host: Host, image: ConfigurationImage) -> Registry:
        return Registry(host, cluster, parameters.fenced, image, numbers)

    added = {name: Added(subscriber, ConfigurationImage()) for name in cluster.plan.group.clients}
    return {REGISTRY: Added(registry, ConfigurationImage()), **added}


def _resources(parameters: Parameters, protocol: ProtocolSpec) -> tuple[str, ...]:
    return (REGISTRY,)


SPEC = WorkloadSpec(
    name="config-updates",
    summary="the leader publishes numbered configurations; harm: one number twice, older after newer, stale",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: tuple(f"c{number}" for number in range(1, parameters.subscribers + 1)),
    resources=_resources,
    attach=_attach,
    damage=("duplicate_numbers", "older_after_newer", "staleness.mean", "staleness.max"),
)
