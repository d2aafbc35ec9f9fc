"""Short runs of lease protocols: who overlaps, what the store took, and when somebody else leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from protocols.api import ProtocolSpec
from sim.cluster import Cluster
from sim.plan import Plan, nodes_of
from sim.prepare import prepare
from sim.records import EffectJudged, Followed, Led, Violated
from sim.run import build
from sim.scenario import from_dict
from sim.scenario.faults import At

SECOND = 1_000_000_000
GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, cover every phase evenly, whatever their number."""


def plan_of(protocol: str, spec: ProtocolSpec | None = None, **blocks: Any) -> Plan:
    """Return the plan of a scenario; `settings` are the protocol's, `spec` takes the protocol's place."""
    settings: Mapping[str, Any] = blocks.pop("settings", {})
    usual = {"schema": 1, "name": "trial", "about": "One of many.", "duration": "300s"}
    plan = prepare(from_dict({**usual, **blocks, "protocol": {"name": protocol, **settings}}))
    if spec is not None:
        plan = replace(plan, protocol=spec, roles=nodes_of(spec, plan.parameters))
    return plan


def phase(number: int) -> float:
    """Return the phase of the trial of that number, in [0, 1)."""
    return number * GOLDEN % 1


def run_to_end(cluster: Cluster) -> None:
    """Run until the duration is over, or somebody stops it."""
    cluster.start()
    cluster.kernel.call_at(cluster.plan.duration_ns, lambda _: cluster.stop("duration"))
    cluster.kernel.run()
    cluster.finish()


# What came of it ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has shown: the longest overlap of two beliefs, and the properties that were violated."""

    overlap_s: float
    violated: frozenset[str]
    first_leader_s: float | None
    leader_at_end: bool
    gap_s: float  # the longest time without a leader between two
    locked_out: int  # effects of the newest leader that the resource turned away
    idle_s: float  # from the last effect that a resource judged, or the start, to the end


def outcome(plan: Plan, seed: int = 1) -> Outcome:
    """Run the plan once."""
    cluster = build(plan, seed, "digest")
    taken = [0]
    cluster.trace.listen("effect", lambda *judged: taken.append(cluster.now))
    run_to_end(cluster)
    records = cluster.trace.milestones
    led = [record.at_ns for record in records if type(record) is Led]
    return Outcome(
        longest_overlap_s(cluster),
        frozenset(record.property for record in records if type(record) is Violated),
        led[0] / SECOND if led else None,
        any(cluster.believes(node) is not None for node in cluster.contenders),
        longest_gap_s(cluster),
        sum(type(r) is EffectJudged and not r.accepted and r.epoch >= r.highest for r in records),
        (cluster.now - taken[-1]) / SECOND,
    )


def longest_gap_s(cluster: Cluster) -> float:
    """Return for how long, at most, nobody led after somebody had and before somebody did again."""
    leading: set[str] = set()
    longest, since = 0, None
    for record in cluster.trace.milestones:
        if type(record) is Led:
            if not leading and since is not None:
                longest = max(longest, record.at_ns - since)
            leading.add(record.node)
        elif type(record) is Followed:
            leading.discard(record.node)
            since = record.at_ns
    return longest / SECOND


def longest_overlap_s(cluster: Cluster) -> float:
    """Return for how long, at most, two nodes believed at once that they lead."""
    leading: dict[str, int] = {}
    longest = 0

    def end(node: str, at_ns: int) -> None:
        nonlocal longest
        began = leading.pop(node)
        for other in leading.values():
            longest = max(longest, at_ns - max(began, other))

    for record in cluster.trace.milestones:
        if type(record) is Led:
            leading.setdefault(record.node, record.at_ns)
        elif type(record) is Followed and record.node in leading:
            end(record.node, record.at_ns)
    for node in tuple(leading):
        end(node, cluster.now)
    return longest / SECOND


# How long it took --------------------------------------------------------------------------------


def takeover_s(plan: Plan, seed: int, at_ns: int) -> float | None:
    """Return how long after `at_ns`, when the plan's faults begin, another node leads; None: never."""
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
