"""Swarm scenarios: every parameter and every fault drawn from one seed, inside what Raft assumes.

No fixed set of faults finds all mistakes, and no single knob does: drawing everything did, in a small
experiment with seeded bugs, find what 400 runs of a fixed schedule missed. What is drawn stays within
Raft's assumptions (disks neither lie nor rot), so that every violation is a bug; at the end everything
is healed, so that not converging is one too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.rng import Seed, Stream
from tests.scenarios.swarm_faults import Entry, World, fault, percent, scale, us


def swarm(seed: int) -> dict[str, Any]:
    """Return the scenario of that seed, a mapping for `sim.run.run`; the seed of its run is the same."""
    draws = _Draws(Seed(seed))
    world = _world(draws)
    heal_us = draws.between("heal", 1_500_000, 4_000_000)
    # Twenty of the longest timeouts: of the rounds in them, each of which may be split, one must succeed.
    within_us = 20 * world.timeout_to_us + 1_000_000
    return {
        "schema": 1,
        "name": f"swarm-{seed}",
        "about": "Everything is drawn from the seed.",
        "seed": seed,
        "duration": us(heal_us + within_us),
        "protocol": _protocol(draws, world),
        # Without clients a leader has nothing to commit but what is its own.
        **({} if draws.chance("idle", 0.1) else {"workload": _workload(draws, world)}),
        "network": _network(draws, world),
        "clocks": {"drift": {"uniform": ["-2%", "2%"]}} if draws.chance("drift", 0.5) else {},
        "disk": _disk(draws, world),
        "nodes": {"service_time": "20us"} if draws.chance("service time", 0.2) else {},
        "tie_break": draws.one_of("ties", ("fifo", "seeded")),
        "faults": [
            fault(draws.stream(f"fault {number}"), world, heal_us)
            for number in range(draws.between("fault count", 0, 12))
        ],
        "converge": {"heal_at": us(heal_us), "within": us(within_us)},
    }


class _Draws:
    """Draws by name, each from a stream of its own, so that a new one moves no other."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed

    def stream(self, name: str) -> Stream:
        return self._seed.stream(f"swarm {name}")

    def between(self, name: str, low: int, high: int) -> int:
        return self.stream(name).randrange(low, high + 1)

    def scale(self, name: str, low: float, high: float) -> float:
        return scale(self.stream(name), low, high)

    def one_of(self, name: str, items: tuple[Any, ...]) -> Any:
        return self.stream(name).choice(items)

    def chance(self, name: str, probability: float) -> bool:
        return self.stream(name).chance(probability)


# The world -----------------------------------------------------------------------------------------


def _world(draws: _Draws) -> World:
    latency = draws.scale("latency", 200, 8_000)
    # With less than about ten one-way trips to a timeout elections would not end, and rightly so.
    shortest = int(max(40_000, latency * draws.scale("timeout", 10, 40)))
    longest = int(shortest * (1 + draws.scale("spread", 0.5, 1.5)))
    return World(draws.between("nodes", 3, 7), latency, min(shortest, 200_000), min(longest, 400_000))


def _protocol(draws: _Draws, world: World) -> Entry:
    heartbeat = max(10_000, world.timeout_from_us / draws.scale("heartbeat", 2, 8))
    return {
        "name": "raft",
        "nodes": world.nodes,
        "election_timeout": [us(world.timeout_from_us), us(world.timeout_to_us)],
        "heartbeat_interval": us(heartbeat),
        "snapshot_entries": draws.one_of("snapshots", (0, 3, 10, 50)),
        "max_entries_per_message": draws.one_of("entries", (1, 2, 10, 100)),
        "overlap_own_vote": draws.chance("overlap", 0.5),
    }


def _workload(draws: _Draws, world: World) -> Entry:
    return {
        "name": "database-primary",
        "rate": f"{int(draws.scale('rate', 10, 100))}/s",
        "clients": draws.between("clients", 1, 3),
        "reads": percent(draws.one_of("reads", (0.0, 0.3))),
        "keys": draws.between("keys", 1, 10),
        "attempt_timeout": us(world.timeout_to_us),
        "deadline": us(4 * world.timeout_to_us),
        "retry_interval": us(draws.scale("retry", 1_000, 50_000)),
    }


_LATENCIES: dict[str, Callable[[float], Any]] = {
    "constant": lambda mean: us(mean),
    "uniform": lambda mean: {"uniform": [us(0.2 * mean), us(1.8 * mean)]},
    "exponential": lambda mean: {"exponential": {"mean": us(mean)}},
    "lognormal": lambda mean: {"lognormal": {"median": us(mean), "p99": us(5 * mean)}},
    "pareto": lambda mean: {"pareto": {"minimum": us(0.5 * mean), "alpha": 2.5}},
}


def _network(draws: _Draws, world: World) -> Entry:
    kind = draws.one_of("latency kind", tuple(_LATENCIES))
    return {
        "latency": _LATENCIES[kind](world.latency_us),
        "loss": percent(draws.one_of("loss", (0.0, 0.0, 0.01, 0.05, 0.1))),
        "duplicate": percent(draws.one_of("duplicate", (0.0, 0.02, 0.2))),
        "reorder": {
            "share": percent(draws.one_of("reorder", (0.0, 0.1, 0.5))),
            "by": {"uniform": ["0s", us(4 * world.latency_us)]},
        },
        "fifo": draws.chance("fifo", 0.2),
    }


def _disk(draws: _Draws, world: World) -> Entry:
    fsync = draws.scale("fsync", 0.05, 2) * world.latency_us
    slow = {"lognormal": {"median": us(fsync), "p99": us(4 * fsync)}}
    return {
        "write": us(draws.scale("write", 1, 200)),
        "fsync": draws.one_of("fsync kind", ("0s", us(fsync), slow, slow)),
        "torn_writes": percent(draws.one_of("torn", (0.0, 0.5, 1.0))),
    }
