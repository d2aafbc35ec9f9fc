"""What an administrator orders in a scenario: stop, transfer, members."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError, UserError
from sim.records import Crashed, FaultStarted, Led
from sim.scenario import from_dict
from tests.unit.faults_testing import at, of, times_ms, world

TRANSFER: dict[str, Any] = {"name": "raft", "nodes": 3, "leadership_transfer": True}


def test_transfer_changes_the_leader_within_milliseconds() -> None:
    """One way each for the word, the requests and a vote; the old leader hears of it then."""
    cluster = at(world([{"at": "1s", "transfer": "leader", "to": "a follower"}], protocol=TRANSFER), 1100)
    target = of(cluster, FaultStarted)[0].targets[1]
    first, second = of(cluster, Led)

    assert (second.node, second.epoch) == (target, first.epoch + 1)
    assert second.at_ns < 1_050_000_000


def test_transfer_without_a_target_goes_to_somebody() -> None:
    cluster = at(world([{"at": "1s", "transfer": "leader"}], protocol=TRANSFER), 1100)

    assert len({record.node for record in of(cluster, Led)}) == 2


def test_transfer_to_nobody_is_nothing() -> None:
    """No leader, hence no follower of it, at the very beginning."""
    cluster = at(world([{"at": "1ms", "transfer": "n1", "to": "leader"}], protocol=TRANSFER), 100)

    assert of(cluster, Led) == []


def test_an_order_that_the_processes_do_not_know_is_refused() -> None:
    """In one line, which says what switches it on."""
    with pytest.raises(UserError, match="transfer: a raft process as it is set does not know this order"):
        at(world([{"at": "1s", "transfer": "leader"}]), 1100)


def test_stop_of_a_leader_is_a_transfer_and_then_the_end() -> None:
    """The successor leads before the process is gone, or as it goes."""
    cluster = at(world([{"at": "1s", "stop": "leader", "restart_after": "2s"}], protocol=TRANSFER), 1100)
    (gone,) = of(cluster, Crashed)

    assert gone.cause == "stop"
    assert times_ms(cluster, Led)[1] < 1050
    assert at(cluster, 3001).nodes[gone.node].incarnation == 1


def test_stop_of_what_knows_no_such_order_is_the_end_at_once() -> None:
    """SIGTERM without a handler."""
    cluster = at(world([{"at": "1s", "stop": "n2"}]), 1001)

    assert [(record.node, record.at_ns, record.cause) for record in of(cluster, Crashed)] == [
        ("n2", 1_000_000_000, "stop")
    ]


def test_stop_of_what_is_down_is_nothing() -> None:
    cluster = at(world([{"at": "1s", "crash": "n2"}, {"every": "2s", "stop": "all"}]), 2001)

    assert len(of(cluster, Crashed)) == 3


def test_what_does_not_end_in_time_is_killed() -> None:
    """A paused process does not even hear the order; it is killed and started again."""
    faults = [
        {"at": "1s", "pause": "n2", "for": "5s"},
        {"every": "1500ms", "until": "2s", "stop": "n2", "restart_after": "1s"},
    ]
    cluster = at(world(faults, protocol=TRANSFER), 2600)

    assert [(record.node, record.at_ns) for record in of(cluster, Crashed)] == [("n2", 2_500_000_000)]
    assert cluster.nodes["n2"].up


def problem(fault: dict[str, Any]) -> str:
    scenario = {
        "schema": 1, "name": "x", "about": "x", "duration": "5s", "protocol": {"name": "raft"},
        "faults": [fault],
    }  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        from_dict(scenario)
    return caught.value.problems[0].message


def test_mistakes_are_told_in_a_line() -> None:
    """Before anything runs."""
    assert "nothing changes; expected one of voters" in problem({"at": "1s", "members": {"of": "leader"}})
    assert "which is told at once" in problem({"at": "1s", "transfer": "leader", "for": "1s"})
    assert "expected restart_after" in problem({"at": "1s", "stop": "leader", "for": "1s"})
