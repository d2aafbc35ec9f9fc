"""The models of etcd: set up as the trials were, measured from the fault on, close to what was found."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sim.calibration.real import in_a_row, measures
from sim.calibration.real.comparison import Compared, compare, pairs
from sim.calibration.real.etcd import ETCD, lock_settings, raft_settings
from sim.calibration.real.in_a_row import writes_while_cut
from sim.calibration.real.measures import Fall, fall
from sim.calibration.real.row_lease import settings as row_lease_settings
from sim.calibration.real.table import OWN, Group, read
from sim.prepare import prepare
from sim.records import Campaigned, FaultEnded, FaultStarted, Followed, Led, Operation
from sim.run import build, run
from sim.scenario import find, load
from tests.unit.raft_mutants import MUTANTS

MS = 1_000_000


def group(version: str = "3.4.23", **settings: str) -> Group:
    return Group("etcd", version, "e", 5, "kill -9 leader", settings, ())


def run_with(*records: Any) -> Any:
    return SimpleNamespace(records=list(records))


EACH = (in_a_row.leader_ms, in_a_row.step_down_ms, in_a_row.overlap_ms, in_a_row.several_campaigns)
FAULT = FaultStarted(100 * MS, 0, "crash", ("n1",), "")


def test_settings_count_timeouts_in_heartbeats() -> None:
    """etcd's tick is its heartbeat interval; delays come on top of loopback; the rest is the product's."""
    found = raft_settings(group(heartbeat_ms="50", election_ms="2000", one_way_delay_ms="5", pre_vote="on"))

    assert {
        "protocol.nodes=5", "protocol.preset=etcd-3.4", "protocol.tick=50000us", "protocol.election_ticks=40",
        "protocol.pre_vote=true", "network.latency={uniform: [5050us, 5250us]}",
        "faults.0.restart_after=10000000us",
    } <= set(found)  # fmt: skip


def test_settings_of_a_lock_have_its_ttl() -> None:
    """The holder is killed at any age of its last keep-alive."""
    found = lock_settings(group("etcdctl 3.5.1", ttl_s="10"))

    when = "when: {event: leader_elected}, delay: 13s, jitter: 10s"
    assert {
        "protocol.preset=etcd-3.5", "protocol.ttl=10s", f"faults.0={{{when}, crash: leader}}",
        "protocol.servers=5", "protocol.nodes=3",
    } <= set(found)  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"weather": "bad"}, "weather"), ({"heartbeat_ms": "fast"}, "fast"), ({"pre_vote": "maybe"}, "maybe")],
)
def test_settings_that_are_not_known_are_refused(settings: dict[str, str], message: str) -> None:
    """A model that ignored one would simulate something else."""
    with pytest.raises(ValueError, match=message):
        raft_settings(group(**settings))


def test_measures_begin_with_the_fault() -> None:
    """What was before it does not count, nor what the old leader does."""
    run = run_with(
        Campaigned(0, "n2", 1), Led(1, "n1", 1), FAULT, Campaigned(150 * MS, "n1", 2),
        Campaigned(160 * MS, "n2", 2), Campaigned(170 * MS, "n3", 3), Led(200 * MS, "n3", 3),
        Followed(230 * MS, "n1", 1, "quorum_lost"), Campaigned(300 * MS, "n2", 4),
    )  # fmt: skip

    assert fall(run) == Fall(100 * MS, 130 * MS, 2)
    assert measures.leader_ms(run) == 100.0
    assert [each(run) for each in EACH] == [(100.0,), (130.0,), (30.0,), (1.0,)]


def test_trials_in_a_row_are_told_apart() -> None:
    """Each from its fault to the next one; who leads is carried on, and a fault without a leader is none."""
    early = FaultStarted(5, 0, "crash", ("n1",), "")
    second = FaultStarted(900 * MS, 0, "crash", ("n3",), "")
    run = run_with(
        early, Led(10, "n1", 1), FAULT, Campaigned(150 * MS, "n3", 2), Led(200 * MS, "n3", 2),
        Followed(230 * MS, "n1", 1, "quorum_lost"), second, Followed(905 * MS, "n3", 2, "crashed"),
        Led(950 * MS, "n2", 3),
    )  # fmt: skip

    assert [each(run) for each in EACH] == [(100.0, 50.0), (130.0, 5.0), (30.0, 0.0), (0.0, 0.0)]


def test_measures_of_what_never_came_are_none() -> None:
    """No fault, nobody who led, nobody who leads after it."""
    assert fall(run_with(Led(1, "n1", 1))) is None
    assert fall(run_with(FAULT, Led(101 * MS, "n2", 1))) is None
    stuck = run_with(Led(1, "n1", 1), FAULT)
    assert measures.leader_ms(stuck) is None
    assert [each(stuck) for each in EACH] == [(None,)] * 4


def put(node: str, at_ms: int = 110, command: tuple[Any, ...] = ("put", "k", 1)) -> Operation:
    outcome: Any = "ok" if node else "info"
    return Operation(at_ms * MS, at_ms * MS + 1, "c1", at_ms, command, outcome, None, 1, node, 1)


def test_writes_during_a_cut_count_if_the_old_leader_acknowledged_them() -> None:
    """Not what was begun before it or after it, nor reads; and only if somebody wrote there at all."""
    healed = FaultEnded(300 * MS, 0, "partition", ("n1",))
    records = [Led(1, "n1", 1), FAULT, Led(200 * MS, "n2", 2), healed, Led(400 * MS, "n1", 3)]

    def writes(*operations: Operation) -> Any:
        return writes_while_cut(cast("Any", SimpleNamespace(records=records, details=operations)))

    others = put("n1", at_ms=99), put("n2"), put("n1", command=("get", "k")), put("n1", at_ms=450)
    assert writes(put(""), *others) == (0.0,)
    assert writes(put("n1"), put("n1", at_ms=120), *others) == (2.0,)
    assert writes(*others) == (None,)


@pytest.mark.parametrize(("scenario", "fault"), [("pause", "SIGSTOP leader"), ("kill", "kill -9 leader")])
def test_processes_that_live_on_keep_the_phases_of_their_ticks(scenario: str, fault: str) -> None:
    """In all trials of a run; one that was started again has another phase, as a new process has."""
    trials = ({"leader_ms": "1000"},) * 5
    measured = replace(group(heartbeat_ms="100"), fault=fault, members=3, trials=trials)
    plan = prepare(load(find([f"calibration/etcd-{scenario}"])[0], raft_settings(measured)))
    cluster = build(plan, 1, "digest")
    phases: dict[str, list[int]] = {name: [] for name in cluster.contenders}

    def look(_: Any) -> None:
        for name, seen in phases.items():
            process: Any = cluster.nodes[name].process
            if process is not None and seen[-1:] != [process.ticks.phase_ns]:
                seen.append(process.ticks.phase_ns)

    for second in range(1, 60):
        cluster.kernel.call_at(second * 1000 * MS, look)
    cluster.kernel.call_at(60_000 * MS, lambda _: cluster.stop("duration"))
    cluster.start()
    cluster.kernel.run()

    hit = [name for r in cluster.trace.milestones if type(r) is FaultStarted for name in r.targets]
    again = {name: hit.count(name) if scenario == "kill" else 0 for name in phases}
    assert len(hit) == 5
    assert {name: len(seen) - 1 for name, seen in phases.items()} == again


ALONE = MUTANTS["R12"]()
"""Of three servers one is enough to commit: a leader acknowledges before it has heard from anybody."""


def test_a_leader_that_acknowledges_before_it_commits_is_found_out() -> None:
    """By the row of the calibration, and by the scenario that writes on the leader's side alone."""
    alone = f"{__name__}:ALONE"
    cut = load(find(["calibration/etcd-cut"])[0], [], alone)
    (found,) = writes_while_cut(run(cut, seed=1, trace="summary"))
    assert (found or 0) > 10

    alone_with_client = load(find(["etcd-cut-off-acknowledges-nothing"])[0], [], alone)
    verdict = run(alone_with_client, seed=1).verdict
    assert verdict.status == "fail"
    assert any("operations.ok" in reason for reason in verdict.reasons)


def own_groups() -> list[Group]:
    return [each for each in read(OWN) if each.system.startswith("etcd")]


def test_row_lease_is_set_as_it_was_measured() -> None:
    """And refuses a setting that it does not know."""
    groups = [each for each in read(OWN) if each.system == "postgres-row-lease"]
    found = row_lease_settings(groups[0])
    assert {"protocol.ttl=3000ms", "protocol.poll_interval=250ms", "protocol.nodes=3"} <= set(found)

    with pytest.raises(ValueError, match="isolation"):
        row_lease_settings(replace(groups[0], settings={"isolation": "serializable"}))


def test_every_measured_group_has_a_model() -> None:
    """And each of its settings is one that the model knows."""
    assert not [each for each in pairs(read(OWN), True) if isinstance(each, Compared)]
    ready = pairs(own_groups(), True)

    assert not [each for each in ready if isinstance(each, Compared)]
    assert len(ready) == 8


@pytest.mark.soak
def test_models_agree_with_what_was_measured() -> None:
    """p > 0.01 and medians as the table of acceptance says; a hundred runs each, or 2,000 trials."""
    assert [
        (row.experiment, row.quantity, row.reason)
        for row in compare(pairs(own_groups(), False))
        if row.reason
    ] == []


def test_models_are_of_different_faults() -> None:
    """The first that fits is taken."""
    faults = [(model.system, model.fault) for model in ETCD]

    assert len(set(faults)) == len(faults)
