"""Swarm scenarios for ZooKeeper: the worlds and faults of Raft's swarm around an ensemble and its clients.

Ticks are as short as the network of that seed allows, so that a few simulated seconds see several
elections. What connections lose is sent again after 200 ms or more, which is why they are no shorter.
"""

from __future__ import annotations

from typing import Any

from sim.rng import Seed, Stream
from tests.scenarios.swarm import swarm
from tests.scenarios.swarm_faults import aimed_at, us

RECORDS = {"hard_state": "current_epoch", "appended": "logged"}
"""What a Raft server saves, and what of a ZooKeeper server's comes nearest."""


def ensemble(seed: int) -> dict[str, Any]:
    """Return the scenario of that seed for the servers alone."""
    stream = Seed(seed).stream("swarm zookeeper")
    tick_us = stream.randrange(150_000, 400_000)
    scenario = _retimed(swarm(seed), stream, tick_us)
    scenario["protocol"] = {
        "name": "zookeeper-ensemble",
        "nodes": stream.choice((3, 3, 4, 5)),
        **_ensemble(stream, tick_us),
    }
    return scenario


def _ensemble(stream: Stream, tick_us: int) -> dict[str, Any]:
    wait_us = stream.randrange(10_000, 100_000)
    return {
        "tick_time": us(tick_us),
        "init_limit": stream.randrange(10, 15),
        "sync_limit": stream.randrange(2, 6),
        "finalize_wait": us(wait_us),
        "notification_min": us(stream.randrange(20_000, 200_000)),
        "notification_max": us(stream.randrange(200_000, 1_000_000)),
        "connect_retry": us(stream.randrange(5_000, 50_000)),
        "commit_log": stream.choice((1, 3, 500)),
        **stream.choice(({}, {}, {"warm_step": ["1ms", "5ms"], "cold_step": ["10ms", "30ms"]})),
    }


def _retimed(scenario: dict[str, Any], stream: Stream, tick_us: int) -> dict[str, Any]:
    """Return the scenario with time for connections to recover, and with ZooKeeper's own records."""
    heal = scenario["converge"]["heal_at"]
    within_us = 60 * tick_us + 15_000_000
    for fault in scenario["faults"]:
        when = fault.get("when", {})
        if "record" in when:
            fault["when"] = {**when, "record": RECORDS[when["record"]]}
    heal_us = int(heal.removesuffix("us"))
    return {
        **scenario,
        "name": f"zookeeper-swarm-{scenario['seed']}",
        "duration": us(heal_us + within_us),
        "converge": {"heal_at": heal, "within": us(within_us)},
    }


OBEDIENT = ("sequential", "herd", "curator")
"""Recipes whose leaders stop when they are Disconnected."""
STANDSTILLS = ("pause", "slow")
"""Faults in which a client's clock goes on and its program does not, so that it hears of nothing."""


def recipe(seed: int) -> dict[str, Any]:
    """Return the scenario of that seed for contenders on an ensemble.

    Sessions are longer than a server needs to notice, in the worst case, that it serves alone. A follower
    needs twice syncLimit ticks: until the leader drops it, and until it misses the leader. A leader counts
    a follower that went silent while it was being brought up to date for initLimit ticks. A shorter session
    may end while its server, and so its client, believes that all is well.
    """
    stream = Seed(seed).stream("swarm zookeeper recipe")
    tick_us = stream.randrange(100_000, 250_000)
    scenario = _retimed(swarm(seed), stream, tick_us)
    servers = _ensemble(stream, tick_us) | {"sync_limit": stream.randrange(2, 4)}
    scenario["protocol"] = {
        "name": "zookeeper",
        "nodes": stream.randrange(2, 6),
        "servers": stream.choice((3, 3, 5)),
        "recipe": stream.choice(OBEDIENT),
        "session_timeout": us((max(2 * servers["sync_limit"], servers["init_limit"]) + 3) * tick_us),
        "reconnect_delay": ["0s", us(stream.randrange(1_000, 500_000))],
        "sync_reads": stream.chance(0.3),
        **servers,
    }
    scenario["workload"] = {"name": "external-store", "rate": "20/s"}
    scenario["faults"] = [
        aimed_at(stream.choice(("leader", "service leader", "n1")), fault) for fault in scenario["faults"]
    ]
    return scenario


def stands_still(scenario: dict[str, Any]) -> bool:
    """Return whether some process may stand still, and its beliefs with it."""
    return any(kind in fault for fault in scenario["faults"] for kind in STANDSTILLS)
