"""What a scenario can set of a ZooKeeper ensemble and its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.api import parameter

MS = 1_000_000
RECIPES = ("sequential", "herd", "curator", "kazoo")


@dataclass(frozen=True, slots=True)
class EnsembleParameters:
    """The settings of the servers."""

    tick_time: int = parameter(3000 * MS, "duration", "The unit of all timeouts (tickTime).", minimum=2)
    init_limit: int = parameter(10, "count", "Ticks to elect, connect and synchronise (initLimit).", 1)
    sync_limit: int = parameter(5, "count", "Ticks without a word between leader and follower.", 1)
    finalize_wait: int = parameter(
        200 * MS, "duration", "With a quorum for a vote, wait so long for a better one.", minimum=0
    )
    notification_min: int = parameter(
        200 * MS, "duration", "Notifications are sent again after this, which doubles each time.", minimum=1
    )
    notification_max: int = parameter(60_000 * MS, "duration", "Up to this.", minimum=1)
    connect_retry: int = parameter(
        100 * MS, "duration", "A follower whose leader does not listen yet tries again after this.", minimum=1
    )
    connect_tries: int = parameter(5, "count", "So often, before it looks for another leader.", minimum=1)
    commit_log: int = parameter(
        500, "count", "A follower that lacks more transactions gets a snapshot (zookeeper.commitLogCount).", 1
    )
    warm_step: tuple[int, int] = parameter(
        (0, 0), "duration_range", "What each step of a change of roles costs the program."
    )
    cold_step: tuple[int, int] = parameter(
        (0, 0), "duration_range", "The same when the process leads for the first time (its code is cold)."
    )


@dataclass(frozen=True, slots=True)
class ZabParameters(EnsembleParameters):
    """The settings of an ensemble alone, whose servers are the contenders."""

    nodes: int = parameter(3, "count", "Number of servers.", minimum=1)


@dataclass(frozen=True, slots=True)
class ZooKeeperParameters(EnsembleParameters):
    """The settings of the servers and of the contenders, which are clients."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    servers: int = parameter(3, "count", "Number of servers of the ensemble.", minimum=1)
    recipe: str = parameter("sequential", "text", "How contenders elect: " + ", ".join(RECIPES) + ".")
    session_timeout: int = parameter(
        10_000 * MS, "duration", "What clients ask for; servers grant 2 to 20 ticks.", minimum=1
    )
    sync_reads: bool = parameter(
        False, "flag", "Contenders call sync before they read, so that no server answers from the past."
    )
    reconnect_delay: tuple[int, int] = parameter(
        (0, 1000 * MS), "duration_range", "Clients wait so long before they connect again."
    )


def check_ensemble(parameters: EnsembleParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings of the servers break."""
    if parameters.notification_max < parameters.notification_min:
        yield "notification_max is shorter than notification_min"
    for name in ("warm_step", "cold_step"):
        low, high = getattr(parameters, name)
        if high < low:
            yield f"{name} ends ({high} ns) before it begins ({low} ns)"
    if parameters.finalize_wait >= parameters.init_limit * parameters.tick_time:
        yield "finalize_wait must be shorter than init_limit ticks, or no election ends in time"


def check(parameters: ZooKeeperParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from check_ensemble(parameters)
    if parameters.recipe not in RECIPES:
        yield f"recipe is {', '.join(RECIPES[:-1])} or {RECIPES[-1]}, not {parameters.recipe!r}"
    low, high = parameters.reconnect_delay
    if high < low:
        yield f"reconnect_delay ends ({high} ns) before it begins ({low} ns)"
