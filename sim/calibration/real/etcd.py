"""Models of what was measured of etcd: members that lose their leader, and a lock that loses its holder.

Nothing is fitted: the presets have the product's settings, and each group of trials says what was set
otherwise. Every run has members of its own, with phases of their ticks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, Trial, column

_MEASURES = "sim.calibration.real.measures"
_KNOWN = ("heartbeat_ms", "election_ms", "pre_vote", "one_way_delay_ms", "ttl_s")
FASTEST_US, SLOWEST_US = 50, 250
"""One way over loopback; what `tc netem` adds comes on top."""


def member_settings(group: Group) -> tuple[str, ...]:
    """Return how Raft is set, from a group's settings; etcd counts its timeouts in heartbeats.

    Raises:
        ValueError: a setting is not known, or is no number.
    """
    settings = group.settings
    _check(settings)
    heartbeat, election = _number(settings, "heartbeat_ms", 100), _number(settings, "election_ms", 1000)
    delay_us = 1000 * _number(settings, "one_way_delay_ms", 0)
    latency = f"[{delay_us + FASTEST_US:g}us, {delay_us + SLOWEST_US:g}us]"
    return (
        f"protocol.preset={_preset(group.version)}",
        f"protocol.tick={heartbeat:g}ms",
        f"protocol.election_ticks={round(election / heartbeat)}",
        *_pre_vote(settings),
        f"network.latency={{uniform: {latency}}}",
        f"duration={40 * election:g}ms",
        f"faults.0.delay={8 * election:g}ms",
        f"faults.0.jitter={2 * election:g}ms",
    )


def raft_settings(group: Group) -> tuple[str, ...]:
    """Return the same for members alone."""
    return (f"protocol.nodes={group.members}", *member_settings(group))


def lock_settings(group: Group) -> tuple[str, ...]:
    """Return how a lock is set: the holder is killed at any age of its last keep-alive."""
    ttl = _number(group.settings, "ttl_s", 60)
    *members, _, _, _ = member_settings(group)
    return (
        *members,
        f"protocol.nodes={group.members}",
        f"protocol.ttl={ttl:g}s",
        f"duration={max(40, 6 * ttl):g}s",
        f"faults.0.delay={ttl + 3:g}s",
        f"faults.0.jitter={max(4, ttl):g}s",
    )


def _preset(version: str) -> str:
    return "etcd-3.5" if version.removeprefix("etcdctl ").startswith("3.5") else "etcd-3.4"


def _pre_vote(settings: Mapping[str, str]) -> tuple[str, ...]:
    chosen = settings.get("pre_vote")
    if chosen not in (None, "on", "off"):
        raise ValueError(f"pre_vote is '{chosen}', expected on or off")
    return () if chosen is None else (f"protocol.pre_vote={'true' if chosen == 'on' else 'false'}",)


def _check(settings: Mapping[str, str]) -> None:
    unknown = [name for name in settings if name not in _KNOWN]
    if unknown:
        raise ValueError(f"etcd: the setting {', '.join(unknown)} is not modelled")


def _number(settings: Mapping[str, str], name: str, default: float) -> float:
    text = settings.get(name, str(default))
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}', expected a number") from None


# What is measured ----------------------------------------------------------------------------------


def _of(name: str) -> Callable[[Trial], float | None]:
    return lambda trial: column(name, trial)


def _several(trial: Trial) -> float | None:
    text = trial.get("campaigns", "")
    return float(float(text) > 1) if text else None


def _overlap(trial: Trial) -> float | None:
    down, led = column("old_leader_step_down_ms", trial), column("leader_ms", trial)
    return None if down is None or led is None else max(0.0, down - led)


def _leader(accept: Acceptance) -> Quantity:
    return Quantity("leader", "ms", _of("leader_ms"), f"{_MEASURES}:leader_ms", accept)


LEADER = _leader(Acceptance(p_value=0.01, median=0.10))
CAMPAIGNS = Quantity(
    "more than one campaign",
    "share",
    _several,
    f"{_MEASURES}:several_campaigns",
    Acceptance(p_value=None, points=0.06),
)
STEP_DOWN = Quantity(
    "old leader steps down", "ms", _of("old_leader_step_down_ms"), f"{_MEASURES}:step_down_ms"
)
OVERLAP = Quantity("two leaders", "ms", _overlap, f"{_MEASURES}:overlap_ms")
WRITES = Quantity(
    "writes acknowledged by the old leader",
    "writes",
    # No column: the trials were watched for it, and there was none (README of the table).
    lambda trial: None if _overlap(trial) is None else 0.0,
    f"{_MEASURES}:writes_after_cut",
    Acceptance(p_value=None, longest=0.0),
    trace="summary",
)
# Two round trips of 0.5 ms and an fsync of 0.8 ms at the worst; what a process takes is not modelled.
HAND_OVER = _leader(Acceptance(p_value=None, longest=2 * 0.5 + 0.8))

_SOURCE = "failover.csv: etcd 3.4.23 on one host"


def _members(fault: str, scenario: str, *quantities: Quantity, trials: int = 2000) -> Model:
    return Model("etcd", fault, f"calibration/{scenario}", raft_settings, quantities, _SOURCE, trials)


ETCD: tuple[Model, ...] = (
    _members("kill -9 leader", "etcd-kill", LEADER, CAMPAIGNS),
    # Of 40 trials with the same three phases the share of several campaigns says little.
    _members("SIGSTOP leader", "etcd-pause", LEADER),
    _members("SIGTERM leader (graceful transfer)", "etcd-stop", HAND_OVER),
    _members("leader cut off, both directions", "etcd-cut", STEP_DOWN, OVERLAP, WRITES, trials=500),
    Model(
        "etcd-lock",
        "kill -9 lock holder",
        "calibration/etcd-lock",
        lock_settings,
        (_leader(Acceptance(p_value=0.01, median=0.05)),),
        _SOURCE,
    ),
)
