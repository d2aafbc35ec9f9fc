"""The scenario that is measured."""

from __future__ import annotations

from typing import Any


def scenario(duration: str, rate: str | None, **more: Any) -> dict[str, Any]:
    """Return the benchmark scenario: five nodes of Raft, heartbeats of 50 ms, latency and 1 % loss."""
    found: dict[str, Any] = {
        "schema": 1,
        "name": "benchmark",
        "about": "Five nodes of Raft for measuring the simulator.",
        "duration": duration,
        "protocol": {"name": "raft", "nodes": 5},
        "network": {"latency": {"uniform": ["1ms", "5ms"]}, "loss": "1%"},
    }
    if rate is not None:
        found["workload"] = {"name": "database-primary", "rate": rate}
    return found | more


def crash_trial(**more: Any) -> dict[str, Any]:
    """Return a trial of two simulated seconds in which the leader is killed after one."""
    return scenario("2s", None, faults=[{"at": "1s", "crash": "leader"}], **more)
