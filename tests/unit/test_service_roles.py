"""Contenders that ask servers who leads: two roles, two leaderships, and what counts as service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from analysis.elections import elections
from protocols.api import Group, Handler, Host, ProtocolSpec, Role
from sim.cluster import Cluster
from sim.epochs import AcquisitionOrder
from sim.plan import Plan, group_of, nodes_of
from sim.records import Campaigned, Followed, LeaderKnown, Led, Served, ServiceFollowed, ServiceLed
from sim.run import run
from sim.workloads.registry import NoStorage

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class NoParameters:
    """Nothing to tune."""


class Idle:
    """A process that does nothing by itself."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.handlers: dict[type, Handler] = {}

    def start(self) -> None:
        """Nothing."""


class Doubtful(Idle):
    """A process that knows better than what it said last."""

    def leads(self) -> int | None:
        """Return that it does not lead any more."""
        return None


Script = Callable[[Cluster], None]


def world(process: type[Idle] = Idle, resources: tuple[str, ...] = (), **spec: Any) -> Cluster:
    """Return a cluster of two contenders and three servers that do nothing by themselves."""

    def role(name: Any, prefix: str, count: int) -> Role:
        return Role(name, prefix, lambda _: count, lambda host, *_: process(host), NoStorage)

    roles = (role("contender", "n", 2), role("server", "s", 3))
    protocol = ProtocolSpec("toy", "a toy", NoParameters, roles, lambda _: (), **spec)
    nodes = nodes_of(protocol, None)
    plan = Plan("test", protocol, NoParameters(), group_of(nodes, (), resources), nodes, 100 * MS)
    return Cluster(plan, 1, "digest")


def play(cluster: Cluster, *steps: tuple[int, str, str, Any]) -> Cluster:
    """Let nodes speak through their hosts at some millisecond."""
    for ms, node, method, argument in steps:

        def say(_: Any, node: str = node, method: str = method, argument: Any = argument) -> None:
            host = cluster.nodes[node].host
            if method in ("lead", "follow"):
                getattr(host, method)(argument)
            else:
                assert host is not None
                host.note(method, *argument)

        cluster.kernel.call_at(ms * MS, say)
    cluster.start()
    cluster.kernel.run(100 * MS)
    cluster.finish()
    return cluster


def found(cluster: Cluster, *kinds: type) -> list[Any]:
    """Return the milestones of these kinds."""
    return [record for record in cluster.trace.milestones if isinstance(record, kinds)]


def test_a_server_leads_its_service_and_a_contender_leads() -> None:
    """Each has records of its own, and each is who it is for selectors."""
    cluster = play(world(), (1, "s2", "lead", 7), (2, "n1", "lead", 3), (3, "s2", "follow", "why"))

    assert found(cluster, Led, Followed) == [Led(2 * MS, "n1", 3)]
    assert found(cluster, ServiceLed, ServiceFollowed) == [
        ServiceLed(MS, "s2", 7),
        ServiceFollowed(3 * MS, "s2", 7, "why"),
    ]
    assert (cluster.leader(), cluster.service_leader()) == ("n1", None)


def test_where_contenders_are_servers_there_is_one_leadership() -> None:
    """As in Raft: the group has no servers of their own."""
    group = Group(("n1", "n2"), ("n1", "n2"))
    assert group == group_of(nodes_of(_contenders_only(), None))


def _contenders_only() -> ProtocolSpec:
    role = Role("contender", "n", lambda _: 2, lambda host, *_: Idle(host), NoStorage)
    return ProtocolSpec("toy", "a toy", NoParameters, (role,), lambda _: ())


def test_what_servers_tell_of_their_own_election_is_no_milestone() -> None:
    """Their epochs are others, and would be taken for candidacies for the leadership that is judged."""
    cluster = play(
        world(),
        (1, "s1", "campaigned", (1,)),
        (1, "n1", "campaigned", (4,)),
        (2, "s1", "leader_known", ("s2", 1)),
        (2, "n2", "leader_known", ("n1", 4)),
    )

    assert found(cluster, Campaigned) == [Campaigned(MS, "n1", 4)]
    assert found(cluster, LeaderKnown) == [LeaderKnown(2 * MS, "n2", "n1", 4)]


def test_belief_is_service_in_a_world_without_resources() -> None:
    """Once for each epoch."""
    cluster = play(world(), (1, "n1", "lead", 1), (2, "n1", "lead", 1), (3, "n2", "lead", 2))

    assert found(cluster, Served) == [Served(MS, "n1", 1), Served(3 * MS, "n2", 2)]


def test_the_first_accepted_effect_is_service_where_there_are_resources() -> None:
    """Of a leader that still believes so; what is rejected, or comes from a deposed one, is none."""
    cluster = world(resources=("r1",))

    def effect(ms: int, node: str, epoch: int, accepted: bool) -> None:
        cluster.kernel.call_at(ms * MS, lambda _: cluster.watch.effect("r1", node, epoch, accepted, True))

    effect(2, "n1", 1, False)
    effect(3, "n1", 1, True)
    effect(4, "n1", 1, True)
    effect(5, "n2", 2, True)
    play(cluster, (1, "n1", "lead", 1))

    assert found(cluster, Served) == [Served(3 * MS, "n1", 1)]


def test_epochs_without_order_are_counted() -> None:
    """A later acquisition has a higher number, whatever the values; a known value keeps its number."""
    cluster = play(
        world(ordered_epochs=False),
        (1, "n1", "lead", 900),
        (2, "n2", "campaigned", (0,)),
        (3, "n1", "follow", "expired"),
        (4, "n2", "lead", 17),
        (5, "n1", "leader_known", ("n2", 17)),
        (6, "s1", "lead", 4),
    )

    assert found(cluster, Led) == [Led(MS, "n1", 1), Led(4 * MS, "n2", 2)]
    assert found(cluster, Campaigned) == [Campaigned(2 * MS, "n2", 2)]
    assert found(cluster, LeaderKnown) == [LeaderKnown(5 * MS, "n1", "n2", 2)]
    assert found(cluster, ServiceLed) == [ServiceLed(6 * MS, "s1", 4)]
    assert (cluster.nodes["n2"].belief, cluster.nodes["n2"].leads()) == (2, 17)
    assert [row.new_epoch for row in elections(cluster.trace.milestones)] == [1, 2]


def test_acquisition_order() -> None:
    """Numbers from 1; what has none yet is asked for as the next one."""
    order = AcquisitionOrder()

    assert (order.begin(50), order.begin(7), order.begin(50)) == (1, 2, 1)
    assert (order.of(7), order.of(99)) == (2, 3)


@pytest.mark.parametrize(("process", "expected"), [(Idle, 3), (Doubtful, None)])
def test_a_process_is_asked_for_its_own_predicate(process: type[Idle], expected: int | None) -> None:
    """Without one, what it said last counts; the recorded belief is what it said in any case."""
    cluster = play(world(process), (1, "n1", "lead", 3))

    assert cluster.nodes["n1"].leads() == expected
    assert cluster.believes("n1") == 3


def test_a_raft_leader_with_every_switch_can_be_asked_whether_it_leads() -> None:
    """`leads` is the predicate of a process, not a property of the server that hosts a service."""
    switches = ["protocol.pre_vote=true", "protocol.check_quorum=true"]
    short = ["duration=2s", "faults=[]", "reach=[]", "expect={}"]
    result = run("external-store-unfenced", overrides=[*switches, *short])

    assert result.effects_accepted > 0
