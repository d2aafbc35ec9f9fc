"""What faults do to processes, and that it is undone: crash, restart, pause, slow, and several at once."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.raft.election import Election
from sim.errors import UserError
from sim.node import Node
from sim.records import Campaigned, Crashed, FaultEnded, FaultStarted, Led, Paused, Resumed, Started
from tests.unit.faults_testing import at, of, times_ms, world


def test_crash_kills_and_restart_after_starts_a_new_incarnation() -> None:
    cluster = world([{"at": "1s", "crash": "n1", "restart_after": "500ms"}])
    node = cluster.nodes["n1"]

    assert at(cluster, 999).nodes["n1"].up
    assert not at(cluster, 1001).nodes["n1"].up
    assert at(cluster, 1501).nodes["n1"].up
    assert node.incarnation == 1
    assert [(record.at_ns, record.node) for record in of(cluster, Crashed)] == [(1_000_000_000, "n1")]
    assert of(cluster, FaultStarted)[0].targets == of(cluster, FaultEnded)[0].targets == ("n1",)


def test_crash_without_restart_lasts() -> None:
    cluster = at(world([{"at": "1s", "crash": "n1"}]), 9999)

    assert not cluster.nodes["n1"].up
    assert of(cluster, FaultEnded) == []


def test_host_of_a_crashed_process_is_up_or_down() -> None:
    """Up: whoever sends is refused; down: nothing answers."""
    up = at(world([{"at": "1s", "crash": "n1"}]), 1001)
    down = at(world([{"at": "1s", "crash": "n1", "host": "down"}]), 1001)

    assert (up.nodes["n1"].host_up, down.nodes["n1"].host_up) == (True, False)
    assert (of(up, Crashed)[0].host_up, of(down, Crashed)[0].host_up) == (True, False)


def test_restart_starts_what_is_down_and_nothing_else() -> None:
    cluster = at(world([{"at": "1s", "crash": "n1"}, {"at": "2s", "restart": "all"}]), 2001)

    assert [node.incarnation for node in cluster.nodes.values()] == [1, 0, 0]


def test_campaign_makes_a_candidate_at_once() -> None:
    """No timer of 150 ms or more has fired yet; whoever leads goes on leading."""
    cluster = at(world([{"at": "10ms", "campaign": "n2"}, {"at": "50ms", "campaign": "leader"}]), 100)

    assert [(record.at_ns, record.node) for record in of(cluster, Campaigned)] == [(10_000_000, "n2")]
    assert [(record.node, record.epoch) for record in of(cluster, Led)] == [("n2", 1)]


def test_campaign_of_what_cannot_is_nothing() -> None:
    """A process that is down or stands still does nothing."""
    faults: list[dict[str, Any]] = [
        {"at": "1ms", "crash": "n1"},
        {"at": "1ms", "pause": "n2", "for": "1s"},
        {"at": "5ms", "campaign": ["n1", "n2"]},
    ]

    assert of(at(world(faults), 100), Campaigned) == []


def test_campaign_needs_a_protocol_that_knows_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused in words when it is given; nobody guesses what else it could mean."""
    monkeypatch.delattr(Election, "campaign")

    with pytest.raises(UserError, match="a raft process cannot be told to stand for election"):
        at(world([{"at": "10ms", "campaign": "n2"}]), 100)


def test_pause_ends_by_itself() -> None:
    cluster = world([{"at": "1s", "pause": "n1", "for": "300ms"}])

    assert at(cluster, 1001).nodes["n1"].paused
    assert not at(cluster, 1301).nodes["n1"].paused
    assert times_ms(cluster, Paused) == [1000]
    assert times_ms(cluster, Resumed) == [1300]


def test_late_work_of_a_pause_runs_in_either_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers first or messages first: drawn on resuming, since both happen."""
    draws: set[bool] = set()
    monkeypatch.setattr(Node, "resume", lambda node, timers_first: draws.add(timers_first))
    for seed in range(20):
        at(world([{"at": "1s", "pause": "n1", "for": "300ms"}], seed), 1301)

    assert draws == {True, False}


def test_slow_process_takes_longer_and_recovers() -> None:
    """Without a service time of its own it takes 10 us x factor for each message: here 40 ms."""
    fault = {"at": "3s", "slow": "leader", "factor": "4000x", "for": "2s"}
    slowed, usual = world([fault]), world()
    counts = []
    for cluster in (slowed, usual):
        before = at(cluster, 3000).network.messages
        counts.append(at(cluster, 4000).network.messages - before)

    # Two followers answer each heartbeat: 40 ms of work for the timer and 80 ms for the answers, in 50 ms.
    assert counts[0] < counts[1]
    at(slowed, 6000)
    before = slowed.network.messages
    assert at(slowed, 7000).network.messages - before >= 78


# Overlapping faults ----------------------------------------------------------------------------------


def every(first: str, action: dict[str, object]) -> dict[str, object]:
    """Return a fault that happens once, at a time that is not checked for contradictions."""
    return {"every": "1h", "first": first, **action}


def test_overlapping_crashes_end_with_the_last_one() -> None:
    """A node stays down for as long as any of them wants it down."""
    cluster = world(
        [
            every("1s", {"crash": "n1", "restart_after": "3s"}),
            every("2s", {"crash": "n1", "restart_after": "500ms"}),
        ]
    )

    assert not at(cluster, 2600).nodes["n1"].up
    assert at(cluster, 4001).nodes["n1"].up
    assert times_ms(cluster, Started) == [0, 0, 0, 4000]


def test_crash_for_good_outlasts_a_crash_with_restart() -> None:
    cluster = world([every("1s", {"crash": "n1"}), every("2s", {"crash": "n1", "restart_after": "500ms"})])

    assert not at(cluster, 9999).nodes["n1"].up


def test_explicit_restart_ends_what_crashes_had_planned() -> None:
    """The restart of the first crash, at 6 s, does not revive what the second one killed."""
    cluster = world(
        [
            every("1s", {"crash": "n1", "restart_after": "5s"}),
            every("2s", {"restart": "n1"}),
            every("3s", {"crash": "n1", "restart_after": "4s"}),
        ]
    )

    assert at(cluster, 2001).nodes["n1"].up
    assert not at(cluster, 6900).nodes["n1"].up
    assert at(cluster, 7001).nodes["n1"].up


def test_explicit_restart_forgets_a_crash_for_good() -> None:
    """What crashes again after it comes back as that crash says."""
    cluster = world(
        [
            every("1s", {"crash": "n1"}),
            every("2s", {"restart": "n1"}),
            every("3s", {"crash": "n1", "restart_after": "1s"}),
        ]
    )

    assert at(cluster, 4001).nodes["n1"].up


def test_overlapping_pauses_end_with_the_last_one() -> None:
    cluster = world([every("1s", {"pause": "n1", "for": "3s"}), every("2s", {"pause": "n1", "for": "500ms"})])

    assert at(cluster, 2600).nodes["n1"].paused
    assert not at(cluster, 4001).nodes["n1"].paused


def test_pause_dies_with_its_process() -> None:
    """What starts again runs, and a pause that hits it later ends by itself."""
    cluster = world(
        [
            every("1s", {"pause": "n1", "for": "8s"}),
            every("2s", {"crash": "n1", "restart_after": "500ms"}),
            every("3s", {"pause": "n1", "for": "1s"}),
        ]
    )

    assert not at(cluster, 2600).nodes["n1"].paused
    assert at(cluster, 3500).nodes["n1"].paused
    assert not at(cluster, 4001).nodes["n1"].paused


def test_pause_of_what_is_down_is_nothing() -> None:
    cluster = at(world([every("1s", {"crash": "n1"}), every("2s", {"pause": "n1", "for": "1s"})]), 9999)

    assert of(cluster, Paused) == []
    assert times_ms(cluster, FaultEnded) == [3000]


def test_slowness_of_the_newest_fault_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And after it that of the older one, and after both the usual one."""
    factors: list[float] = []
    monkeypatch.setattr(Node, "set_service_time", lambda node, service, factor=1: factors.append(factor))
    cluster = world(
        [
            every("1s", {"slow": "n1", "factor": "10x", "for": "3s"}),
            every("2s", {"slow": "n1", "factor": "30x", "for": "1s"}),
        ]
    )
    at(cluster, 9999)

    assert factors == [10, 30, 10, 1]


def test_slowness_that_was_superseded_ends_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    factors: list[float] = []
    monkeypatch.setattr(Node, "set_service_time", lambda node, service, factor=1: factors.append(factor))
    cluster = world(
        [
            every("1s", {"slow": "n1", "factor": "10x", "for": "2s"}),
            every("2s", {"slow": "n1", "factor": "30x", "for": "3s"}),
        ]
    )
    at(cluster, 9999)

    assert factors == [10, 30, 1]
