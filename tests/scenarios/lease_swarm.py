"""A swarm for leases: everything is drawn from the seed, and no assumption of any protocol is kept.

Clocks run at any rate and jump, processes stand still for several leases, disks lose what was not
written, servers forget, links lose, hold and delay messages. What must hold all the same is the fence: it
asks nothing of clocks and pauses, only tokens that are used once, and a resource that does not forget.
"""

from __future__ import annotations

from typing import Any

from sim.rng import Seed, Stream
from tests.scenarios.swarm_faults import Entry, percent, scale, us

ORDERED = ("lock-server", "replicated-lock", "database-row", "kubernetes", "paxos-lease")
"""Lease protocols whose tokens rise, so that a resource can fence by their order."""
UNORDERED = ("redlock", "dynamodb")
"""Those whose tokens do not: a resource compares and sets its owner."""


def lease_swarm(seed: int, protocols: tuple[str, ...], fenced: bool = True) -> Entry:
    """Return the scenario of that seed, a mapping for `sim.run.run`; protocols take turns."""
    draws = Seed(seed).stream("lease swarm")
    return {
        "schema": 1,
        "name": f"lease-swarm-{seed}",
        "about": "Everything is drawn from the seed.",
        "duration": "7s",
        "protocol": _protocol(draws, protocols[seed % len(protocols)]),
        "workload": _workload(draws, fenced),
        "network": _network(draws),
        "clocks": {"drift": {"uniform": ["-20%", "20%"]}} if draws.chance(0.5) else {},
        "disk": {"fsync": us(scale(draws, 50, 20_000)), "torn_writes": "50%"} if draws.chance(0.5) else {},
        "tie_break": draws.choice(("fifo", "seeded")),
        "faults": [_fault(draws) for _ in range(draws.randrange(1, 9))],
    }


def _protocol(draws: Stream, name: str) -> Entry:
    settings = _SETTINGS[name](draws)
    return {"name": name, "nodes": draws.randrange(2, 5), "unsafe": True, **settings}


def _lease(draws: Stream) -> Entry:
    """Return settings of a lock: a lease of about a second, any way to measure it."""
    return {
        "ttl": us(scale(draws, 300_000, 1_500_000)),
        "poll_interval": us(scale(draws, 60_000, 400_000)),
        "request_timeout": us(scale(draws, 50_000, 800_000)),
        "validity_from": draws.choice(("send", "reply")),
        "client_clock": draws.choice(("monotonic", "wall")),
        "server_clock": draws.choice(("monotonic", "wall")),
        "waiters": draws.choice(("poll", "notify")),
        "hold_for": draws.choice(("0s", "0s", "1s")),
    }


def _row(draws: Stream) -> Entry:
    ttl = scale(draws, 300_000, 1_500_000)
    return {
        "ttl": us(ttl),
        "renew_interval": us(ttl / 3),
        "poll_interval": us(scale(draws, 60_000, 400_000)),
        "request_timeout": us(scale(draws, 50_000, 800_000)),
        "time": draws.choice(("statement", "transaction", "client")),
        "method": draws.choice(("update", "select-then-update")),
        "replicas": draws.choice((0, 1)),
        "synchronous": draws.choice((True, False)),
        "replication_delay": draws.choice(("0s", "200ms")),
        "promote_after": "1s",
    }


def _kubernetes(draws: Stream) -> Entry:
    return {
        "lease_duration": draws.choice(("1s", "2s")),
        "renew_deadline": us(scale(draws, 300_000, 3_000_000)),
        "retry_period": us(scale(draws, 50_000, 400_000)),
        "request_timeout": us(scale(draws, 100_000, 2_000_000)),
        "release_on_cancel": draws.choice((True, False)),
        "is_leader": draws.choice(("callbacks", "identity")),
        "clock": draws.choice(("monotonic", "wall")),
    }


def _redlock(draws: Stream) -> Entry:
    return {
        "ttl": us(scale(draws, 300_000, 1_500_000)),
        "persistence": draws.choice(("none", "everysec", "always")),
        "restart_wait": draws.choice((True, False)),
        "count_elapsed": draws.choice((True, False)),
    }


def _dynamodb(draws: Stream) -> Entry:
    lease = scale(draws, 300_000, 1_500_000)
    return {
        "lease_duration": us(lease),
        "heartbeat_period": us(lease / 4),
        "refresh_period": us(scale(draws, 60_000, 400_000)),
        "request_timeout": us(scale(draws, 50_000, 800_000)),
        "clock": draws.choice(("monotonic", "wall")),
    }


def _paxos(draws: Stream) -> Entry:
    lease = scale(draws, 300_000, 1_500_000)
    return {
        "lease": us(lease),
        "max_lease": us(lease * scale(draws, 0.3, 3)),
        "renew_interval": us(lease / 3),
        "round_timeout": us(scale(draws, 50_000, 300_000)),
        "backoff": us(scale(draws, 60_000, 400_000)),
        "silent_restart": draws.choice((True, False)),
    }


_SETTINGS: dict[str, Any] = {
    "lock-server": lambda draws: {
        **_lease(draws),
        "durable": draws.choice(("table", "token", "nothing")),
        "restart_wait": draws.choice((True, False)),
    },
    "replicated-lock": lambda draws: {**_lease(draws), "servers": draws.choice((1, 3))},
    "database-row": _row,
    "kubernetes": _kubernetes,
    "paxos-lease": _paxos,
    "redlock": _redlock,
    "dynamodb": _dynamodb,
}


def _workload(draws: Stream, fenced: bool) -> Entry:
    gap = scale(draws, 30_000, 300_000)
    share = draws.random()
    return {
        "name": "external-store",
        "rate": f"{max(1, int(1_000_000 / gap))}/s",
        "work": us(share * 0.9 * gap),
        "fenced": fenced,
    }


def _network(draws: Stream) -> Entry:
    mean = scale(draws, 200, 30_000)
    return {
        "latency": draws.choice((us(mean), {"exponential": {"mean": us(mean)}})),
        "loss": percent(draws.choice((0.0, 0.0, 0.05))),
        "duplicate": percent(draws.choice((0.0, 0.1))),
        "reorder": {"share": percent(draws.choice((0.0, 0.2))), "by": {"uniform": ["0s", us(10 * mean)]}},
    }


_WHO = ("leader", "leader", "leader", "a contender", "a server", "servers", "followers", "all")


def _fault(draws: Stream) -> Entry:
    """Return one fault, at random times."""
    timing = {"rate": f"{int(scale(draws, 3, 60))}/min", "from": us(draws.randrange(0, 5_500_000))}
    who, length = draws.choice(_WHO), us(scale(draws, 10_000, 4_000_000))
    action: Entry = draws.choice(_ACTIONS)(draws, who, length)
    return {**timing, **action}


def _far(draws: Stream) -> str:
    """Return a step of a clock, either way."""
    return draws.choice(("", "-")) + us(scale(draws, 10_000, 10_000_000))


_ACTIONS: tuple[Any, ...] = (
    lambda draws, who, length: {"pause": who, "for": length},
    lambda draws, who, length: {"pause": "leader", "for": length},
    lambda draws, who, length: {"crash": who, "restart_after": length},
    lambda draws, who, length: {"crash": "r1", "restart_after": length},
    lambda draws, who, length: {"partition": [["leader"], ["servers"]], "for": length},
    lambda draws, who, length: {"cut": {"from": who, "to": "resources"}, "mode": "hold", "for": length},
    lambda draws, who, length: {"cut": {"from": who, "to": "all"}, "mode": "hold", "for": length},
    lambda draws, who, length: {"clock": {"of": who, "step": _far(draws)}},
    lambda draws, who, length: {"clock": {"of": who, "rate": percent(draws.random() - 0.5)}, "for": length},
    lambda draws, who, length: {"clock": {"of": who, "freeze": True}, "for": length},
    lambda draws, who, length: {"degrade": {"from": who, "to": "all", "latency": "500ms"}, "for": length},
    lambda draws, who, length: {"disk": {"of": who, "stall": True}, "for": length},
    lambda draws, who, length: {"disk": {"of": "servers", "lying": True}, "for": length},
)
