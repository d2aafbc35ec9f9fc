"""Models of what was measured of ZooKeeper: servers that lose their leader, and kazoo's election.

The preset has the product's settings, and each group of trials says what was set otherwise. Every run has
servers of its own, with phases of their clocks of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, Trial, column

_MEASURES = "sim.calibration.real.measures"
_KNOWN = ("tick_ms", "initLimit", "syncLimit", "session_s", "contenders", "one_way_delay_ms")
FASTEST_US, SLOWEST_US = 50, 250
"""One way over loopback; what `tc netem` adds comes on top."""


def _number(settings: Mapping[str, str], name: str, default: float) -> float:
    text = settings.get(name, str(default))
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}', expected a number") from None


def _servers(group: Group) -> tuple[str, ...]:
    unknown = [name for name in group.settings if name not in _KNOWN]
    if unknown:
        raise ValueError(f"zookeeper: the setting {', '.join(unknown)} is not modelled")
    delay_us = 1000 * _number(group.settings, "one_way_delay_ms", 0)
    return (
        f"protocol.tick_time={_number(group.settings, 'tick_ms', 2000):g}ms",
        f"protocol.init_limit={_number(group.settings, 'initLimit', 10):g}",
        f"protocol.sync_limit={_number(group.settings, 'syncLimit', 5):g}",
        f"network.latency={{uniform: [{delay_us + FASTEST_US:g}us, {delay_us + SLOWEST_US:g}us]}}",
    )


def kill_settings(group: Group) -> tuple[str, ...]:
    """Return how an ensemble is set whose leader is killed, or cut off.

    Raises:
        ValueError: a setting is not known, or is no number.
    """
    tick_ms = _number(group.settings, "tick_ms", 2000)
    return (
        f"protocol.nodes={group.members}",
        *_servers(group),
        f"faults.0.delay={4 * tick_ms:g}ms",
        f"faults.0.jitter={tick_ms:g}ms",
        f"duration={60 * tick_ms + 30_000:g}ms",
    )


def pause_settings(group: Group) -> tuple[str, ...]:
    """Return the same where each leader is stopped, until the next one has led for two ticks."""
    tick_ms = _number(group.settings, "tick_ms", 2000)
    away = (_number(group.settings, "syncLimit", 5) + 2) * tick_ms
    return (
        f"protocol.nodes={group.members}",
        *_servers(group),
        f"faults.0.delay={6 * tick_ms:g}ms",
        f"faults.0.jitter={tick_ms:g}ms",
        f"faults.0.for={away + 1000:g}ms",
        f"duration={6 * away + 40 * tick_ms + 30_000:g}ms",
    )


def recipe_settings(group: Group) -> tuple[str, ...]:
    """Return how kazoo's contenders are set; the ensemble has as many servers as `members` says."""
    session = _number(group.settings, "session_s", 10)
    return (
        f"protocol.servers={group.members}",
        f"protocol.nodes={_number(group.settings, 'contenders', 3):g}",
        *_servers(group),
        f"protocol.session_timeout={session:g}s",
        f"faults.0.delay={2 * session:g}s",
        f"faults.0.jitter={max(4, session):g}s",
        f"duration={20 * session + 40:g}s",
    )


def _leader(measure: str, accept: Acceptance) -> Quantity:
    return Quantity("leader", "ms", _leader_of, f"{_MEASURES}:{measure}", accept)


def _leader_of(trial: Trial) -> float | None:
    return column("leader_ms", trial)


_SOURCE = "failover.csv: ZooKeeper 3.8.0 on one host"
_MEDIAN = Acceptance(p_value=None, median=0.10)

ZOOKEEPER: tuple[Model, ...] = (
    Model(
        "zookeeper",
        "kill -9 leader",
        "calibration/zk-kill",
        kill_settings,
        (_leader("leader_ms", _MEDIAN),),
        _SOURCE,
        trials=500,
    ),
    Model(
        "zookeeper",
        "leader cut off, both directions",
        "calibration/zk-cut",
        kill_settings,
        (_leader("leader_ms", _MEDIAN),),
        _SOURCE,
        trials=500,
    ),
    Model(
        "zookeeper",
        "SIGSTOP leader",
        "calibration/zk-pause",
        pause_settings,
        (_leader("last_leader_ms", _MEDIAN),),
        _SOURCE,
        trials=500,
    ),
    Model(
        "zookeeper-election-recipe",
        "kill -9 leading client",
        "calibration/zk-kazoo",
        recipe_settings,
        (_leader("leader_ms", Acceptance(p_value=0.01, median=0.05)),),
        _SOURCE,
        trials=1000,
    ),
)
