"""What the tests of faults share: small worlds that are run up to a time and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.cluster import Cluster
from sim.prepare import prepare
from sim.run import build
from sim.scenario import from_dict

MS = 1_000_000
SECOND = 1_000_000_000


def scenario(faults: Sequence[dict[str, Any]] = (), **parts: Any) -> dict[str, Any]:
    """Return a scenario of three Raft servers on a network that takes 1 ms; `parts` replace its keys."""
    return {
        "schema": 1,
        "name": "small-world",
        "about": "A world for a test.",
        "duration": "10s",
        "protocol": {"name": "raft", "nodes": 3},
        "faults": list(faults),
        **parts,
    }


def world(faults: Sequence[dict[str, Any]] = (), seed: int = 1, **parts: Any) -> Cluster:
    """Return a world with these faults, started."""
    cluster = build(prepare(from_dict(scenario(faults, **parts))), seed, "digest")
    cluster.start()
    return cluster


def at(cluster: Cluster, time_ms: float) -> Cluster:
    """Run a world up to just before a time, in milliseconds."""
    cluster.kernel.run(until=int(time_ms * MS))
    return cluster


def of(cluster: Cluster, kind: type) -> list[Any]:
    """Return the milestones of one kind so far."""
    return [record for record in cluster.trace.milestones if type(record) is kind]


def times_ms(cluster: Cluster, kind: type) -> list[int]:
    """Return when milestones of one kind happened, in whole milliseconds."""
    return [record.at_ns // MS for record in of(cluster, kind)]
