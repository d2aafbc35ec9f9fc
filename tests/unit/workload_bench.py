"""What the tests of workloads share: a resource that nobody but the test acts on.

All contenders are down, so that what the resource sees, and under which epochs, is the test's to say.
"""

from __future__ import annotations

from typing import Any

from sim.cluster import Cluster
from sim.records import Damaged, DamageTotal
from sim.workloads.resource import Effect, EffectReply, Inquiry
from tests.unit.faults_testing import MS, at, of, world


class Bench:
    """A world whose contenders are dead: `effect` and `inquire` speak in their names."""

    def __init__(self, name: str, fenced: bool, faults: tuple[Any, ...] = (), **workload: Any) -> None:
        dead = {"at": "0s", "crash": ["n1", "n2", "n3"]}
        settings = {"name": name, "fenced": fenced, **workload}
        self.cluster: Cluster = world([dead, *faults], workload=settings)
        self.answers: dict[int, EffectReply] = {}
        self._number = 0
        for resource in self.cluster.plan.group.resources + self.cluster.plan.group.clients:
            for node in self.cluster.contenders:
                self.cluster.network.routes[resource][node] = self._answered

    def _answered(self, reply: EffectReply) -> None:
        self.answers[reply.number] = reply

    def effect(
        self, time_ms: float, node: str, epoch: int, *action: Any, to: str = "r1", number: int = 0
    ) -> EffectReply:
        """Let an effect arrive at that time; return the answer, a moment later."""
        return self._arrive(time_ms, node, Effect, epoch, action, to, number)

    def inquire(self, time_ms: float, node: str, epoch: int, *question: Any, to: str = "r1") -> EffectReply:
        """Let an inquiry arrive at that time; return the answer, a moment later."""
        return self._arrive(time_ms, node, Inquiry, epoch, question, to, 0)

    def _arrive(
        self, time_ms: float, node: str, kind: Any, epoch: int, body: tuple[Any, ...], to: str, number: int
    ) -> EffectReply:
        self._number += 1
        at(self.cluster, time_ms)
        request = kind(epoch, number or self._number, body)
        self.cluster.nodes[to].handlers[kind](node, request)
        at(self.cluster, time_ms + 0.5)
        return self.answers[request.number]

    def damage(self, time_ms: float = 10_000) -> dict[str, int]:
        """Return all that was counted (lengths in nanoseconds), at the end of a run of that length."""
        at(self.cluster, time_ms)
        self.cluster.finish()
        return totals(self.cluster)


def totals(cluster: Cluster) -> dict[str, int]:
    """Return what a world that is over has measured; the records add up to the counts."""
    found = {total.metric: total.value for total in of(cluster, DamageTotal)}
    sums: dict[str, int] = {}
    for harm in of(cluster, Damaged):
        sums[harm.harm] = sums.get(harm.harm, 0) + harm.amount
    assert all(found[harm] == amount for harm, amount in sums.items())
    return found


def finished(cluster: Cluster, time_ms: float) -> dict[str, int]:
    """Run a world to its end, and return what it has measured."""
    at(cluster, time_ms)
    cluster.finish()
    return totals(cluster)


__all__ = ["MS", "Bench", "finished", "totals"]
