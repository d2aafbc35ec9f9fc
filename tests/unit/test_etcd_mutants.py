"""Each known mistake does harm that is seen, and etcd without it does none under the same conditions."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import ProtocolSpec
from protocols.etcd import SPEC, make_spec
from protocols.etcd.concurrency import EXPIRED, Election, Mutex
from protocols.etcd.leases import Lease, Leases, Lessor
from protocols.etcd.operations import Compact, Delete, LeaseRevoke, Put
from protocols.etcd.task import Deleted
from sim.result import Result
from sim.run import run
from sim.scenario import find, load
from tests.unit import etcd_mutants as mutants
from tests.unit.etcd_testing import MS, EtcdBench, S
from tests.unit.test_etcd_concurrency import Script, campaign, store


def led_by_n1(spec: ProtocolSpec, **parameters: Any) -> EtcdBench:
    bench = EtcdBench(spec, **parameters)
    bench.pass_time(20 * S)
    assert bench.leaders()[0] == "n1"
    return bench


def count(result: Result, metric: str) -> float:
    value = result.metrics[metric]
    assert value is not None
    return value


def apart(bench: EtcdBench, *nodes: str) -> None:
    """Cut these off from all other members and contenders."""
    everybody = {*bench.group.servers, *bench.group.contenders}
    pairs = {(a, b) for a in nodes for b in everybody - set(nodes)}
    bench.apart = pairs | {(b, a) for a, b in pairs}


@pytest.mark.parametrize("kind", ["key-per-node", "blind-put"])
def test_e01_and_e02_tutorials_elect_several(kind: str) -> None:
    """E01: a key per node; E02: a put without a guard; in the same world the recipe elects one."""
    scenario = find([f"etcd-naive-{kind}-start"])[0]
    found = [run(load(scenario, protocol=name)) for name in ("etcd", f"etcd-naive-{kind}")]

    assert [count(each, "split_brain.dual_belief") for each in found] == [0, 1]
    assert [bool(each.verdict.violations) for each in found] == [False, True]


@pytest.mark.parametrize(("recipe", "wins"), [(Election, False), (mutants.ByChange, True)])
def test_e03_proclaiming_must_not_lose_the_place(recipe: type[Election], wins: bool) -> None:
    """By mod_revision the leader that proclaims is behind those that wait."""
    made = store(1, 2, 3)
    leader, _ = campaign(made, 1)
    campaign(made, 2)
    waiting = Script(made, recipe(3, "/e", False).campaign("c3"))
    Script(made, leader.proclaim("news"))
    made.apply(LeaseRevoke(2))
    waiting.resume(True)

    assert (waiting.result == "") is wins


@pytest.mark.parametrize(("mutex", "result"), [(Mutex, EXPIRED), (mutants.UncheckedMutex, "")])
def test_e04_a_lock_looks_for_its_key(mutex: type[Mutex], result: str) -> None:
    """Without it a session that is over holds the lock."""
    made = store(1, 2)
    campaign(made, 1)
    waiting = Script(made, mutex(2, "/e").lock())
    made.apply(LeaseRevoke(2))
    made.apply(LeaseRevoke(1))
    waiting.resume(True)

    assert waiting.result == result


@pytest.mark.parametrize(("deadline", "overlaps"), [("request", False), ("reply", True)])
def test_e05_a_deadline_from_the_reply_is_late(deadline: str, overlaps: bool) -> None:
    """The leader is cut off right after a keep-alive, which its loop notices up to a second late."""
    bench = led_by_n1(SPEC, deadline=deadline)
    apart(bench, "n1")
    together = False
    for _ in range(70):
        bench.pass_time(100 * MS)
        together |= len(bench.leaders()) == 2

    assert together is overlaps


@pytest.mark.parametrize(("recipe", "leaders"), [(Election, ["n2"]), (mutants.WithoutLease, [])])
def test_e06_a_key_without_a_lease_outlives_its_leader(recipe: type[Election], leaders: list[str]) -> None:
    """And nobody leads any more."""
    bench = led_by_n1(mutants.of_recipe(recipe))
    bench.crash("n1")
    bench.pass_time(30 * S)

    assert bench.leaders() == leaders


@pytest.mark.parametrize(("ensure", "leaders"), [(True, 1), (False, 2)])
def test_e07_a_stale_leader_must_not_answer_keep_alives(ensure: bool, leaders: int) -> None:
    """Its client believes for ever; without CheckQuorum, as in a leader that is stuck (etcd 15247)."""
    bench = led_by_n1(SPEC, ensure_leadership=ensure, check_quorum=False)
    # Client and leader are together, and apart from all others, who go on elsewhere.
    client = bench.contender("n1").client
    client._stream = client._endpoints[bench.member()]
    apart(bench, "n1", bench.member())
    bench.pass_time(25 * S)

    assert len(bench.leaders()) == leaders


@pytest.mark.parametrize(("leasing", "kept"), [(None, True), (mutants.NotDemoted, False)])
def test_e08_a_stale_lessor_must_not_revoke(leasing: Any, kept: bool) -> None:
    """It would take leases away from clients that renew them at the new leader."""
    spec = SPEC if leasing is None else mutants.of_service(leasing)
    bench = led_by_n1(spec, ensure_leadership=False)
    old = bench.member()
    apart(bench, old)
    bench.pass_time(4 * S)
    bench.apart = set()
    bench.pass_time(12 * S)

    assert (bench.events() == [("n1", 2)]) is kept


@pytest.mark.parametrize(("lessor", "expiry"), [(Lessor, 31 * S), (mutants.FullTtl, 601 * S)])
def test_e09_a_new_leader_goes_on_from_the_checkpoint(lessor: type[Lessor], expiry: int) -> None:
    """Or a lease of ten minutes lives for ever, if leaders change oftener."""
    leases = Leases()
    leases.all[7] = Lease(600 * S, remaining_ns=30 * S)
    made = lessor(leases, lambda: 0, S, 0)
    made.promote(S)

    assert made.expiry == {7: expiry}


FORGETFUL = mutants.of_service(mutants.ForgetsCheckpoints)


@pytest.mark.parametrize(("protocol", "status"), [(None, "pass"), (f"{__name__}:FORGETFUL", "fail")])
def test_e09_while_leaders_change_a_lease_ends_only_by_its_checkpoints(
    protocol: str | None, status: str
) -> None:
    """In the whole service: the lock of a dead client is not free as long as leaders change every TTL / 2."""
    scenario = load(find(["etcd-lease-outlives-leaders-checkpointed"])[0], [], protocol)

    assert run(scenario, seed=1).verdict.status == status


@pytest.mark.parametrize(("leasing", "answer"), [(None, 0), (mutants.RenewsTheRevoked, 60 * S)])
def test_e10_a_renewal_must_not_bring_a_revoked_lease_back(leasing: Any, answer: int) -> None:
    """It waited for something else while the lease was revoked."""
    spec = SPEC if leasing is None else mutants.of_service(leasing)
    bench = led_by_n1(spec, nodes=1, ttl=60 * S, ensure_leadership=False)
    leader = bench.member()
    service: Any = bench.processes[leader].service  # type: ignore[attr-defined]
    machine = bench.machine(leader)
    lease = next(iter(machine.leases.all))
    machine.leases.all[lease].remaining_ns = 3 * S
    heard: list[int] = []
    service._leasing.renew(lease, heard.append)
    machine.apply(LeaseRevoke(lease))

    assert heard == [answer]


@pytest.mark.parametrize(("leasing", "sessions"), [(None, 1), (mutants.LooksAtItself, 2)])
def test_e11_a_member_that_lags_must_not_say_that_a_lease_is_gone(leasing: Any, sessions: int) -> None:
    """The session that was just made would be given up, and another one made."""
    spec = SPEC if leasing is None else mutants.of_service(leasing)
    bench = led_by_n1(spec, nodes=1)
    follower = next(name for name in bench.group.servers if name != bench.member())
    service: Any = bench.processes[follower].service  # type: ignore[attr-defined]
    # It has not applied the grant: its state is that of its start.
    bench.machine(follower).leases.all.clear()
    heard: list[int] = []
    lease = next(iter(bench.machine(bench.member()).leases.all))
    service._leasing.renew(lease, heard.append)
    bench._perform(follower)
    bench.pass_time(100 * MS)

    assert heard == [5 * S] * (2 - sessions) + [0] * (sessions - 1)


@pytest.mark.parametrize(("recipe", "stuck"), [(Election, False), (mutants.WatchesFromNow, True)])
def test_e12_a_watch_begins_where_the_read_ended(recipe: type[Election], stuck: bool) -> None:
    """A key that goes in between would be waited for for ever."""
    made = store(1, 2)
    campaign(made, 1)
    waiting = Script(made, recipe(2, "/e", False).campaign("c2"))
    step = waiting.waits_for
    assert isinstance(step, Deleted)
    begins_at = step.revision or made.store.revision + 2
    made.apply(LeaseRevoke(1))
    seen = made.store.events_from(begins_at, step.key, False)

    assert (not seen) is stuck


@pytest.mark.parametrize(("recipe", "stuck"), [(Election, False), (mutants.IgnoresCompaction, True)])
def test_e13_a_compacted_watch_is_an_error(recipe: type[Election], stuck: bool) -> None:
    """Watched again from the same revision it fails again."""
    made = store(1, 2)
    campaign(made, 1)
    waiting = Script(made, recipe(2, "/e", False).campaign("c2"))
    made.apply(Put("other", 1))
    made.apply(Delete("/e/1"))
    made.apply(Compact(made.store.revision))
    for _ in range(3):
        if waiting.result is None:
            waiting.resume(None)

    assert (waiting.result is None) is stuck


@pytest.mark.parametrize(("recipe", "wins"), [(Election, False), (mutants.ReadsAnything, True)])
def test_e14_a_serializable_read_must_not_decide(recipe: type[Election], wins: bool) -> None:
    """A member that lags knows of no key before the own one, though the leader's is there."""
    made, lagging = store(1, 2), store()
    campaign(made, 1)
    waiting = Script(made, recipe(2, "/e", False).campaign("c2"), lagging)

    assert (waiting.result == "") is wins


@pytest.mark.parametrize(("recipe", "kept"), [(Election, True), (mutants.Unguarded, False)])
def test_e15_resigning_must_not_delete_a_later_key(recipe: type[Election], kept: bool) -> None:
    """Of the same session, made since."""
    made = store(1)
    old = recipe(1, "/e", False)
    Script(made, old.campaign("c1"))
    made.apply(Delete("/e/1"))
    campaign(made, 1)
    Script(made, old.resign())

    assert ("/e/1" in made.store.current) is kept


@pytest.mark.parametrize(("recipe", "woken"), [(Election, 1), (mutants.Herd, 9)])
def test_e16_a_change_wakes_one_contender(recipe: type[Election], woken: int) -> None:
    """And not all of ten."""
    made = store(*range(1, 11))
    scripts = [Script(made, recipe(lease, "/e", False).campaign("c")) for lease in range(1, 11)]
    waits = [script.waits_for for script in scripts if script.waits_for is not None]
    made.apply(LeaseRevoke(1))
    prefix = [not isinstance(step, Deleted) for step in waits]
    events = [
        made.store.events_from(step.revision, step.key, whole)
        for step, whole in zip(waits, prefix, strict=True)
    ]
    deleted = [any(event.kind == "delete" for event in found) for found in events]

    assert sum(deleted) == woken


@pytest.mark.parametrize(("obey", "leaders"), [(True, ["n2"]), (False, ["n1", "n2"])])
def test_e17_a_leader_stops_when_its_session_is_done(obey: bool, leaders: list[str]) -> None:
    """Or it leads beside the next one."""
    bench = led_by_n1(SPEC, obey_done=obey)
    apart(bench, "n1")
    bench.pass_time(10 * S)

    assert sorted(bench.leaders()) == leaders


@pytest.mark.parametrize(("fenced", "harm"), [("true", False), ("false", True)])
def test_e18_effects_need_a_guard(fenced: str, harm: bool) -> None:
    """Jepsen: pauses of 5 s, TTL 2 s."""
    found = run(load(find(["etcd-lock-unfenced"])[0], [f"workload.fenced={fenced}"]))

    assert (count(found, "split_brain.dual_effect") > 0) is harm


@pytest.mark.parametrize(("service", "kept"), [(None, True), (mutants.ShortLeases, False)])
def test_e19_a_lease_outlives_an_election(service: Any, kept: bool) -> None:
    """With a TTL of 1 s and elections of 2 s a client would lose its session at each of them."""
    spec = SPEC if service is None else make_spec("etcd-mutant", service=service)
    bench = EtcdBench(spec, ttl=S, election_ticks=20)
    bench.pass_time(6 * S)
    (first,) = bench.leaders()
    epochs = len(bench.events())
    for _ in range(4):
        leader = bench.member()
        bench.crash(leader)
        bench.pass_time(5 * S)
        bench.restart(leader)
        bench.pass_time(5 * S)

    assert (bench.leaders() == [first] and len(bench.events()) == epochs) is kept
