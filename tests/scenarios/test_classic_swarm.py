"""Random faults on the classic protocols: two may lead at once, but never under one epoch."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from sim.run import run
from tests.scenarios.regressions import kept

CRASHES = {"rate": "20/min", "until": "18s", "crash": "a contender", "restart_after": "1s"}
PROTOCOLS = ("bully", "multi-paxos", "omni-paxos", "ring", "viewstamped-replication")


def world(protocol: str, seed: int) -> dict[str, Any]:
    """Return a scenario whose size and faults follow from the seed, calm for its last ten seconds."""
    nodes = (3, 4, 5, 7)[seed % 4]
    # Viewstamped Replication forgets everything in a crash: more than f at once, and nobody knows the view.
    crashes = [] if protocol == "viewstamped-replication" else [CRASHES]
    loss = ("0%", "1%", "5%")[seed % 3]
    return {
        "schema": 1,
        "name": "classic-swarm",
        "about": "Random faults, and then calm.",
        "duration": "30s",
        "tie_break": ("fifo", "seeded")[seed % 2],
        "protocol": {"name": protocol, "nodes": nodes},
        "network": {"latency": {"uniform": ["1ms", "10ms"]}, "loss": loss, "duplicate": "1%"},
        "disk": {"fsync": {"lognormal": {"median": "1ms", "p99": "8ms"}}},
        "faults": [
            *crashes,
            {"rate": "20/min", "until": "18s", "isolate": "a contender", "for": "2s"},
            {"rate": "10/min", "until": "18s", "partition": [["minority"], ["others"]], "for": "3s"},
            {"rate": "10/min", "until": "18s", "pause": "a contender", "for": "1s"},
        ],
        "converge": {"heal_at": "20s", "within": "10s"},
    }


def violations(protocol: str, seeds: range) -> list[tuple[int, str, str]]:
    """Return what was violated, under which seed."""
    return [
        (seed, found.property, found.evidence)
        for seed in seeds
        for found in run(world(protocol, seed), seed=seed).violations
    ]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_epoch_is_led_twice_and_calm_brings_a_leader(protocol: str) -> None:
    """Election safety, epochs that grow, and convergence, under a few seeds."""
    assert violations(protocol, range(8)) == []


@pytest.mark.soak
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_epoch_is_led_twice_under_many_seeds(protocol: str) -> None:
    """The same under 500 seeds."""
    found = {seed: each for seed, *each in violations(protocol, range(500))}
    assert kept(found, partial(world, protocol)) == {}
