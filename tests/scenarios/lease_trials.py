"""Many short runs of a lease protocol: when somebody else leads after a fault, and who overlaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim.cluster import Cluster
from sim.plan import Plan
from sim.prepare import prepare
from sim.records import Followed, Led
from sim.run import build
from sim.scenario import from_dict
from sim.scenario.faults import At

SECOND = 1_000_000_000
GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, cover every phase evenly, whatever their number."""


def plan_of(protocol: Mapping[str, Any], **blocks: Any) -> Plan:
    """Return the plan of a scenario with that protocol block; what else it has is given by name."""
    usual = {"schema": 1, "name": "trial", "about": "One of many.", "duration": "300s"}
    return prepare(from_dict({**usual, **blocks, "protocol": dict(protocol)}))


def phase(number: int) -> float:
    """Return the phase of the trial of that number, in [0, 1)."""
    return number * GOLDEN % 1


def takeover_s(plan: Plan, seed: int, at_ns: int) -> float | None:
    """Return how long after `at_ns`, when the plan's only fault begins, another node leads; None: never."""
    shifted = replace(plan, faults=tuple(replace(fault, timing=At(at_ns)) for fault in plan.faults))
    cluster = build(shifted, seed, "off")
    found = _FirstOther(cluster, at_ns)
    run_to_end(cluster)
    return found.after_s


class _FirstOther:
    """The first node that leads after an instant, other than the one that led then; ends the run."""

    def __init__(self, cluster: Cluster, at_ns: int) -> None:
        self.after_s: float | None = None
        self._cluster = cluster
        self._at_ns = at_ns
        self._old = ""
        cluster.trace.listen("led", self._led)

    def _led(self, node: str, epoch: int) -> None:
        now = self._cluster.now
        if now <= self._at_ns:
            self._old = node
        elif node != self._old:
            self.after_s = (now - self._at_ns) / SECOND
            self._cluster.stop("found")


def run_to_end(cluster: Cluster) -> None:
    """Run until the duration is over, or somebody stops it."""
    cluster.start()
    cluster.kernel.call_at(cluster.plan.duration_ns, lambda _: cluster.stop("duration"))
    cluster.kernel.run()
    cluster.finish()


def longest_overlap_s(cluster: Cluster) -> float:
    """Return for how long, at most, two nodes believed at once that they lead."""
    leading: dict[str, int] = {}
    longest = 0
    for record in cluster.trace.milestones:
        if type(record) is Led:
            leading[record.node] = record.at_ns
        elif type(record) is Followed and record.node in leading:
            began = leading.pop(record.node)
            for other in leading.values():
                longest = max(longest, record.at_ns - max(began, other))
    return longest / SECOND
