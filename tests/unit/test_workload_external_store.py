"""The store outside the group: who writes to it, and what a fence does and must not forget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sim.cluster import Cluster
from sim.records import EffectJudged, Led, Violated
from sim.workloads.external_store import Parameters, check
from sim.workloads.resource import Effect, EffectReply
from tests.unit.faults_testing import MS, at, of, world

WRITES: dict[str, Any] = {"name": "external-store", "rate": "10/s"}


class Bench:
    """A store that nobody but the test writes to; `judged` are (epoch, accepted) in order."""

    def __init__(self, fenced: bool, **parts: Any) -> None:
        faults = [{"at": "0s", "crash": ["n1", "n2", "n3"]}, *parts.pop("faults", ())]
        self.cluster: Cluster = world(faults, workload={**WRITES, "fenced": fenced}, **parts)
        self.judged: list[tuple[int, bool]] = []
        self.answered: list[tuple[int, EffectReply]] = []
        self.cluster.trace.listen("effect", self._effect)
        routes = self.cluster.network.routes["r1"]
        routes["n1"] = lambda reply: self.answered.append((self.cluster.now // MS, reply))

    def _effect(self, store: str, node: str, epoch: int, accepted: bool, fenced: bool) -> None:
        self.judged.append((epoch, accepted))

    def write(self, time_ms: float, epoch: int, number: int = 1) -> None:
        """Let a write arrive."""
        at(self.cluster, time_ms)
        self.cluster.nodes["r1"].handlers[Effect]("n1", Effect(epoch, number))


def test_unfenced_store_accepts_a_stale_write() -> None:
    """The damage of two leaders: SB3, reported as dual_effect."""
    bench = Bench(fenced=False)
    for time, epoch in ((10, 1), (20, 2), (30, 1), (40, 1)):
        bench.write(time, epoch)
    at(bench.cluster, 50)

    assert bench.judged == [(1, True), (2, True), (1, True), (1, True)]
    assert [record.property for record in of(bench.cluster, Violated)] == ["dual_effect"]
    stale = of(bench.cluster, EffectJudged)
    assert [(record.epoch, record.highest, record.accepted) for record in stale] == [(1, 2, True)] * 2


def test_fenced_store_rejects_a_stale_write() -> None:
    bench = Bench(fenced=True)
    for time, epoch in ((10, 1), (20, 2), (30, 1), (40, 2)):
        bench.write(time, epoch)
    at(bench.cluster, 50)

    assert bench.judged == [(1, True), (2, True), (1, False), (2, True)]
    assert of(bench.cluster, Violated) == []
    assert bench.cluster.effects_accepted == 3


def test_store_answers_each_write() -> None:
    bench = Bench(fenced=True)
    bench.write(10, 2, number=1)
    bench.write(20, 1, number=2)
    at(bench.cluster, 30)

    assert [reply for _, reply in bench.answered] == [EffectReply(1, True), EffectReply(2, False)]


def test_fence_waits_for_the_disk_before_a_write_takes_effect() -> None:
    """A write under a new epoch takes effect when the epoch is durable, later ones in their order."""
    bench = Bench(fenced=True, disk={"fsync": "20ms"})
    bench.write(10, 5, number=1)
    bench.write(15, 5, number=2)
    bench.write(20, 4, number=3)

    assert at(bench.cluster, 29).effects_accepted == 0
    at(bench.cluster, 31)
    assert bench.judged == [(5, True), (5, True), (4, False)]
    assert [time for time, _ in bench.answered] == [30, 30, 30]


def test_fence_survives_a_crash_of_the_store() -> None:
    bench = Bench(fenced=True, faults=[{"at": "50ms", "crash": "r1", "restart_after": "10ms"}])
    bench.write(10, 5)
    bench.write(70, 4)
    at(bench.cluster, 80)

    assert bench.judged == [(5, True), (4, False)]


def test_store_that_crashes_before_its_fsync_forgets_effect_and_epoch_together() -> None:
    """Had the effect counted and the epoch been lost, the older epoch would be accepted after the newer."""
    crash = {
        "when": {"event": "saving", "record": "admitted"},
        "crash": "that node",
        "restart_after": "10ms",
    }
    bench = Bench(fenced=True, faults=[crash], disk={"fsync": "20ms"})
    bench.write(10, 5)
    bench.write(50, 4)
    at(bench.cluster, 100)

    assert bench.judged == [(4, True)]
    assert of(bench.cluster, Violated) == []


# Who writes ------------------------------------------------------------------------------------------


def effects(cluster: Cluster) -> list[tuple[int, str, int]]:
    """Collect (time in ms, node, epoch) of all that the store judges from now on."""
    found: list[tuple[int, str, int]] = []
    cluster.trace.listen(
        "effect", lambda store, node, epoch, *rest: found.append((cluster.now // MS, node, epoch))
    )
    return found


def test_leader_writes_at_its_rate_under_its_epoch() -> None:
    cluster = world(workload=WRITES)
    found = effects(cluster)
    at(cluster, 5000)
    led = of(cluster, Led)[0]
    expected = [led.at_ns // MS + 1 + 100 * number for number in range(len(found))]

    assert {(node, epoch) for _, node, epoch in found} == {(led.node, led.epoch)}
    assert [time for time, _, _ in found] == expected
    assert len(found) >= 40


def test_work_lies_between_the_check_and_the_write() -> None:
    """A crash in between loses the write; a pause in between delays it, belief or no belief."""
    cluster = world([{"at": "4s", "pause": "leader", "for": "2s"}], workload={**WRITES, "work": "90ms"})
    found = effects(cluster)
    at(cluster, 3999)
    first = of(cluster, Led)[0]
    at(cluster, 7000)
    late = [time for time, node, epoch in found if epoch == first.epoch and time > 4100]

    assert found[0][0] == first.at_ns // MS + 91
    # One that was at work when the pause began; a second one if it wakes up to its own timer first.
    assert 1 <= len(late) <= 2
    assert late[0] == 6001


def test_deposed_leader_stops_writing() -> None:
    cluster = world([{"at": "4s", "isolate": "leader", "for": "2s"}], workload=WRITES)
    found = effects(cluster)
    at(cluster, 10_000)
    first = of(cluster, Led)[0]
    last = max(time for time, _, epoch in found if epoch == first.epoch)

    assert {epoch for _, _, epoch in found} == {record.epoch for record in of(cluster, Led)}
    assert len(of(cluster, Led)) == 2
    assert last < 6100


@pytest.mark.parametrize(("work", "mistakes"), [(0, 0), (99, 0), (100, 1), (200, 1)])
def test_work_must_fit_between_two_writes(work: int, mistakes: int) -> None:
    assert len(list(check(replace(Parameters(), work=work * MS)))) == mistakes
