"""External store: whoever believes that it leads writes to a store outside the group.

This is what leader election is mostly used for, and where two leaders do their damage. The leader
checks its belief, works for a while (a pause may fall in between) and writes under its epoch. A
fenced store keeps the highest epoch it has seen, durably, and rejects what comes under a lower one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocols.api import Handler, Host, NodeId, Timer, message, parameter, record
from sim.records import EffectJudged
from sim.workloads.alarms import Alarms
from sim.workloads.registry import Added, WorkloadSpec

if TYPE_CHECKING:
    from sim.cluster import Cluster

MS = 1_000_000
STORE = "r1"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the leader does."""

    rate: int = parameter(100 * MS, "rate", "writes per second of whoever believes that it leads", 1)
    work: int = parameter(0, "duration", "from the check of the belief to the sending of the write", 0)
    fenced: bool = parameter(False, "flag", "the store rejects writes under a lower epoch than it has seen")


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.work >= parameters.rate:
        yield "work takes as long as the gap between two writes, or longer"


@message
class Effect:
    """A write to the store, under the epoch in which it was issued."""

    epoch: int
    number: int


@message
class Durable:
    """What the store tells itself: the epoch of this write is on the disk, so it may take effect."""

    source: NodeId
    effect: Effect


@message
class EffectReply:
    """Whether the store took it."""

    number: int
    accepted: bool


@record
class HighestEpoch:
    """What a fenced store must not forget."""

    epoch: int


class StoreImage:
    """The disk image of the store."""

    def __init__(self, highest: int = -1) -> None:
        self.highest = highest

    def apply(self, record: HighestEpoch) -> None:
        """Remember the highest epoch."""
        self.highest = record.epoch

    def copy(self) -> StoreImage:
        """Return an independent copy."""
        return StoreImage(self.highest)


class Store:
    """The resource: judges each write."""

    def __init__(self, host: Host, cluster: Cluster, fenced: bool, image: StoreImage) -> None:
        self._host = host
        self._cluster = cluster
        self._fenced = fenced
        self._saved = self._highest = image.highest
        self.handlers: Mapping[type, Handler] = {Effect: self.on_effect, Durable: self.on_durable}

    def start(self) -> None:
        """Nothing to do but wait."""

    def on_effect(self, source: NodeId, effect: Effect) -> None:
        """Take a write; it takes effect when its epoch is durable.

        A store that crashes in between forgets both. One that took effect first could forget the
        epoch alone, and take a write of an older one after its restart.
        """
        if self._fenced and effect.epoch > self._saved:
            self._saved = effect.epoch
            self._host.save(HighestEpoch(effect.epoch))
        self._host.send(self._host.id, Durable(source, effect))

    def on_durable(self, itself: NodeId, durable: Durable) -> None:
        """Accept or reject a write, in the order in which they came."""
        effect, highest = durable.effect, self._highest
        accepted = not (self._fenced and effect.epoch < highest)
        self._highest = max(highest, effect.epoch)
        self._judge(durable.source, effect.epoch, accepted, highest)
        self._host.send(durable.source, EffectReply(effect.number, accepted))

    def _judge(self, node: NodeId, epoch: int, accepted: bool, highest: int) -> None:
        cluster = self._cluster
        cluster.effects_accepted += accepted
        cluster.trace.emit("effect", self._host.id, node, epoch, accepted, self._fenced)
        judged = EffectJudged(cluster.now, self._host.id, node, epoch, accepted, highest)
        if epoch < highest:
            cluster.trace.milestone(judged)
        else:
            cluster.trace.detail(judged)


class Job:
    """What runs beside the protocol on each contender: writes while the node believes."""

    def __init__(self, cluster: Cluster, parameters: Parameters) -> None:
        self._cluster = cluster
        self._parameters = parameters
        self._number = 0
        self._works: dict[str, Alarms[int]] = {}
        cluster.trace.listen("started", self.started)
        cluster.trace.listen("led", self.led)

    def started(self, name: str, incarnation: int) -> None:
        """Prepare for a new process on that node."""
        host = self._host(name)
        self._works[name] = Alarms(host, "job work", self._parameters.work, lambda e: self._write(name, e))

    def led(self, name: str, epoch: int) -> None:
        """Start to write."""
        self._next(name).set(0)

    def _host(self, name: str) -> Host:
        host = self._cluster.nodes[name].host
        assert host is not None
        return host

    def _next(self, name: str) -> Timer:
        return self._host(name).timer("job", lambda: self._check(name))

    def _check(self, name: str) -> None:
        """Check the belief, then act on it: now, or when the work is done."""
        epoch = self._cluster.nodes[name].belief
        if epoch is None:
            return
        self._next(name).set(self._parameters.rate)
        if self._parameters.work:
            self._works[name].add(epoch)
        else:
            self._write(name, epoch)

    def _write(self, name: str, epoch: int) -> None:
        self._number += 1
        self._host(name).send(STORE, Effect(epoch, self._number))


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    Job(cluster, parameters)

    def create(host: Host, image: StoreImage) -> Store:
        return Store(host, cluster, parameters.fenced, image)

    return {STORE: Added(create, StoreImage())}


SPEC = WorkloadSpec(
    name="external-store",
    summary="whoever believes that it leads writes to a store outside the group, fenced or not",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: (),
    resources=lambda parameters: (STORE,),
    attach=_attach,
)
