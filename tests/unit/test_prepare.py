"""From a scenario to a plan: who is who, and what each link, disk and clock is like."""

from __future__ import annotations

from typing import Any

from sim.distributions import Constant, Lognormal, Uniform
from sim.network.spec import LinkSpec, Loss
from sim.plan import Plan
from sim.prepare import prepare
from sim.scenario import from_dict
from tests.unit.faults_testing import MS, SECOND, scenario

REGIONS = {
    "matrix": {"eu": {"us": "80ms", "eu": "2ms"}, "us": {"us": "4ms"}},
    "place": {"n1": "eu", "n2": "us", "n3": "us"},
}
DATABASE = {"name": "database-primary", "clients": 2}


def plan(**parts: Any) -> Plan:
    return prepare(from_dict(scenario(**parts)))


def test_nodes_and_roles() -> None:
    """In Raft the contenders are the servers; clients and resources come with the workload."""
    group = plan(workload=DATABASE).group

    assert group.contenders == group.servers == ("n1", "n2", "n3")
    assert (group.clients, group.resources) == (("c1", "c2"), ())
    assert plan(workload={"name": "external-store"}).group.resources == ("r1",)
    assert plan().group.clients == ()


def test_every_link_is_as_the_network_says() -> None:
    network = {
        "latency": {"uniform": ["1ms", "5ms"]},
        "loss": {"burst": {"rate": "1%", "length": 5}},
        "duplicate": "2%",
        "reorder": {"share": "3%", "by": "7ms"},
        "fifo": True,
        "bandwidth": "1MB/s",
    }
    link = plan(network=network).link("n1", "n3")

    assert link == LinkSpec(
        latency=Uniform(1 * MS, 5 * MS),
        loss=Loss(0.01, 5.0),
        duplicate=0.02,
        reorder=0.03,
        reorder_by=Constant(7 * MS),
        fifo=True,
        bytes_per_second=1_000_000,
    )


def test_override_changes_only_what_it_names_on_the_links_that_it_names() -> None:
    """One way: the link back is as before."""
    network = {"latency": "2ms", "loss": "1%", "links": [{"from": "n1", "to": "n2", "latency": "9ms"}]}
    link = plan(network=network).link

    assert (link("n1", "n2").latency, link("n1", "n2").loss) == (Constant(9 * MS), Loss(0.01))
    assert link("n2", "n1").latency == link("n1", "n3").latency == Constant(2 * MS)


def test_of_several_overrides_the_last_one_wins_key_by_key() -> None:
    links = [
        {"from": "all", "to": "n2", "latency": "9ms", "loss": "5%"},
        {"from": "n1", "to": "all", "latency": "4ms", "reorder": "10%"},
    ]
    link = plan(network={"links": links}).link("n1", "n2")

    assert (link.latency, link.loss, link.reorder) == (Constant(4 * MS), Loss(0.05), 0.1)


def test_override_may_name_roles_and_everybody() -> None:
    """`all` means the contenders and servers, and not the clients."""
    links = [
        {"from": "clients", "to": ["n1", "n2"], "loss": "9%"},
        {"from": "all", "to": "all", "duplicate": "4%"},
    ]
    link = plan(network={"links": links}, workload=DATABASE).link

    assert (link("c1", "n2").loss, link("c1", "n3").loss, link("n2", "c1").loss) == (
        Loss(0.09),
        Loss(0.0),
        Loss(0.0),
    )
    assert (link("n1", "n2").duplicate, link("c1", "n2").duplicate) == (0.04, 0.0)


def test_message_between_regions_takes_half_the_round_trip() -> None:
    """Given for one direction it holds for both; within a region likewise."""
    link = plan(network={"latency": "1ms", "regions": REGIONS}, workload=DATABASE).link

    assert link("n1", "n2").latency == link("n3", "n1").latency == Constant(40 * MS)
    assert link("n2", "n3").latency == Constant(2 * MS)
    assert link("c1", "n1").latency == Constant(1 * MS)
    assert link("n1", "n2").extra_latency is None


def test_jitter_comes_on_top_of_the_time_between_regions() -> None:
    """And an override of the latency replaces both."""
    regions = {**REGIONS, "jitter": {"uniform": ["0ms", "3ms"]}}
    network = {"regions": regions, "links": [{"from": "region us", "to": "n1", "latency": "5ms"}]}
    link = plan(network=network).link

    assert link("n1", "n2").extra_latency == Uniform(0, 3 * MS)
    assert (link("n2", "n1").latency, link("n2", "n1").extra_latency) == (Constant(5 * MS), None)


def test_link_is_worked_out_once() -> None:
    link = plan().link

    assert link("n1", "n2") is link("n1", "n2")


def test_disk_clocks_and_processors() -> None:
    ready = plan(
        disk={
            "write": "1ms",
            "fsync": {"lognormal": {"median": "1ms", "p99": "8ms"}},
            "torn_writes": "10%",
            "stalls": {"every": "5s", "length": "100ms"},
        },
        clocks={"drift": {"n1": "5%", "clients": "-100ppm"}, "offset": "3ms"},
        nodes={"service_time": "20us"},
        workload=DATABASE,
    )

    assert (ready.disk.write, ready.disk.torn_writes) == (Constant(1 * MS), 0.1)
    assert isinstance(ready.disk.fsync, Lognormal)
    assert (ready.disk.stall_every, ready.disk.stall_length) == (Constant(5 * SECOND), Constant(100 * MS))
    assert ready.clocks.drift == {
        "n1": Constant(50_000_000),
        "c1": Constant(-100_000),
        "c2": Constant(-100_000),
    }
    assert ready.clocks.offset == Constant(3 * MS)
    assert ready.service_time == Constant(20_000)


def test_clock_models() -> None:
    walk = {"random_walk": {"step": "1ppm", "every": "1s", "limit": "50ppm"}}
    pieces = {"piecewise": [{"at": "0s", "rate": "1%"}, {"at": "5s", "rate": "-1%"}]}
    wandering = plan(clocks={"drift_model": walk}).clocks
    stepwise = plan(clocks={"drift_model": pieces, "ntp": {"every": "64s", "mode": "step"}}).clocks

    assert (wandering.walk_step_ppb, wandering.walk_every_ns, wandering.walk_limit_ppb) == (
        1000,
        SECOND,
        50_000,
    )
    assert stepwise.pieces == ((0, 10_000_000), (5 * SECOND, -10_000_000))
    assert stepwise.ntp is not None
    assert (stepwise.ntp.every_ns, stepwise.ntp.step) == (64 * SECOND, True)
    assert (wandering.pieces, wandering.ntp, stepwise.walk_every_ns) == ((), None, 0)


def test_what_is_not_said_has_its_default() -> None:
    ready = plan()

    held_back = Uniform(0, 10 * MS)  # if anything were
    assert ready.link("n1", "n2") == LinkSpec(latency=Constant(1 * MS), reorder_by=held_back)
    assert (ready.bound_ns, ready.seeded_ties, ready.converge_at_ns, ready.weigh) == (
        SECOND,
        False,
        None,
        False,
    )


def test_ends_ties_and_faults() -> None:
    ready = plan(
        tie_break="seeded",
        bound="2s",
        converge={"heal_at": "4s", "within": "3s"},
        faults=[{"at": "1s", "crash": "leader"}],
        expect={"cost.bytes": "< 1MB"},
    )

    assert (ready.duration_ns, ready.bound_ns, ready.seeded_ties) == (10 * SECOND, 2 * SECOND, True)
    assert (ready.converge_at_ns, ready.converge_within_ns) == (4 * SECOND, 3 * SECOND)
    assert [fault.action.name for fault in ready.faults] == ["crash"]
    assert ready.weigh
