"""Each workload on each protocol: it runs, it measures its damage, and a paused leader does it."""

from __future__ import annotations

from typing import Any

import pytest

from protocols import registry
from sim.metrics import DAMAGE
from sim.run import run
from sim.workloads import registry as workloads

QUICK: dict[str, dict[str, Any]] = {
    "database-row": {"ttl": "2s", "renew_interval": "500ms", "poll_interval": "100ms"},
    "dynamodb": {"lease_duration": "2s", "heartbeat_period": "500ms", "refresh_period": "100ms"},
    "kubernetes": {"lease_duration": "2s", "renew_deadline": "1s", "retry_period": "200ms"},
    "lock-server": {"ttl": "2s", "poll_interval": "100ms"},
    "paxos-lease": {"lease": "2s", "max_lease": "3s", "renew_interval": "500ms"},
    "redlock": {"ttl": "2s"},
    "replicated-lock": {"ttl": "2s", "poll_interval": "100ms"},
}
"""Protocols that are slow by default, made quick enough for a run of a few seconds."""

WORK: dict[str, dict[str, Any]] = {
    "config-updates": {"interval": "100ms", "work": "90ms"},
    "database-primary": {"external": True, "rate": "30/s", "work": "200ms"},
    "distributed-lock": {"hold": ["90ms", "90ms"], "gap": "10ms", "resign": False},
    "external-store": {"rate": "10/s", "work": "90ms"},
    "job-scheduler": {"interval": "100ms", "work": "90ms"},
    "rate-limiter": {"limit": 250, "window": "10s", "rate": "40/s", "work": "200ms"},
}
"""Each leader is at work most of the time, so that a pause falls between its check and its effect."""

HARMS = {
    "config-updates": "duplicate_numbers",
    "database-primary": "stale_writes",
    "distributed-lock": "two_in_critical_section",
    "external-store": "stale_writes",
    "job-scheduler": "jobs_run_twice",
    "rate-limiter": "admitted_over_limit",
}
"""What two leaders do to each resource."""


def scenario(protocol: str, job: str, fenced: bool, *faults: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a scenario of a few seconds."""
    return {
        "schema": 1,
        "name": "workload",
        "about": "A workload on a protocol.",
        "duration": "8s",
        "protocol": {"name": protocol, **QUICK.get(protocol, {})},
        "network": {"latency": {"uniform": ["1ms", "3ms"]}},
        "workload": {"name": job, **WORK[job], "fenced": fenced},
        "faults": list(faults),
        **parts,
    }


@pytest.mark.slow
@pytest.mark.parametrize("fenced", [False, True], ids=["unfenced", "fenced"])
@pytest.mark.parametrize("protocol", [name for name in registry.names() if "naive" not in name])
def test_every_workload_runs_on_every_protocol(protocol: str, fenced: bool) -> None:
    """The leader acts on its resource; what that can suffer is measured, and without faults it does not.

    A fence turns nobody away there.
    """
    assert set(WORK) == set(workloads.names())
    for workload in WORK:
        result = run(scenario(protocol, workload, fenced, duration="6s"), seed=3)
        spec = workloads.get(workload)
        harms = [f"damage.{name}" for name in spec.damage if DAMAGE[name].unit == "count"]

        assert (result.metrics["effects.accepted"] or 0) > 5, (protocol, workload)
        assert not result.metrics["effects.rejected"], (protocol, workload)
        assert all(result.metrics[name] is not None for name in harms), (protocol, workload)
        assert result.metrics[f"damage.{HARMS[workload]}"] == 0, (protocol, workload)
        assert (result.metrics["availability.system"] or 0) > 0, (protocol, workload)


PAUSES = {"every": "6s", "first": "5.05s", "until": "28s", "pause": "leader", "for": "4s"}


@pytest.mark.parametrize("workload", WORK)
@pytest.mark.parametrize("protocol", ["raft", "lock-server", "redlock", "dynamodb"])
def test_paused_leader_does_harm_unless_it_is_fenced(protocol: str, workload: str) -> None:
    """Four pauses of two leases each; the fence turns nobody away who leads, so that as much is done."""

    def done(fenced: bool) -> tuple[Any, Any]:
        described = scenario(protocol, workload, fenced, PAUSES, duration="30s")
        metrics = run(described, seed=5).metrics
        return metrics[f"damage.{HARMS[workload]}"], metrics["effects.accepted"]

    (harms, accepted), (fenced_harms, fenced_accepted) = done(False), done(True)
    assert (harms >= 1, fenced_harms) == (True, 0)
    assert fenced_accepted > 0.8 * accepted


RESIGNING = (
    "database-row", "dynamodb", "etcd", "lock-server",
    "paxos-lease", "raft", "redlock", "replicated-lock", "zookeeper",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("protocol", RESIGNING)
def test_holder_that_resigns_hands_the_lock_over(protocol: str) -> None:
    """Contenders take turns, nobody is harmed, and how long the lock is free between two is measured."""
    lock = {"name": "distributed-lock", "hold": ["0s", "100ms"]}
    described = scenario(protocol, "distributed-lock", False, workload=lock, duration="10s")
    if protocol == "raft":
        described["protocol"]["leadership_transfer"] = True
    result = run(described, seed=2)

    assert (result.metrics["leader_changes"] or 0) >= 3
    assert (result.metrics["damage"], result.metrics["violations"]) == (0, 0)
    assert 0 < (result.metrics["damage.hand_over.mean"] or 0) < 5


def test_all_harms_are_documented_and_belong_to_a_workload() -> None:
    """What is in the catalogue is measured by somebody, and the other way round."""
    measured = {name for workload in workloads.names() for name in workloads.get(workload).damage}

    assert measured == set(DAMAGE)
