"""Hand-made runs for the tests of the analysis, and what the ground truth says of them.

Times are small integers: one unit is one nanosecond, and a command must commit within `BOUND`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from analysis.world import World, instants, started
from sim.records import (
    Crashed,
    FaultStarted,
    Followed,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    Started,
)
from sim.tally import Costs, OperationTally

BOUND = 5
END = 100


@dataclass
class Run:
    """One run, as the analysis sees it."""

    records: list[Record]
    details: list[Record] = field(default_factory=list)
    tally: OperationTally = field(default_factory=lambda: OperationTally(BOUND))
    costs: Costs = field(default_factory=Costs)
    effects_accepted: int = 0


def recorded(
    *events: Record,
    servers: Sequence[str] = ("a", "b", "c"),
    contenders: Sequence[str] = (),
    resources: Sequence[str] = (),
    independent: bool = False,
    end: int = END,
) -> list[Record]:
    """Return the records of a run in which all nodes start at 0 and `events` happen."""
    candidates = tuple(contenders or servers)
    first = RunStarted(
        0, "test", "raft", 1, end, candidates, tuple(servers), (), tuple(resources), BOUND, independent
    )
    nodes = dict.fromkeys([*servers, *candidates, *resources])
    return [first, *(Started(0, node, 0) for node in nodes), *events, RunEnded(end, "duration")]


def crash(at: int, node: str, epoch: int | None = None) -> list[Record]:
    """Return the records of a crash; of a leader of `epoch` in the order in which they are written."""
    fall = [] if epoch is None else [Followed(at, node, epoch, "crashed")]
    return [*fall, Crashed(at, node, "crash", True)]


def isolation(node: str, others: str = "abc") -> tuple[tuple[str, str], ...]:
    """Return the links between `node` and each of `others`, both ways."""
    return tuple(link for peer in others if peer != node for link in ((node, peer), (peer, node)))


def fault(at: int, number: int, action: str, *targets: str) -> FaultStarted:
    """Return the start of a fault."""
    return FaultStarted(at, number, action, targets, "")


def world_after(
    *events: Record, servers: Sequence[str] = ("a", "b", "c"), independent: bool = False
) -> World:
    """Return the ground truth once `events` have happened to nodes that all run."""
    world = World(servers, independent=independent)
    for record in recorded(*events, servers=servers):
        world.apply(record)
    return world


def test_quorum_needs_links_in_both_directions() -> None:
    """A leader that is heard but hears nothing has no quorum."""
    world = world_after(LinksCut(1, (("b", "a"), ("c", "a"))))

    assert [world.has_quorum(node) for node in "abc"] == [False, True, True]


def test_quorum_counts_running_servers_only() -> None:
    """Crashed and paused servers are not part of a quorum; a paused node has none itself."""
    one_down = world_after(*crash(1, "b"))
    two_down = world_after(*crash(1, "b"), Paused(2, "c"))

    assert [one_down.has_quorum(node) for node in "abc"] == [True, False, True]
    assert [two_down.has_quorum(node) for node in "abc"] == [False, False, False]
    assert (one_down.any_quorum(), two_down.any_quorum()) == (True, False)


def test_quorum_of_a_node_that_is_no_server_lies_beside_it() -> None:
    """A client needs one member that has a quorum, or a majority of servers that are on their own."""
    events = [Started(1, "x", 0), *crash(1, "c"), LinksCut(2, isolation("x", "a"))]

    assert world_after(*events).has_quorum("x")
    assert not world_after(*events, independent=True).has_quorum("x")
    assert not world_after(*events, LinksCut(3, isolation("a", "b"))).has_quorum("x")
    assert not world_after(*events, LinksCut(3, isolation("x", "b"))).has_quorum("x")


def test_ailment_of_a_node_that_is_no_server() -> None:
    """The service is there and out of reach, or it has no quorum for anybody."""
    start = Started(1, "x", 0)

    assert world_after(start, LinksCut(2, isolation("x"))).ailment("x") == "partition"
    assert world_after(start, *crash(2, "a"), *crash(2, "b")).ailment("x") == "quorum"
    assert world_after(start, *crash(2, "a"), independent=True).ailment("x") == ""


def test_half_of_the_servers_is_no_quorum() -> None:
    """Of four servers, three are a majority."""
    world = world_after(LinksCut(1, isolation("a", "cd") + isolation("b", "cd")), servers="abcd")

    assert not world.any_quorum()


def test_ailment_names_what_keeps_a_node_from_leading() -> None:
    """A crash hides a pause, a pause hides a partition, a partition is not a loss of servers."""
    assert world_after().ailment("a") == ""
    assert world_after(Paused(1, "a"), *crash(2, "a")).ailment("a") == "crash"
    assert world_after(LinksCut(1, isolation("a")), Paused(1, "a")).ailment("a") == "pause"
    assert world_after(LinksCut(1, isolation("a")), *crash(1, "b")).ailment("a") == "partition"
    assert world_after(*crash(1, "b"), *crash(1, "c")).ailment("a") == "quorum"


def test_a_crash_ends_a_pause_and_a_belief() -> None:
    """A new incarnation runs and believes nothing, even if the end of the pause is still to come."""
    world = world_after(Led(1, "a", 1), Paused(2, "a"), *crash(3, "a"), Started(4, "a", 1))

    assert (world.running, world.beliefs) == ({"a", "b", "c"}, {})
    world.apply(Resumed(5, "b"))
    assert world.running == {"a", "b", "c"}


def test_the_dead_are_not_resumed() -> None:
    """The end of a pause does not bring back a node that crashed meanwhile."""
    assert world_after(Paused(1, "a"), *crash(2, "a"), Resumed(3, "a")).running == {"b", "c"}


def test_highest_believer_runs() -> None:
    """A paused believer believes, but is not there."""
    world = world_after(Led(1, "a", 1), Led(2, "b", 2), Paused(3, "b"))

    assert world.highest_believer() == (1, "a")
    assert world.beliefs == {"a": 1, "b": 2}


def test_healed_links_carry_again() -> None:
    """Links are cut and healed one by one."""
    world = world_after(LinksCut(1, (("a", "b"), ("b", "a"))), LinksHealed(2, (("a", "b"),)))

    assert world.cut == {("b", "a")}


def test_instants_groups_by_time() -> None:
    """Records of one instant come together, in their order."""
    records = recorded(Led(3, "a", 1), Followed(3, "a", 1, "x"))

    assert [(at, len(together)) for at, together in instants(records)] == [(0, 4), (3, 2), (END, 1)]


def test_records_must_begin_with_the_start_of_the_run() -> None:
    """Without it nobody knows who takes part."""
    with pytest.raises(ValueError, match="begin with RunStarted"):
        started(recorded()[1:])


def test_a_node_is_touched_by_cuts_from_servers_and_contenders() -> None:
    """In either direction; links to clients do not count."""
    world = World(("a", "b"), ("x",))
    world.cut = {("x", "b"), ("a", "k")}

    assert [world.is_touched(node) for node in "abx"] == [False, True, True]
    world.cut = {("b", "x")}
    assert [world.is_touched(node) for node in "abx"] == [False, True, True]
