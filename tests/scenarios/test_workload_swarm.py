"""Behind a fence no fault lets two leaders do harm: any workload, on any protocol.

What a missing leader costs (late jobs, refused requests) is not counted here, nor what the network may
do to one leader alone.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from protocols import registry
from sim.result import Result
from sim.rng import Seed, Stream
from sim.run import run
from tests.scenarios.regressions import kept
from tests.scenarios.test_workloads import QUICK, WORK

PROTOCOLS = (
    "raft",
    "lock-server",
    "database-row",
    "kubernetes",
    "paxos-lease",
    "replicated-lock",
    "redlock",
    "dynamodb",
    "zookeeper",
    "etcd",
)

HARMS = {
    "config-updates": ("duplicate_numbers", "older_after_newer"),
    "database-primary": ("stale_writes", "updates_overwritten", "updates_lost"),
    "distributed-lock": ("two_in_critical_section", "updates_lost"),
    "external-store": ("stale_writes",),
    "job-scheduler": ("jobs_run_twice",),
    "rate-limiter": ("admitted_over_limit",),
}
"""What two leaders do to an unfenced resource."""


def faults(draw: Stream) -> list[dict[str, Any]]:
    """Return one to three kinds of fault, at random times."""
    who = ("leader", "a contender")
    kinds: list[dict[str, Any]] = [
        {"rate": "20/min", "pause": draw.choice(who), "for": draw.choice(("300ms", "1s", "3s"))},
        {"rate": "10/min", "isolate": draw.choice(who), "for": "2s"},
        {"rate": "8/min", "crash": draw.choice((*who, "r1", "a server")), "restart_after": "500ms"},
        {"rate": "10/min", "clock": {"of": "a contender", "step": draw.choice(("-3s", "5s"))}},
    ]
    return [{"from": "1s", **kind} for kind in draw.sample(kinds, draw.randrange(1, 4))]


def swarm(seed: int, fenced: bool) -> dict[str, Any]:
    """Return the scenario of a seed; fenced or not, it is the same but for that."""
    draw = Seed(seed).stream("workload swarm")
    protocol, workload = draw.choice(PROTOCOLS), draw.choice(tuple(WORK))
    network = {
        "latency": {"uniform": ["1ms", "20ms"]},
        "loss": "3%" if draw.chance(0.4) else "0%",
        "duplicate": "3%" if draw.chance(0.3) else "0%",
    }
    return {
        "schema": 1,
        "name": f"workload-swarm-{seed}",
        "about": "Everything is drawn from the seed.",
        "duration": "15s",
        "protocol": {"name": protocol, **QUICK.get(protocol, {})},
        "network": network,
        "disk": {"fsync": "2ms"} if draw.chance(0.5) else {},
        "workload": {"name": workload, **WORK[workload], "fenced": fenced},
        "faults": faults(draw),
    }


def harms(seed: int, fenced: bool) -> tuple[int, Result]:
    """Return what two leaders did in the run of that seed."""
    scenario = swarm(seed, fenced)
    result = run(scenario, seed=seed)
    names = HARMS[scenario["workload"]["name"]]
    return sum(int(result.metrics[f"damage.{name}"] or 0) for name in names), result


def harmed(seeds: range) -> list[int]:
    """Return the seeds in which a fenced resource was harmed, or let a stale epoch through."""
    found = []
    for seed in seeds:
        harm, result = harms(seed, True)
        stale = result.metrics["violations.fencing"] or result.metrics["split_brain.dual_effect"]
        if harm or stale:
            found.append(seed)
    return found


@pytest.mark.slow
def test_fenced_resources_are_not_harmed() -> None:
    """Of 40 seeds none; without the fence several are, or the swarm would show nothing."""
    assert harmed(range(1, 41)) == []
    assert sum(harms(seed, False)[0] > 0 for seed in range(1, 41)) >= 5


@pytest.mark.soak
def test_fenced_resources_are_not_harmed_in_two_thousand_seeds() -> None:
    """The same, for longer."""
    found = dict.fromkeys(harmed(range(1, 2001)), "a fenced resource was harmed")
    assert kept(found, partial(swarm, fenced=True)) == {}


def test_swarm_draws_every_protocol_and_workload() -> None:
    """All of them are known, and come up."""
    drawn = Counter((swarm(seed, True)["protocol"]["name"]) for seed in range(200))
    jobs = Counter((swarm(seed, True)["workload"]["name"]) for seed in range(200))

    assert set(drawn) == set(PROTOCOLS) <= set(registry.names())
    assert set(jobs) == set(WORK) == set(HARMS)
