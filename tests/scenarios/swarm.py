"""Swarm scenarios: every parameter and every fault drawn from one seed, inside what Raft assumes.

No fixed set of faults finds all mistakes, and no single knob does: drawing everything did, in a small
experiment with seeded bugs, find what 400 runs of a fixed schedule missed. What is drawn stays within
Raft's assumptions (disks neither lie nor rot), so that every violation is a bug; at the end everything
is healed, so that not converging is one too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.rng import Seed, Stream

Entry = dict[str, Any]


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
        "duration": _us(heal_us + within_us),
        "protocol": _protocol(draws, world),
        "workload": _workload(draws, world),
        "network": _network(draws, world),
        "clocks": {"drift": {"uniform": ["-2%", "2%"]}} if draws.chance("drift", 0.5) else {},
        "disk": _disk(draws, world),
        "nodes": {"service_time": "20us"} if draws.chance("service time", 0.2) else {},
        "tie_break": draws.one_of("ties", ("fifo", "seeded")),
        "faults": _faults(draws, world, heal_us),
        "converge": {"heal_at": _us(heal_us), "within": _us(within_us)},
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
        return _scale(self.stream(name), low, high)

    def one_of(self, name: str, items: tuple[Any, ...]) -> Any:
        return self.stream(name).choice(items)

    def chance(self, name: str, probability: float) -> bool:
        return self.stream(name).chance(probability)


def _scale(stream: Stream, low: float, high: float) -> float:
    """Return a log-uniform draw: every order of magnitude is as likely as any other."""
    return low * math.exp(stream.random() * math.log(high / low))


def _us(microseconds: float) -> str:
    return f"{max(1, int(microseconds))}us"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


# The world -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _World:
    """What the rest is drawn around: how long a message takes, and how long a server waits."""

    nodes: int
    latency_us: float
    timeout_from_us: int
    timeout_to_us: int


def _world(draws: _Draws) -> _World:
    latency = draws.scale("latency", 200, 8_000)
    # With less than about ten one-way trips to a timeout elections would not end, and rightly so.
    shortest = int(max(40_000, latency * draws.scale("timeout", 10, 40)))
    longest = int(shortest * (1 + draws.scale("spread", 0.5, 1.5)))
    return _World(draws.between("nodes", 3, 7), latency, min(shortest, 200_000), min(longest, 400_000))


def _protocol(draws: _Draws, world: _World) -> Entry:
    heartbeat = max(10_000, world.timeout_from_us / draws.scale("heartbeat", 2, 8))
    return {
        "name": "raft",
        "nodes": world.nodes,
        "election_timeout": [_us(world.timeout_from_us), _us(world.timeout_to_us)],
        "heartbeat_interval": _us(heartbeat),
        "snapshot_entries": draws.one_of("snapshots", (0, 3, 10, 50)),
        "max_entries_per_message": draws.one_of("entries", (1, 2, 10, 100)),
        "overlap_own_vote": draws.chance("overlap", 0.5),
    }


def _workload(draws: _Draws, world: _World) -> Entry:
    return {
        "name": "database-primary",
        "rate": f"{int(draws.scale('rate', 10, 100))}/s",
        "clients": draws.between("clients", 1, 3),
        "reads": _percent(draws.one_of("reads", (0.0, 0.3))),
        "keys": draws.between("keys", 1, 10),
        "attempt_timeout": _us(world.timeout_to_us),
        "deadline": _us(4 * world.timeout_to_us),
        "retry_interval": _us(draws.scale("retry", 1_000, 50_000)),
    }


_LATENCIES: dict[str, Callable[[float], Any]] = {
    "constant": lambda mean: _us(mean),
    "uniform": lambda mean: {"uniform": [_us(0.2 * mean), _us(1.8 * mean)]},
    "exponential": lambda mean: {"exponential": {"mean": _us(mean)}},
    "lognormal": lambda mean: {"lognormal": {"median": _us(mean), "p99": _us(5 * mean)}},
    "pareto": lambda mean: {"pareto": {"minimum": _us(0.5 * mean), "alpha": 2.5}},
}


def _network(draws: _Draws, world: _World) -> Entry:
    kind = draws.one_of("latency kind", tuple(_LATENCIES))
    return {
        "latency": _LATENCIES[kind](world.latency_us),
        "loss": _percent(draws.one_of("loss", (0.0, 0.0, 0.01, 0.05, 0.1))),
        "duplicate": _percent(draws.one_of("duplicate", (0.0, 0.02, 0.2))),
        "reorder": {
            "share": _percent(draws.one_of("reorder", (0.0, 0.1, 0.5))),
            "by": {"uniform": ["0s", _us(4 * world.latency_us)]},
        },
        "fifo": draws.chance("fifo", 0.2),
    }


def _disk(draws: _Draws, world: _World) -> Entry:
    fsync = draws.scale("fsync", 0.05, 2) * world.latency_us
    slow = {"lognormal": {"median": _us(fsync), "p99": _us(4 * fsync)}}
    return {
        "write": _us(draws.scale("write", 1, 200)),
        "fsync": draws.one_of("fsync kind", ("0s", _us(fsync), slow, slow)),
        "torn_writes": _percent(draws.one_of("torn", (0.0, 0.5, 1.0))),
    }


# Faults --------------------------------------------------------------------------------------------


def _faults(draws: _Draws, world: _World, heal_us: int) -> list[Entry]:
    count = draws.between("fault count", 0, 12)
    return [_fault(draws.stream(f"fault {number}"), world, heal_us) for number in range(count)]


def _fault(stream: Stream, world: _World, heal_us: int) -> Entry:
    timing = _triggered if stream.chance(0.4) else _now_and_then
    action = stream.choice(_ACTIONS)
    about = timing(stream, heal_us)
    return {**about, **action(stream, world, _target(stream, "when" in about))}


def _now_and_then(stream: Stream, heal_us: int) -> Entry:
    """Return a timing at random times; fixed ones would contradict each other now and then."""
    start = stream.randrange(0, heal_us)
    return {"rate": f"{int(_scale(stream, 6, 600))}/min", "from": _us(start)}


_EVENTS: tuple[Entry, ...] = (
    {"event": "saving", "record": "hard_state"},
    {"event": "saving", "record": "appended"},
    {"event": "saving"},
    {"event": "saved", "record": "hard_state"},
    {"event": "campaigned"},
    {"event": "vote_granted"},
    {"event": "leader_elected"},
    {"event": "leader_lost"},
    {"event": "leader_known"},
    {"event": "appended"},
    {"event": "truncated"},
    {"event": "restored"},
    {"event": "committed"},
    {"event": "restarted"},
    {"event": "resumed"},
)


def _triggered(stream: Stream, heal_us: int) -> Entry:
    """Return a timing that aims at a moment of the protocol, or shortly after it."""
    trigger = {**stream.choice(_EVENTS), "nth": int(_scale(stream, 1, 50))}
    delay = 0.0 if stream.chance(0.5) else _scale(stream, 1, 20_000)
    return {"when": trigger, "delay": f"{int(delay)}us", "times": int(_scale(stream, 1, 60))}


_TARGETS = (
    "leader", "leader", "a follower", "a server", "a server", "followers", "minority", "majority",
    "minority with the leader", "majority without the leader",
)  # fmt: skip


def _target(stream: Stream, triggered: bool) -> str:
    likely = stream.chance(0.7)
    target = stream.choice(_TARGETS)
    return "that node" if triggered and likely else target


def _length(stream: Stream, world: _World) -> str:
    """Return a length from far below a timeout to several of them."""
    return _us(_scale(stream, 300, 4 * world.timeout_to_us))


def _crash(stream: Stream, world: _World, target: str) -> Entry:
    host = "down" if stream.chance(0.3) else "up"
    return {"crash": target, "restart_after": _length(stream, world), "host": host}


def _crash_all(stream: Stream, world: _World, target: str) -> Entry:
    return {"crash": "all", "restart_after": _length(stream, world)}


def _pause(stream: Stream, world: _World, target: str) -> Entry:
    return {"pause": target, "for": _length(stream, world)}


def _slow(stream: Stream, world: _World, target: str) -> Entry:
    return {"slow": target, "factor": f"{int(_scale(stream, 2, 200))}x", "for": _length(stream, world)}


def _mode(stream: Stream) -> str:
    return "hold" if stream.chance(0.3) else "drop"


def _partition(stream: Stream, world: _World, target: str) -> Entry:
    groups = [[target], ["others"]]
    return {"partition": groups, "for": _length(stream, world), "mode": _mode(stream)}


def _cut(stream: Stream, world: _World, target: str) -> Entry:
    ends = {"from": target, "to": "a server"} if stream.chance(0.5) else {"from": "a server", "to": target}
    return {"cut": ends, "for": _length(stream, world), "mode": _mode(stream)}


def _isolate(stream: Stream, world: _World, target: str) -> Entry:
    direction = stream.choice(("both", "in", "out"))
    return {
        "isolate": target,
        "direction": direction,
        "for": _length(stream, world),
        "mode": _mode(stream),
    }


def _bridge(stream: Stream, world: _World, target: str) -> Entry:
    return {"bridge": stream.choice(("leader", "a follower")), "for": _length(stream, world)}


def _ring(stream: Stream, world: _World, target: str) -> Entry:
    return {"ring": True, "for": _length(stream, world)}


def _flap(stream: Stream, world: _World, target: str) -> Entry:
    times = {"up": _length(stream, world), "down": _length(stream, world)}
    return {"flap": {"between": [target, "a server"], **times}, "for": _length(stream, world)}


def _degrade(stream: Stream, world: _World, target: str) -> Entry:
    worse = stream.choice(
        (
            {"latency": _us(world.latency_us * _scale(stream, 2, 50))},
            {"loss": "50%"},
            {"loss": {"burst": {"rate": "30%", "length": 10}}},
            {"duplicate": "80%"},
            {"reorder": {"share": "80%", "by": _length(stream, world)}},
            {"bandwidth": "100kB/s"},
        )
    )
    links = {"from": target} if stream.chance(0.5) else {"to": target}
    return {"degrade": {**links, **worse}, "for": _length(stream, world)}


def _disk_fault(stream: Stream, world: _World, target: str) -> Entry:
    kind = stream.choice(
        ({"stall": True}, {"fsync": _length(stream, world)}, {"torn": True}, {"full": True})
    )
    return {"disk": {"of": target, **kind}, "for": _length(stream, world)}


def _clock(stream: Stream, world: _World, target: str) -> Entry:
    kind = stream.choice(({"rate": "-30%"}, {"rate": "40%"}, {"freeze": True}))
    return {"clock": {"of": target, **kind}, "for": _length(stream, world)}


def _clock_step(stream: Stream, world: _World, target: str) -> Entry:
    return {"clock": {"of": target, "step": stream.choice(("-1h", "1h", "5ms"))}}


def _restart(stream: Stream, world: _World, target: str) -> Entry:
    return {"restart": "all"}


def _heal(stream: Stream, world: _World, target: str) -> Entry:
    return {"heal": True}


_ACTIONS = (
    _crash, _crash, _crash, _crash, _crash_all, _pause, _slow, _partition, _partition, _cut, _isolate,
    _bridge, _ring, _flap, _degrade, _disk_fault, _disk_fault, _clock, _clock_step, _restart, _heal,
)  # fmt: skip
