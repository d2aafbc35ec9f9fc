"""Models of what was measured of ZooKeeper: servers that lose their leader, and kazoo's election.

The preset has the product's settings, and each group of trials says what was set otherwise. Every run has
servers of its own, with phases of their clocks of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.calibration.real import numbers
from sim.calibration.real.hits import hit_of
from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.table import Group, Trial, column

_MEASURES = "sim.calibration.real.measures"
_KNOWN = ("tick_ms", "initLimit", "syncLimit", numbers.DELAY)
_KNOWN_OF_RECIPES = (*_KNOWN, "session_s", "contenders")


def _servers(group: Group) -> tuple[str, ...]:
    return (
        f"protocol.tick_time={numbers.ms(_tick_ms(group))}",
        f"protocol.init_limit={numbers.number(group, 'initLimit', 10):g}",
        f"protocol.sync_limit={_sync_limit(group):g}",
        numbers.network(group),
    )


def _tick_ms(group: Group) -> float:
    return numbers.number(group, "tick_ms", 2000)


def _sync_limit(group: Group) -> float:
    return numbers.number(group, "syncLimit", 5)


def kill_settings(group: Group) -> tuple[str, ...]:
    """Return how an ensemble is set whose leader is killed.

    Raises:
        ValueError: a setting is not known, or is no number.
    """
    numbers.check(group, "zookeeper", _KNOWN)
    tick_ms = _tick_ms(group)
    return (
        f"protocol.nodes={group.members}",
        *_servers(group),
        f"faults.0.delay={numbers.ms(4 * tick_ms)}",
        f"faults.0.jitter={numbers.ms(tick_ms)}",
        f"duration={numbers.ms((60 + 4 * _sync_limit(group)) * tick_ms + 30_000)}",
    )


def cut_settings(group: Group) -> tuple[str, ...]:
    """Return the same where the leader is cut off, for twice as long as anybody waits."""
    hit = hit_of(group.fault)
    lasts: tuple[str, ...] = (
        f"faults.0.for={numbers.ms(2 * _sync_limit(group) * _tick_ms(group) + 30_000)}",
    )
    if hit is not None and hit.direction != "both":
        lasts += (f"faults.0.direction={hit.direction}",)
    if hit is not None and hit.direction == "in":
        round_trip = 2 * numbers.number(group, numbers.DELAY, 0)
        # It pings its followers twice a tick.
        lasts += (
            f"faults.0.silent_after={numbers.ms(numbers.silent_after_ms(_tick_ms(group) / 2, round_trip))}",
        )
    return (*kill_settings(group), *lasts)


def pause_settings(group: Group) -> tuple[str, ...]:
    """Return the same where each leader is stopped, until the next one has led for two ticks."""
    numbers.check(group, "zookeeper", _KNOWN)
    tick_ms = _tick_ms(group)
    away = (_sync_limit(group) + 2) * tick_ms
    return (
        f"protocol.nodes={group.members}",
        *_servers(group),
        f"faults.0.delay={numbers.ms(6 * tick_ms)}",
        f"faults.0.jitter={numbers.ms(tick_ms)}",
        f"faults.0.for={numbers.ms(away + 1000)}",
        f"duration={numbers.ms(6 * away + 40 * tick_ms + 30_000)}",
    )


def recipe_settings(group: Group) -> tuple[str, ...]:
    """Return how kazoo's contenders are set; the ensemble has as many servers as `members` says."""
    numbers.check(group, "zookeeper recipe", _KNOWN_OF_RECIPES)
    session = numbers.number(group, "session_s", 10)
    when = f"when: {{event: leader_elected}}, delay: {2 * session:g}s, jitter: {max(4, session):g}s"
    hit = hit_of(group.fault)
    paused = hit is not None and hit.action == "pause"
    return (
        f"protocol.servers={group.members}",
        f"protocol.nodes={numbers.number(group, 'contenders', 3):g}",
        *_servers(group),
        f"protocol.session_timeout={session:g}s",
        f"faults.0={{{when}, {f'pause: leader, for: {10 * session:g}s' if paused else 'crash: leader'}}}",
        f"duration={20 * session + 40:g}s",
    )


def _leader(measure: str, accept: Acceptance) -> Quantity:
    return Quantity("leader", "ms", _leader_of, f"{_MEASURES}:{measure}", accept)


def _leader_of(trial: Trial) -> float | None:
    return column("leader_ms", trial)


_SOURCE = "failover.csv: ZooKeeper 3.8.0 on one host"
_MEDIAN = Acceptance(p_value=None, median=0.10)


def _ensemble(fault: str, scenario: str, settings: Callable[[Group], tuple[str, ...]], measure: str) -> Model:
    quantities = (_leader(measure, _MEDIAN),)
    return Model("zookeeper", fault, f"calibration/{scenario}", settings, quantities, _SOURCE, trials=500)


ZOOKEEPER: tuple[Model, ...] = (
    _ensemble("kill -9 leader", "zk-kill", kill_settings, "leader_ms"),
    # It closes its connections as it ends, and hands nothing over.
    _ensemble("SIGTERM leader", "zk-kill", kill_settings, "leader_ms"),
    _ensemble("leader cut off, both directions", "zk-cut", cut_settings, "leader_ms"),
    _ensemble("leader cut off, incoming", "zk-cut", cut_settings, "leader_ms"),
    _ensemble("leader cut off, outgoing", "zk-cut", cut_settings, "leader_ms"),
    _ensemble("SIGSTOP leader", "zk-pause", pause_settings, "last_leader_ms"),
    *(
        Model(
            "zookeeper-election-recipe",
            fault,
            "calibration/zk-kazoo",
            recipe_settings,
            (_leader("leader_ms", Acceptance(p_value=0.01, median=0.05)),),
            _SOURCE,
            trials=1000,
        )
        for fault in ("kill -9 leading client", "SIGSTOP leading client")
    ),
)
