"""What faults do to links, and that it is undone: every shape of cut, flapping, degradation, heal."""

from __future__ import annotations

from typing import Any

import pytest

from sim.cluster import Cluster
from sim.faults.cuts import Pair
from sim.network.spec import Loss
from sim.records import FaultEnded, LinksCut, LinksHealed
from tests.unit.faults_testing import at, of, times_ms, world

EVERYONE = ("n1", "n2", "n3")


def cut_now(cluster: Cluster) -> set[Pair]:
    """Return the links that are cut."""
    return {(a, b) for a in cluster.nodes for b in cluster.nodes if a != b and cluster.network.is_cut(a, b)}


SHAPES: list[tuple[dict[str, Any], set[Pair]]] = [
    ({"partition": [["n1"], ["n2", "n3"]]}, {("n1", "n2"), ("n1", "n3"), ("n2", "n1"), ("n3", "n1")}),
    ({"cut": {"from": "n1", "to": "n2"}}, {("n1", "n2")}),
    ({"isolate": "n1", "direction": "in"}, {("n2", "n1"), ("n3", "n1")}),
    ({"isolate": "n1", "direction": "out"}, {("n1", "n2"), ("n1", "n3")}),
    ({"isolate": "n1"}, {("n1", "n2"), ("n1", "n3"), ("n2", "n1"), ("n3", "n1")}),
    ({"bridge": "n2"}, {("n1", "n3"), ("n3", "n1")}),
]


@pytest.mark.parametrize(("action", "expected"), SHAPES)
def test_cut_and_its_end(action: dict[str, Any], expected: set[Pair]) -> None:
    cluster = world([{"at": "1s", **action, "for": "2s"}])

    assert cut_now(at(cluster, 999)) == set()
    assert cut_now(at(cluster, 1001)) == expected
    assert cut_now(at(cluster, 3001)) == set()
    assert set(of(cluster, LinksCut)[0].links) == set(of(cluster, LinksHealed)[0].links) == expected


@pytest.mark.parametrize(("action", "expected"), SHAPES)
def test_cut_without_end_lasts_until_healed(action: dict[str, Any], expected: set[Pair]) -> None:
    cluster = world([{"at": "1s", **action}, {"at": "5s", "heal": True}])

    assert cut_now(at(cluster, 4999)) == expected
    assert cut_now(at(cluster, 5001)) == set()
    assert times_ms(cluster, FaultEnded) == [5000]


def test_ring_cuts_each_from_those_across() -> None:
    protocol = {"name": "raft", "nodes": 5}
    cluster = at(world([{"at": "1s", "ring": True, "for": "1s"}], protocol=protocol), 1001)

    assert cut_now(cluster) == {
        (f"n{a}", f"n{b}") for a in range(1, 6) for b in range(1, 6) if (a - b) % 5 in (2, 3)
    }


def test_isolation_one_way_becomes_silence() -> None:
    """So long after it began, and not if it is over by then; all of it ends at once."""
    entry = {"at": "1s", "isolate": "n1", "direction": "in", "silent_after": "400ms"}
    both = {("n1", "n2"), ("n1", "n3"), ("n2", "n1"), ("n3", "n1")}

    assert cut_now(at(world([{**entry, "for": "1s"}]), 1399)) == {("n2", "n1"), ("n3", "n1")}
    assert cut_now(at(world([{**entry, "for": "1s"}]), 1401)) == both
    assert cut_now(at(world([{**entry, "for": "1s"}]), 2001)) == set()
    assert cut_now(at(world([{**entry, "for": "300ms"}]), 1401)) == set()


def test_isolation_cuts_clients_off_too() -> None:
    cluster = at(world([{"at": "1s", "isolate": "n1"}], workload={"name": "database-primary"}), 1001)

    assert {("n1", "c1"), ("c1", "n1"), ("n1", "c2"), ("c2", "n1")} < cut_now(cluster)


def test_partition_leaves_clients_out_unless_they_are_named() -> None:
    workload = {"name": "database-primary"}
    plain = at(world([{"at": "1s", "partition": [["leader"], ["others"]]}], workload=workload), 1001)
    named = at(
        world([{"at": "1s", "partition": [["leader", "c1"], ["others", "c2"]]}], workload=workload), 1001
    )

    assert {node for pair in cut_now(plain) for node in pair} == set(EVERYONE)
    assert ("c1", "c2") in cut_now(named)


def test_overlapping_cuts_end_one_by_one() -> None:
    """A link is whole when no fault cuts it any more; the records tell of the first and the last only."""
    cluster = world(
        [
            {"every": "1h", "first": "1s", "cut": {"from": "n1", "to": "n2"}, "for": "3s"},
            {"every": "1h", "first": "2s", "isolate": "n1", "direction": "out", "for": "1s"},
        ]
    )

    assert cut_now(at(cluster, 2001)) == {("n1", "n2"), ("n1", "n3")}
    assert cut_now(at(cluster, 3001)) == {("n1", "n2")}
    assert cut_now(at(cluster, 4001)) == set()
    assert [record.links for record in of(cluster, LinksCut)] == [(("n1", "n2"),), (("n1", "n3"),)]


def test_heal_ends_network_faults_only() -> None:
    cluster = at(
        world(
            [
                {"at": "1s", "crash": "n1"},
                {"at": "1s", "cut": {"from": "n2", "to": "n3"}},
                {"at": "1s", "degrade": {"from": "n3", "to": "n2", "loss": "100%"}, "for": "8s"},
                {"at": "2s", "heal": True},
            ]
        ),
        2001,
    )

    assert not cluster.nodes["n1"].up
    assert cut_now(cluster) == set()
    assert [record.action for record in of(cluster, FaultEnded)] == ["cut", "degrade"]


def test_healed_fault_does_not_end_twice() -> None:
    cluster = at(world([{"at": "1s", "isolate": "n1", "for": "3s"}, {"at": "2s", "heal": True}]), 9999)

    assert times_ms(cluster, FaultEnded) == [2000]


def test_dropped_messages_are_lost_and_held_ones_arrive_at_the_heal() -> None:
    """A cut of 2 s between two of three: with `hold` what was sent meanwhile comes after it."""
    received: dict[str, list[int]] = {}
    for mode in ("drop", "hold"):
        cluster = world([{"at": "1s", "cut": {"from": "n1", "to": "n2"}, "mode": mode, "for": "2s"}])
        at(cluster, 1001)
        arrived = received.setdefault(mode, [])
        cluster.nodes["n2"].handlers[str] = lambda source, text, to=arrived, c=cluster: to.append(c.now)  # type: ignore[misc]
        cluster.network.routes["n1"]["n2"]("a message")
        at(cluster, 3100)

    assert received == {"drop": [], "hold": [3_001_000_000]}


def test_flapping_goes_down_first_and_alternates() -> None:
    fault = {"at": "1s", "flap": {"between": ["n1", "n2"], "up": "300ms", "down": "200ms"}, "for": "1100ms"}
    cluster = at(world([fault]), 9999)

    assert times_ms(cluster, LinksCut) == [1000, 1500, 2000]
    # The last one because the fault is over.
    assert times_ms(cluster, LinksHealed) == [1200, 1700, 2100]
    assert set(of(cluster, LinksCut)[0].links) == {("n1", "n2"), ("n2", "n1")}


def test_flapping_that_ends_while_the_link_is_up_stays_up() -> None:
    fault = {"at": "1s", "flap": {"between": ["n1", "n2"], "up": "300ms", "down": "200ms"}, "for": "1300ms"}
    cluster = at(world([fault]), 9999)

    assert times_ms(cluster, LinksCut) == [1000, 1500, 2000]
    assert times_ms(cluster, LinksHealed) == [1200, 1700, 2200]


@pytest.mark.parametrize(
    ("worse", "attribute", "expected"),
    [
        ({"loss": "40%"}, "loss", Loss(0.4)),
        ({"duplicate": "30%"}, "duplicate", 0.3),
        ({"reorder": "20%"}, "reorder", 0.2),
        ({"bandwidth": "1kB/s"}, "bytes_per_second", 1000),
    ],
)
def test_degradation_changes_what_it_names(worse: dict[str, Any], attribute: str, expected: object) -> None:
    """And nothing else of the link."""
    cluster = world([{"at": "1s", "degrade": {"from": "n1", "to": "n2", **worse}, "for": "1s"}])
    degraded: dict[Any, Any] = {}
    restored: list[object] = []
    cluster.network.degrade = lambda token, specs, stream: degraded.update(specs)  # type: ignore[method-assign]
    cluster.network.restore = lambda token: restored.append(token)  # type: ignore[method-assign]
    at(cluster, 2001)
    usual = cluster.network.spec("n1", "n2")
    changed = {
        name for name in usual.__slots__ if getattr(degraded["n1", "n2"], name) != getattr(usual, name)
    }

    assert list(degraded) == [("n1", "n2")]
    assert getattr(degraded["n1", "n2"], attribute) == expected
    assert changed - {"reorder_by"} == {attribute}
    assert len(restored) == 1


def test_latency_of_a_degraded_link_and_after_it() -> None:
    cluster = world([{"at": "1s", "degrade": {"from": "n1", "to": "n2", "latency": "100ms"}, "for": "1s"}])
    arrived: list[int] = []
    for time_ms in (1001, 2500):
        at(cluster, time_ms)
        cluster.nodes["n2"].handlers[str] = lambda source, text: arrived.append(cluster.now)
        cluster.network.routes["n1"]["n2"]("a message")
    at(cluster, 3000)

    assert arrived == [1_101_000_000, 2_501_000_000]
