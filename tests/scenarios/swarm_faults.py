"""The faults of the swarm: every kind that Raft must bear, at random times or aimed at a moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sim.rng import Stream

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What everything is drawn around: how long a message takes, and how long a server waits."""

    nodes: int
    latency_us: float
    timeout_from_us: int
    timeout_to_us: int


def scale(stream: Stream, low: float, high: float) -> float:
    """Return a log-uniform draw: every order of magnitude is as likely as any other."""
    return low * math.exp(stream.random() * math.log(high / low))


def us(microseconds: float) -> str:
    """Return a duration as scenarios write it, at least a microsecond."""
    return f"{max(1, int(microseconds))}us"


def percent(share: float) -> str:
    """Return a share as scenarios write it."""
    return f"{100 * share:.2f}%"


def aimed_at(target: str, value: Any) -> Any:
    """Return a fault with this target in place of the leader, at whatever depth."""
    if isinstance(value, dict):
        return {key: aimed_at(target, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [aimed_at(target, inner) for inner in value]
    return target if value == "leader" else value


def fault(stream: Stream, world: World, heal_us: int) -> Entry:
    """Return one fault, which begins before `heal_us`, in microseconds."""
    timing = _triggered if stream.chance(0.4) else _now_and_then
    action = stream.choice(_ACTIONS)
    about = timing(stream, heal_us)
    return {**about, **action(stream, world, _target(stream, "when" in about))}


def _now_and_then(stream: Stream, heal_us: int) -> Entry:
    """Return a timing at random times; fixed ones would contradict each other now and then."""
    start = stream.randrange(0, heal_us)
    return {"rate": f"{int(scale(stream, 6, 600))}/min", "from": us(start)}


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
    trigger = {**stream.choice(_EVENTS), "nth": int(scale(stream, 1, 50))}
    delay = 0.0 if stream.chance(0.5) else scale(stream, 1, 20_000)
    return {"when": trigger, "delay": f"{int(delay)}us", "times": int(scale(stream, 1, 60))}


_TARGETS = (
    "leader", "leader", "a follower", "a server", "a server", "followers", "minority", "majority",
    "minority with the leader", "majority without the leader",
)  # fmt: skip


def _target(stream: Stream, triggered: bool) -> str:
    likely = stream.chance(0.7)
    target = stream.choice(_TARGETS)
    return "that node" if triggered and likely else target


def _length(stream: Stream, world: World) -> str:
    """Return a length from far below a timeout to several of them."""
    return us(scale(stream, 300, 4 * world.timeout_to_us))


def _crash(stream: Stream, world: World, target: str) -> Entry:
    host = "down" if stream.chance(0.3) else "up"
    return {"crash": target, "restart_after": _length(stream, world), "host": host}


def _crash_all(stream: Stream, world: World, target: str) -> Entry:
    return {"crash": "all", "restart_after": _length(stream, world)}


def _pause(stream: Stream, world: World, target: str) -> Entry:
    return {"pause": target, "for": _length(stream, world)}


def _slow(stream: Stream, world: World, target: str) -> Entry:
    return {"slow": target, "factor": f"{int(scale(stream, 2, 200))}x", "for": _length(stream, world)}


def _mode(stream: Stream) -> str:
    return "hold" if stream.chance(0.3) else "drop"


def _partition(stream: Stream, world: World, target: str) -> Entry:
    groups = [[target], ["others"]]
    return {"partition": groups, "for": _length(stream, world), "mode": _mode(stream)}


def _cut(stream: Stream, world: World, target: str) -> Entry:
    ends = {"from": target, "to": "a server"} if stream.chance(0.5) else {"from": "a server", "to": target}
    return {"cut": ends, "for": _length(stream, world), "mode": _mode(stream)}


def _isolate(stream: Stream, world: World, target: str) -> Entry:
    direction = stream.choice(("both", "in", "out"))
    return {
        "isolate": target,
        "direction": direction,
        "for": _length(stream, world),
        "mode": _mode(stream),
    }


def _bridge(stream: Stream, world: World, target: str) -> Entry:
    return {"bridge": stream.choice(("leader", "a follower")), "for": _length(stream, world)}


def _ring(stream: Stream, world: World, target: str) -> Entry:
    return {"ring": True, "for": _length(stream, world)}


def _flap(stream: Stream, world: World, target: str) -> Entry:
    times = {"up": _length(stream, world), "down": _length(stream, world)}
    return {"flap": {"between": [target, "a server"], **times}, "for": _length(stream, world)}


def _degrade(stream: Stream, world: World, target: str) -> Entry:
    kinds: tuple[Entry, ...] = (
        {"latency": us(world.latency_us * scale(stream, 2, 50))},
        {"loss": "50%"},
        {"loss": {"burst": {"rate": "30%", "length": 10}}},
        {"duplicate": "80%"},
        {"reorder": {"share": "80%", "by": _length(stream, world)}},
        {"bandwidth": "100kB/s"},
    )
    worse = stream.choice(kinds)
    links = {"from": target} if stream.chance(0.5) else {"to": target}
    return {"degrade": {**links, **worse}, "for": _length(stream, world)}


def _disk_fault(stream: Stream, world: World, target: str) -> Entry:
    slow = {"fsync": _length(stream, world)}
    kinds: tuple[Entry, ...] = ({"stall": True}, slow, {"torn": True}, {"full": True})
    kind = stream.choice(kinds)
    return {"disk": {"of": target, **kind}, "for": _length(stream, world)}


def _clock(stream: Stream, world: World, target: str) -> Entry:
    kinds: tuple[Entry, ...] = ({"rate": "-30%"}, {"rate": "40%"}, {"freeze": True})
    kind = stream.choice(kinds)
    return {"clock": {"of": target, **kind}, "for": _length(stream, world)}


def _clock_step(stream: Stream, world: World, target: str) -> Entry:
    return {"clock": {"of": target, "step": stream.choice(("-1h", "1h", "5ms"))}}


def _restart(stream: Stream, world: World, target: str) -> Entry:
    return {"restart": "all"}


def _heal(stream: Stream, world: World, target: str) -> Entry:
    return {"heal": True}


_ACTIONS = (
    _crash, _crash, _crash, _crash, _crash_all, _pause, _slow, _partition, _partition, _cut, _isolate,
    _bridge, _ring, _flap, _degrade, _disk_fault, _disk_fault, _clock, _clock_step, _restart, _heal,
)  # fmt: skip
