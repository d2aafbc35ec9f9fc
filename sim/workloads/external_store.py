"""External store: whoever believes that it leads writes to a store outside the group.

This is what leader election is mostly used for, and where two leaders do their damage. The leader
checks its belief, works for a while (a pause may fall in between) and writes under its epoch. A
fenced store keeps the highest epoch it has seen, durably, and rejects what comes under a lower one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, parameter
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.registry import Added, WorkloadSpec
from sim.workloads.resource import Effect, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

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


class Store(Resource):
    """The resource: counts what comes too late."""

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: ResourceImage, ledger: Ledger
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._ledger = ledger
        self._newest = -1

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Compare with the newest write."""
        if epoch < self._newest:
            detail = f"under epoch {epoch} after a write under {self._newest}"
            self._ledger.count("stale_writes", STORE, source, epoch, detail)
        self._newest = max(self._newest, epoch)


class Writer(Application):
    """The leader: writes while it believes. What it has checked it will do, whatever it hears meanwhile."""

    def __init__(self, node: Node, cluster: Cluster, parameters: Parameters) -> None:
        super().__init__(node, cluster)
        self._rate = parameters.rate
        self._calls = Calls(node, parameters.rate, self.claim)
        self._work: Work[int] = Work(cluster, self.host, (parameters.work, parameters.work), self._write)
        self._next = self.host.timer("next write", self._check)
        self.handlers = self._calls.handlers

    def start(self, epoch: int) -> None:
        """Write as soon as possible."""
        self._next.set(0)

    def _check(self) -> None:
        """Check the belief, then act on it: now, or when the work is done."""
        epoch = self.node.leads()
        if epoch is not None:
            self._next.set(self._rate)
            self._work.add(epoch)

    def _write(self, epoch: int) -> None:
        self._calls.tell(STORE, epoch, ())


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    ledger = Ledger(cluster, SPEC.damage)
    Applications(cluster, lambda node: Writer(node, cluster, parameters))

    def create(host: Host, image: ResourceImage) -> Store:
        return Store(host, cluster, parameters.fenced, image, ledger)

    return {STORE: Added(create, ResourceImage())}


SPEC = WorkloadSpec(
    name="external-store",
    summary="whoever believes that it leads writes to a store outside the group, fenced or not",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: (),
    resources=lambda parameters, protocol: (STORE,),
    attach=_attach,
    damage=("stale_writes",),
)
