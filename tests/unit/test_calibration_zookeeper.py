"""The models of ZooKeeper: set up as the trials were, and close to what was found."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sim.calibration.real.measures import last_leader_ms
from sim.calibration.real.table import Group
from sim.calibration.real.zookeeper import ZOOKEEPER, kill_settings, pause_settings, recipe_settings
from sim.records import FaultStarted, Led
from sim.run import run

MS = 1_000_000


def group(members: int = 5, /, **settings: str) -> Group:
    return Group("zookeeper", "3.8.0", "e", members, "kill -9 leader", settings, ())


def test_settings_count_in_ticks() -> None:
    """Limits are the group's; delays come on top of loopback."""
    found = kill_settings(group(tick_ms="500", initLimit="20", syncLimit="8", one_way_delay_ms="5"))

    assert {
        "protocol.nodes=5", "protocol.tick_time=500000us", "protocol.init_limit=20", "protocol.sync_limit=8",
        "network.latency={uniform: [5050us, 5250us]}", "faults.0.jitter=500000us",
    } <= set(found)  # fmt: skip


def test_a_stopped_leader_comes_back_before_the_next_one_is_stopped() -> None:
    """Two ticks after its followers gave it up, while the new leader has four more."""
    found = pause_settings(group(tick_ms="500", syncLimit="8"))

    assert {"faults.0.for=6000000us", "faults.0.delay=3000000us"} <= set(found)


def test_settings_of_the_recipe_have_its_session() -> None:
    """Members are the servers, contenders the clients."""
    found = recipe_settings(group(3, session_s="8", contenders="4"))

    assert {"protocol.servers=3", "protocol.nodes=4", "protocol.session_timeout=8s"} <= set(found)


@pytest.mark.parametrize(("settings", "message"), [({"weather": "bad"}, "weather"), ({"tick_ms": "x"}, "x")])
def test_settings_that_are_not_known_are_refused(settings: dict[str, str], message: str) -> None:
    """A model that ignored one would simulate something else."""
    with pytest.raises(ValueError, match=message):
        kill_settings(group(**settings))


def test_the_newest_fault_is_measured() -> None:
    """Servers that led before are faster, so the first falls do not count."""
    records: list[Any] = [
        Led(0, "n3", 1), FaultStarted(100 * MS, 0, "pause", ("n3",), ""), Led(500 * MS, "n2", 2),
        FaultStarted(900 * MS, 0, "pause", ("n2",), ""), Led(1150 * MS, "n3", 3),
    ]  # fmt: skip

    assert last_leader_ms(SimpleNamespace(records=records)) == 250  # type: ignore[arg-type]


def medians(fault: str, **settings: str) -> list[float]:
    """Return what some seeds of a model measure, in ms, sorted."""
    model = next(each for each in ZOOKEEPER if each.fault == fault)
    overrides = model.settings(group(3, **settings))
    results = [run(model.scenario, seed=seed, overrides=overrides) for seed in range(1, 6)]
    return sorted(last_leader_ms(result) or 0.0 for result in results)


def test_a_kill_costs_the_same_whatever_the_tick() -> None:
    """The reset is seen at once; finalizeWait, a retry of 100 ms, and steps of a cold leader follow."""
    for tick in ("500", "4000"):
        assert 300 < medians("kill -9 leader", tick_ms=tick)[2] < 420


def test_a_pause_costs_as_many_ticks_as_sync_limit() -> None:
    """Less the age of the last ping, half a tick at most, and an election on top."""
    for tick in (500, 2000):
        median = medians("SIGSTOP leader", tick_ms=str(tick), syncLimit="5")[2]
        assert 4.5 * tick + 200 < median < 5 * tick + 500
