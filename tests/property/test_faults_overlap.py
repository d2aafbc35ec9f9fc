"""However faults overlap, when all of them are over the world is as it was before the first."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.cluster import Cluster
from sim.faults import cuts
from sim.records import FaultEnded, FaultStarted
from tests.unit.faults_testing import at, of, world

WAYS = st.sampled_from(["in", "out", "both"])
NODES = st.sampled_from(["n1", "n2", "n3", "leader", "a follower", "all", "minority", "majority"])
ACTIONS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda who: {"crash": who}, NODES),
    st.builds(lambda who: {"pause": who}, NODES),
    st.builds(lambda who, factor: {"slow": who, "factor": f"{factor}x"}, NODES, st.integers(2, 50)),
    st.builds(lambda who: {"partition": [[who], ["others"]]}, NODES),
    st.builds(lambda who, to: {"cut": {"from": who, "to": to}}, NODES, NODES),
    st.builds(lambda who, way: {"isolate": who, "direction": way}, NODES, WAYS),
    st.builds(lambda who: {"flap": {"between": [who, "all"], "up": "70ms", "down": "90ms"}}, NODES),
    st.builds(lambda who, kind: {"disk": {"of": who, **kind}}, NODES, st.sampled_from([
        {"stall": True}, {"fsync": "30ms"}, {"torn": True}, {"full": True}, {"corrupt": True}])),
    st.builds(lambda who, kind: {"clock": {"of": who, **kind}}, NODES, st.sampled_from([
        {"rate": "5%"}, {"rate": "-20%"}, {"freeze": True}])),
    st.builds(lambda who, loss: {"degrade": {"from": who, "loss": f"{loss}%"}}, NODES, st.integers(1, 100)),
)  # fmt: skip


@st.composite
def overlapping(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return up to eight faults between 1 s and 6 s, each once, all over by then."""
    found = []
    for action in draw(st.lists(ACTIONS, min_size=1, max_size=8)):
        first = draw(st.integers(1000, 4000))
        length = draw(st.integers(1, 2000))
        end = "restart_after" if "crash" in action else "for"
        found.append({"every": "1h", "first": f"{first}ms", end: f"{length}ms", **action})
    return found


def state(cluster: Cluster) -> dict[str, Any]:
    """Return everything about the world that faults change, but for wall clocks and incarnations."""
    links = cluster.network.links.values()
    return {
        "paused": [node.paused for node in cluster.nodes.values()],
        "disks": [(n.disk.full, n.disk.lying, n.disk.corrupt) for n in cluster.nodes.values()],
        "rates": [node.clock.rate_ppb for node in cluster.nodes.values()],
        "torn": list(cluster.torn),
        "cut": [link.name for link in links if link.is_cut],
    }


@settings(max_examples=60)
@given(overlapping(), st.integers(0, 1000))
def test_world_is_whole_again_when_all_faults_are_over(faults: list[dict[str, Any]], seed: int) -> None:
    parts: dict[str, Any] = {"clocks": {"drift": "1%"}, "disk": {"fsync": "1ms"}}
    cluster = world([*faults, {"at": "6500ms", "restart": "all"}, CRASH_OF_NOBODY], seed, **parts)
    before = state(at(cluster, 999))
    at(cluster, 6600)
    begun = [record for record in of(cluster, FaultStarted) if record.action != "restart"]

    assert state(cluster) == before
    assert all(node.up for node in cluster.nodes.values())
    assert len(of(cluster, FaultEnded)) == len(begun)


CRASH_OF_NOBODY = {"when": {"event": "paused", "node": "n1", "nth": 10**9}, "crash": "n1"}
"""A restart must have a crash before it, which could be this one."""

servers = st.integers(1, 9).map(lambda n: tuple(f"n{i}" for i in range(1, n + 1)))


@given(servers, st.data())
def test_no_shape_cuts_a_node_from_itself_or_a_link_twice(
    everyone: tuple[str, ...], data: st.DataObject
) -> None:
    some = st.lists(st.sampled_from(everyone), unique=True)
    shapes = [
        cuts.between(data.draw(some), data.draw(some)),
        cuts.groups(data.draw(st.lists(some, max_size=4))),
        cuts.isolate(data.draw(some), everyone, data.draw(st.sampled_from(["in", "out", "both"]))),
        cuts.bridge(data.draw(some), everyone),
        cuts.majorities_ring(everyone),
    ]

    for cut in shapes:
        assert all(a != b for a, b in cut)
        assert len(set(cut)) == len(cut)


@given(servers, st.data())
def test_symmetric_shapes_cut_both_ways(everyone: tuple[str, ...], data: st.DataObject) -> None:
    some = st.lists(st.sampled_from(everyone), unique=True)
    for cut in (
        cuts.groups(data.draw(st.lists(some, max_size=4))),
        cuts.isolate(data.draw(some), everyone, "both"),
        cuts.bridge(data.draw(some), everyone),
        cuts.majorities_ring(everyone),
    ):
        assert {(b, a) for a, b in cut} == set(cut)


@given(servers)
def test_ring_leaves_everybody_a_majority(everyone: tuple[str, ...]) -> None:
    cut = set(cuts.majorities_ring(everyone))

    for node in everyone:
        assert sum((node, other) not in cut for other in everyone) >= len(everyone) // 2 + 1
