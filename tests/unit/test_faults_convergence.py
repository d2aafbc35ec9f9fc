"""The second phase of a run, in which everything is healed and must work, and the ends of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.cluster import Cluster
from sim.invariants import Report
from sim.records import Crashed, FaultEnded, FaultStarted, Led, Resumed, RunEnded, Started, Violated
from sim.run import run
from tests.unit.faults_testing import SECOND, at, of, scenario, world


def test_converge_ends_every_fault_and_starts_every_process() -> None:
    faults = [
        {"at": "1s", "crash": "n1"},
        {"at": "1s", "isolate": "n2"},
        {"at": "1s", "pause": "n3", "for": "8s"},
        {"every": "100ms", "first": "2s", "crash": "n2", "restart_after": "1s"},
    ]
    cluster = at(world(faults, converge={"heal_at": "5s", "within": "3s"}), 5100)

    assert [(node.up, node.paused) for node in cluster.nodes.values()] == [(True, False)] * 3
    assert not cluster.network.is_cut("n1", "n2")
    assert max(record.at_ns for record in of(cluster, FaultStarted)) < 5 * SECOND
    assert [r.node for r in of(cluster, Resumed)] == ["n3"]
    assert {r.at_ns for r in of(cluster, FaultEnded) if r.fault < 3} == {5 * SECOND}
    assert {r.node for r in of(cluster, Started) if r.at_ns == 5 * SECOND} == {"n1", "n2"}


def test_converge_revives_what_died_of_a_full_disk() -> None:
    """No fault killed it, so none starts it when it ends."""
    faults: list[dict[str, Any]] = [
        {"at": "1s", "disk": {"of": "all", "full": True}, "for": "2s"},
        {"at": "2s", "crash": "leader"},
    ]
    cluster = world(faults, converge={"heal_at": "5s", "within": "3s"})

    assert [node.up for node in at(cluster, 4999).nodes.values()] == [False] * 3
    assert [node.up for node in at(cluster, 5001).nodes.values()] == [True] * 3


def test_trigger_during_convergence_does_nothing() -> None:
    fault = {"when": {"event": "leader_elected"}, "crash": "that node", "delay": "2900ms"}
    cluster = at(world([fault], converge={"heal_at": "3s", "within": "3s"}), 10_000)

    assert of(cluster, Crashed) == []


Break = Callable[[Cluster], None]


def converged(until: str, broken: Break | None = None, **parts: Any) -> list[str]:
    """Return the violations of a run whose phase of convergence lasts from 3 s to `until`."""
    within = int(until.removesuffix("s")) - 3
    cluster = world(converge={"heal_at": "3s", "within": f"{within}s"}, **parts)
    cluster.kernel.call_at(10 * SECOND, lambda _: cluster.stop("duration"))
    if broken is not None:
        broken(at(cluster, 3001))
    cluster.kernel.run()
    cluster.finish()
    return [record.property for record in of(cluster, Violated)]


def silence(cluster: Cluster) -> None:
    """Let nobody hear anybody any more, which no scenario can once its faults are over."""
    cluster.network.cut(
        "silence", [(a, b) for a in cluster.servers for b in cluster.servers if a != b], "drop"
    )


@pytest.mark.parametrize("until", ["8s", "10s"])
def test_cluster_that_does_not_come_back_is_a_violation(until: str) -> None:
    """Also when the time to converge ends with the run."""
    clients = {"name": "database-primary", "rate": "50/s"}

    assert converged(until, silence, workload=clients) == ["convergence"]


@pytest.mark.parametrize("until", ["8s", "10s"])
def test_cluster_that_serves_has_converged(until: str) -> None:
    assert converged(until, workload={"name": "database-primary", "rate": "50/s"}) == []


def test_leader_without_clients_has_converged() -> None:
    """It has nothing to commit after the heal, and needs not be elected again."""
    assert converged("8s") == []


def test_cluster_without_clients_or_leader_has_not_converged() -> None:
    def kill(cluster: Cluster) -> None:
        for name in cluster.servers[:2]:
            cluster.nodes[name].crash()
        for name in cluster.servers[2:]:
            cluster.nodes[name].disbelieve("test")

    assert converged("8s", kill) == ["convergence"]


def test_run_stops_when_something_happens() -> None:
    stopped = run(
        scenario([{"at": "2s", "crash": "leader"}], stop_when={"event": "leader_elected", "nth": 2})
    )
    elected = [record for record in stopped.records if type(record) is Led]

    assert len(elected) == 2
    assert stopped.records[-1] == RunEnded(elected[1].at_ns, "stop_when")


def test_run_that_is_not_stopped_ends_after_its_duration() -> None:
    result = run(scenario(stop_when={"event": "crashed"}))

    assert result.records[-1] == RunEnded(10 * SECOND, "duration")


def test_report_of_a_violation_names_the_assumption_that_was_broken() -> None:
    cluster = world()
    report: Report = cluster.report
    report("a property", ("n1",), "before")
    cluster.broken("stable storage")
    report("a property", ("n1",), "after")

    assert [record.outside_envelope for record in of(cluster, Violated)] == ["", "stable storage"]
