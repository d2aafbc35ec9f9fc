"""Running swarm scenarios, on Raft or on a mutant of it, and what the runs have seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from analysis.linearizability import Budget, check_run
from protocols.api import ProtocolSpec
from sim.cluster import Cluster
from sim.plan import Plan, nodes_of
from sim.prepare import prepare
from sim.records import Campaigned, Crashed, FaultStarted, Followed, Led, MembersChanged, Started, Violated
from sim.run import build, run_plan
from sim.scenario import from_dict
from tests.scenarios.swarm import swarm
from tests.scenarios.swarm_switches import swarm_switches

SIGHTS = ("split vote", "two leaders", "unsynced crash", "quick restart")
"""What a campaign must have seen to be worth anything."""
ENOUGH = Budget(configurations=100_000)
"""Of the search for an order: a number and not a time, so that no verdict depends on the machine. Thirty
times what the hardest of 5,000 seeds took."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: what was violated, as (property, evidence), and which of `SIGHTS` it has seen."""

    seed: int
    violations: tuple[tuple[str, str], ...]
    seen: tuple[str, ...]


def trial(seed: int, protocol: ProtocolSpec | None = None) -> Trial:
    """Return what came of one swarm scenario, run on Raft or on `protocol`."""
    plan = _plan(swarm(seed), protocol)
    cluster = build(plan, seed, "digest")
    crashes = _UnsyncedCrashes(cluster)
    cluster.start()
    cluster.kernel.call_at(plan.duration_ns, lambda _: cluster.stop("duration"))
    cluster.kernel.run()
    cluster.finish()
    records = cluster.trace.milestones
    found = tuple((r.property, r.evidence) for r in records if type(r) is Violated)
    seen = {
        "split vote": _split_vote(records),
        "two leaders": two_leaders(records),
        "unsynced crash": crashes.seen,
        "quick restart": _quick_restart(records, plan.parameters.election_timeout[0]),
    }
    return Trial(seed, found, tuple(sight for sight in SIGHTS if seen[sight]))


def _plan(scenario: dict[str, Any], protocol: ProtocolSpec | None) -> Plan:
    plan = prepare(from_dict(scenario))
    if protocol is None:
        return plan
    return replace(plan, protocol=protocol, roles=nodes_of(protocol, plan.parameters))


def switched(seed: int, protocol: ProtocolSpec | None = None) -> Trial:
    """Return what came of one swarm scenario with Raft's extensions, run on Raft or on `protocol`.

    What its clients saw must be linearizable as well, but for reads that are known to be unsafe.
    """
    scenario = swarm_switches(seed)
    result = run_plan(_plan(scenario, protocol), seed, "summary")
    found = [(r.property, r.evidence) for r in result.records if type(r) is Violated]
    if "workload" in scenario and scenario["protocol"]["reads"] != "unsafe_lease":
        checked = check_run(result, ENOUGH)
        if checked.verdict != "linearizable":
            found.append(("linearizability", checked.verdict))
    names = ("membership", "read_index", "lease", "transfer", "stop")
    return Trial(seed, tuple(found), tuple(name for name in names if _has(scenario, result.records, name)))


def _has(scenario: dict[str, Any], records: list[Any], name: str) -> bool:
    """Return whether a run has seen a switch at work."""
    if name == "membership":
        return sum(type(record) is MembersChanged for record in records) > 2
    if name in ("transfer", "stop"):
        return any(type(record) is FaultStarted and record.action == name for record in records)
    return bool(scenario["protocol"]["reads"] == name)


def seen_by(trials: list[Trial]) -> Counter[str]:
    """Return in how many of the trials each sight was seen."""
    return Counter(sight for each in trials for sight in each.seen)


class _UnsyncedCrashes:
    """Whether a process crashed while a record of its was handed to the disk and not durable."""

    def __init__(self, cluster: Cluster) -> None:
        self.seen = False
        self._waiting: Counter[str] = Counter()
        cluster.trace.listen("saving", self._saving)
        cluster.trace.listen("saved", self._saved)
        cluster.trace.listen("crashed", self._crashed)

    def _saving(self, node: str, record: Any) -> None:
        self._waiting[node] += 1

    def _saved(self, node: str, count: int) -> None:
        self._waiting[node] -= count

    def _crashed(self, node: str) -> None:
        self.seen |= self._waiting[node] > 0
        self._waiting[node] = 0


def _split_vote(records: list[Any]) -> bool:
    won = {r.epoch for r in records if type(r) is Led}
    candidates = Counter(r.epoch for r in records if type(r) is Campaigned)
    return any(count > 1 and epoch not in won for epoch, count in candidates.items())


def two_leaders(records: list[Any]) -> bool:
    """Return whether two nodes believed at once that they lead, under different epochs."""
    believers: dict[str, int] = {}
    for record in records:
        if type(record) is Led:
            believers[record.node] = record.epoch
        elif type(record) is Followed:
            believers.pop(record.node, None)
        if len(set(believers.values())) > 1:
            return True
    return False


def _quick_restart(records: list[Any], timeout_ns: int) -> bool:
    crashed: dict[str, int] = {}
    for record in records:
        if type(record) is Crashed:
            crashed[record.node] = record.at_ns
        elif type(record) is Started and record.at_ns - crashed.get(record.node, -(10**18)) < timeout_ns:
            return True
    return False
