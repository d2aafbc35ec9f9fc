"""Measured groups with other settings and faults than those that were fitted: simulated by mechanism."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from sim.calibration.real.comparison import Compared, Pair, compare, pairs
from sim.calibration.real.etcd import lock_settings, raft_settings
from sim.calibration.real.hits import Hit, hit_of
from sim.calibration.real.numbers import silent_after_ms
from sim.calibration.real.row_lease import settings as row_settings
from sim.calibration.real.table import KEYS, Group, read
from sim.calibration.real.zookeeper import cut_settings, kill_settings, pause_settings, recipe_settings
from sim.scenario import find, load

HEADER = ",".join((*KEYS, "trial", "leader_ms", "old_leader_step_down_ms", "campaigns"))


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("kill -9 leader", Hit("kill")),
        ("SIGKILL leader", Hit("kill")),
        ("SIGSTOP leader", Hit("pause")),
        ("leader paused for 10 s", Hit("pause")),
        ("SIGTERM leader (graceful transfer)", Hit("stop")),
        ("leader cut off, both directions", Hit("cut")),
        ("leader partitioned", Hit("cut")),
        ("leader cut off, incoming", Hit("cut", "in")),
        ("leader cut off, inbound only", Hit("cut", "in")),
        ("leader cut off: it can send but not receive", Hit("cut", "in")),
        ("leader cut off, followers -> leader", Hit("cut", "in")),
        ("leader cut off, receives nothing", Hit("cut", "in")),
        ("leader cut off, outgoing direction", Hit("cut", "out")),
        ("leader cut off: it can receive but not send", Hit("cut", "out")),
        ("leader cut off, leader → followers", Hit("cut", "out")),
        ("leader cut off, not heard by the others", Hit("cut", "out")),
        ("outgoing packets of the leader dropped", Hit("cut", "out")),
        ("kill -9 lock holder", Hit("kill")),
        ("kill -9 lock holder and etcd leader", Hit("kill", service_too=True)),
        ("kill -9 leading client", Hit("kill")),
        ("kill -9 follower", None),
        ("disk of the leader full", None),
    ],
)
def test_faults_are_read_as_they_are_written(text: str, hit: Hit | None) -> None:
    assert hit_of(text) == hit


def test_a_cut_that_does_not_say_which_way_is_refused() -> None:
    """To guess would be to simulate something else."""
    with pytest.raises(ValueError, match="does not say which way"):
        hit_of("leader cut off, one way")


@pytest.mark.parametrize(("every_ms", "messages"), [(50, 6), (100, 4), (200, 3), (500, 1), (1000, 1)])
def test_of_what_is_not_acknowledged_so_much_gets_through(every_ms: float, messages: int) -> None:
    """The first unacknowledged one at 0; a probe after the second or after 200 ms; the timeout 200 ms later.

    Every 50 ms: probe at 50, timeout at 250, sent at 0, 50 ... 250. Every 500 ms: timeout at 400.
    """
    assert silent_after_ms(every_ms) == messages * every_ms


def group(fault: str, members: int = 3, version: str = "3.4.23", **settings: str) -> Group:
    return Group("any", version, "e", members, fault, settings, ())


Settings = Callable[[Group], tuple[str, ...]]
CASES: list[tuple[Settings, str, Group]] = [
    (raft_settings, "etcd-kill", group("kill -9 leader", 5, heartbeat_ms="50", election_ms="500")),
    (raft_settings, "etcd-pause", group("SIGSTOP leader", heartbeat_ms="500", election_ms="5000")),
    (raft_settings, "etcd-cut", group("leader cut off", pre_vote="on", one_way_delay_ms="25")),
    (raft_settings, "etcd-cut-in", group("leader cut off, incoming", 5, "3.5.9", heartbeat_ms="50")),
    (raft_settings, "etcd-cut-out", group("leader cut off, outgoing", election_ms="3000")),
    (lock_settings, "etcd-lock", group("SIGSTOP lock holder", 5, ttl_s="10", contenders="4")),
    (lock_settings, "etcd-lock", group("kill -9 lock holder and etcd leader", ttl_s="5")),
    (kill_settings, "zk-kill", group("kill -9 leader", 5, tick_ms="500", syncLimit="2")),
    (cut_settings, "zk-cut", group("leader cut off, incoming", tick_ms="6000")),
    (cut_settings, "zk-cut", group("leader cut off, outgoing", one_way_delay_ms="10")),
    (pause_settings, "zk-pause", group("SIGSTOP leader", tick_ms="200", initLimit="20")),
    (recipe_settings, "zk-kazoo", group("SIGSTOP leading client", tick_ms="500", session_s="6")),
    (row_settings, "row-lease-kill", group("SIGSTOP holder", ttl_s="10", renew_s="2", poll_s="0.5")),
]


@pytest.mark.parametrize(("settings", "scenario", "trials"), CASES)
def test_settings_make_a_scenario(settings: Settings, scenario: str, trials: Group) -> None:
    """Every override names something that there is, and breaks no rule of the protocol."""
    load(find([f"calibration/{scenario}"])[0], settings(trials))


@pytest.mark.parametrize(("settings", "scenario", "trials"), CASES)
def test_settings_that_nobody_knows_or_that_are_no_numbers_are_refused(
    settings: Settings, scenario: str, trials: Group
) -> None:
    """With one sentence."""
    with pytest.raises(ValueError, match="the setting weather is not modelled, only "):
        settings(Group(**{**_fields(trials), "settings": {**trials.settings, "weather": "bad"}}))
    name = next(iter(trials.settings), "heartbeat_ms" if "etcd" in scenario else "tick_ms")
    with pytest.raises(ValueError, match=f"{name} is 'many', expected"):
        settings(Group(**{**_fields(trials), "settings": {**trials.settings, name: "many"}}))


def _fields(trials: Group) -> dict[str, Any]:
    return {name: getattr(trials, name) for name in Group.__dataclass_fields__}


def test_etcd_refuses_an_election_timeout_of_few_heartbeats() -> None:
    """So that nobody can have measured it."""
    with pytest.raises(ValueError, match="wants 5 heartbeats"):
        raft_settings(group("kill -9 leader", heartbeat_ms="500"))


# What comes of it ------------------------------------------------------------------------------------


def simulated(tmp_path: Path, trials: int, *rows: str) -> list[list[float]]:
    """Return what is simulated of the first quantity of each row."""
    path = tmp_path / "measured.csv"
    path.write_text("\n".join([HEADER, *(f"{row},0,1000,1000,1" for row in rows)]) + "\n", encoding="utf-8")
    chosen: dict[str, Pair | Compared] = {}
    for each in pairs(read(path), quick=True):
        assert isinstance(each, Pair), each
        chosen.setdefault(each.group.experiment, each)
    return [each.simulated[:trials] for each in compare(list(chosen.values()), jobs=1)]


def test_kills_scale_with_the_timeouts_of_etcd(tmp_path: Path) -> None:
    """Everything that takes time is counted in ticks: with half the tick all is over in half the time."""
    usual, half = simulated(
        tmp_path,
        100,
        "etcd,3.4.23,usual,3,kill -9 leader,heartbeat_ms=100 election_ms=1000",
        "etcd,3.4.23,half,3,kill -9 leader,heartbeat_ms=50 election_ms=500",
    )

    assert [round(value / 2) for value in usual] == pytest.approx(half, abs=3)


def test_one_way_cuts_of_etcd(tmp_path: Path) -> None:
    """Who hears nothing is heard for four heartbeats, and is then missed like one that was killed."""
    killed, deaf, mute = simulated(
        tmp_path,
        100,
        "etcd,3.4.23,kill,3,kill -9 leader,heartbeat_ms=100",
        'etcd,3.4.23,in,3,"leader cut off, incoming",heartbeat_ms=100',
        'etcd,3.4.23,out,3,"leader cut off, outgoing",heartbeat_ms=100',
    )

    assert median(deaf) - median(killed) == pytest.approx(400, abs=120)
    assert median(mute) == pytest.approx(median(killed), abs=120)


def test_zookeeper_waits_sync_limit_ticks_for_a_leader_that_is_silent(tmp_path: Path) -> None:
    """A cut costs that, less the age of the last ping; a killed leader costs the same whatever the tick."""
    cut, fewer, killed, slow = simulated(
        tmp_path,
        20,
        'zookeeper,3.8.0,cut,3,"leader cut off, outgoing",tick_ms=1000 syncLimit=5',
        'zookeeper,3.8.0,fewer,3,"leader cut off, outgoing",tick_ms=1000 syncLimit=2',
        "zookeeper,3.8.0,kill,3,kill -9 leader,tick_ms=500",
        "zookeeper,3.8.0,slow,3,kill -9 leader,tick_ms=4000",
    )

    assert median(cut) - median(fewer) == pytest.approx(3000, abs=200)
    assert median(killed) == pytest.approx(median(slow), abs=20)
