"""What all leader applications share: life and death beside the protocol, work, and repeated requests."""

from __future__ import annotations

from typing import Any

import pytest

from sim.cluster import Cluster
from sim.node import Node
from sim.prepare import prepare
from sim.records import Led
from sim.run import build
from sim.scenario import from_dict
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.resource import Effect, EffectReply, Inquiry
from tests.unit.faults_testing import MS, at, of, scenario, world


class Diary(Application):
    """Writes down what it is told."""

    def __init__(self, node: Node, cluster: Cluster, told: list[tuple[int, str, int, str]]) -> None:
        super().__init__(node, cluster)
        self._told = told
        self._incarnation = node.incarnation

    def start(self, epoch: int) -> None:
        """It leads."""
        self._tell(f"leads {epoch}")

    def stop(self) -> None:
        """It no longer leads."""
        self._tell("stops")

    def _tell(self, what: str) -> None:
        self._told.append((self.cluster.now // MS, self.host.id, self._incarnation, what))


def diaries(*faults: dict[str, Any]) -> tuple[Cluster, list[tuple[int, str, int, str]]]:
    """Return a world of three Raft servers, not started, and what their applications are told."""
    cluster = build(prepare(from_dict(scenario(faults))), 1, "digest")
    told: list[tuple[int, str, int, str]] = []
    Applications(cluster, lambda node: Diary(node, cluster, told))
    cluster.start()
    return cluster, told


def test_application_is_told_when_it_leads_and_when_it_stops() -> None:
    """A leader that is cut off hears of its successor when the cut heals."""
    cluster, told = diaries({"at": "3s", "isolate": "leader", "for": "2s"})
    at(cluster, 8000)
    first, second = of(cluster, Led)

    assert [(node, what) for _, node, _, what in told] == [
        (first.node, f"leads {first.epoch}"),
        (second.node, f"leads {second.epoch}"),
        (first.node, "stops"),
    ]
    assert 5000 <= told[2][0] <= 5100


def test_dead_application_is_told_nothing_and_its_successor_is_a_new_one() -> None:
    cluster, told = diaries(
        {"at": "3s", "crash": "leader", "restart_after": "1s"}, {"at": "6s", "crash": "leader"}
    )
    at(cluster, 9000)

    assert all(what.startswith("leads") for _, _, _, what in told)
    led = {node: incarnation for _, node, incarnation, _ in told}
    assert len(told) == len(of(cluster, Led)) == 3
    assert max(led.values()) <= 1


# Work --------------------------------------------------------------------------------------------


def worked(ends_ms: tuple[int, int], count: int, drop_at_ms: int | None = None) -> list[tuple[int, int]]:
    """Begin `count` works at 100 ms on n1, and return (item, when it was done in ms)."""
    cluster = at(world(), 100)
    done: list[tuple[int, int]] = []
    host = cluster.nodes["n1"].host
    assert host is not None
    low, high = ends_ms
    work: Work[int] = Work(
        cluster, host, (low * MS, high * MS), lambda item: done.append((item, cluster.now // MS))
    )
    for item in range(count):
        work.add(item)
    if drop_at_ms is not None:
        at(cluster, drop_at_ms)
        work.drop()
    at(cluster, 5000)
    return done


def test_work_without_a_length_is_done_at_once() -> None:
    assert worked((0, 0), 3) == [(0, 100), (1, 100), (2, 100)]


def test_works_of_one_length_are_done_in_order() -> None:
    assert worked((40, 40), 3) == [(0, 140), (1, 140), (2, 140)]


def test_works_of_drawn_lengths_end_each_at_its_time() -> None:
    """Uniform between the ends, and not in the order in which they began."""
    done = worked((0, 2000), 200)
    lengths = [time - 100 for _, time in done]

    assert lengths == sorted(lengths)
    assert [item for item, _ in done] != sorted(item for item, _ in done)
    assert (min(lengths) >= 0, max(lengths) <= 2000) == (True, True)
    assert 900 < sum(lengths) / 200 < 1100  # a mean of 1000 and a standard error of 41


def test_dropped_work_is_not_done() -> None:
    done = worked((0, 2000), 200, drop_at_ms=1100)

    assert 0 < len(done) < 200
    assert max(time for _, time in done) <= 1100


# Calls -------------------------------------------------------------------------------------------


class Caller:
    """Calls of n1 to a resource that the test answers for; n1 leads epoch 7 unless the test says no."""

    def __init__(self) -> None:
        self.cluster = at(world(), 100)
        self.node = self.cluster.nodes["n1"]
        self.sent: list[tuple[int, Any]] = []
        self.cluster.network.routes["n1"]["r1"] = lambda m: self.sent.append((self.cluster.now // MS, m))
        self.calls = Calls(self.node, 300 * MS)
        self.node.belief = self.node.token = 7
        self.replies: list[EffectReply] = []


def test_call_is_repeated_until_it_is_answered() -> None:
    """Always the same request; whoever waits is told once."""
    caller = Caller()
    caller.calls.effect("r1", 7, ("do",), caller.replies.append)
    at(caller.cluster, 750)
    number = caller.sent[0][1].number
    for _ in range(2):
        caller.calls.on_reply("r1", EffectReply(number, True, "done"))
    at(caller.cluster, 2000)

    assert caller.sent == [(time, Effect(7, number, ("do",))) for time in (100, 400, 700)]
    assert caller.replies == [EffectReply(number, True, "done")]


@pytest.mark.parametrize("belief", [None, 8])
def test_call_is_not_repeated_when_its_epoch_is_over(belief: int | None) -> None:
    """A repetition is an act: the belief is checked before it."""
    caller = Caller()
    caller.calls.inquire("r1", 7, ("what",), caller.replies.append)
    at(caller.cluster, 150)
    caller.node.belief = caller.node.token = belief
    at(caller.cluster, 2000)

    assert [(time, type(message)) for time, message in caller.sent] == [(100, Inquiry)]


def test_call_that_is_dropped_is_not_repeated_and_its_answer_is_ignored() -> None:
    caller = Caller()
    caller.calls.effect("r1", 7, (), caller.replies.append)
    caller.calls.drop()
    caller.calls.on_reply("r1", EffectReply(caller.sent[0][1].number, True))
    at(caller.cluster, 2000)

    assert (len(caller.sent), caller.replies) == (1, [])


def test_numbers_of_requests_differ_between_incarnations() -> None:
    """An answer to a dead process must not be taken by its successor."""
    numbers = []
    for incarnation in (0, 1):
        caller = Caller()
        caller.node.incarnation = incarnation
        caller.calls = Calls(caller.node, 300 * MS)
        caller.calls.tell("r1", 7, ())
        numbers.append(caller.sent[0][1].number)

    assert numbers[0] != numbers[1]


# Epochs without an order -------------------------------------------------------------------------


def test_resource_sees_the_token_and_records_the_epoch() -> None:
    """Redlock's values are random: records count the acquisitions, which is what SB3 is judged by."""
    cluster = world(
        protocol={"name": "redlock", "ttl": "2s"}, workload={"name": "external-store", "rate": "10/s"}
    )
    seen: list[int] = []
    cluster.trace.listen("effect", lambda resource, node, epoch, *rest: seen.append(epoch))
    tokens: list[int] = []
    handlers = cluster.nodes["r1"].handlers
    inner = handlers[Effect]

    def spy(source: str, effect: Effect) -> None:
        tokens.append(effect.epoch)
        inner(source, effect)

    handlers[Effect] = spy
    at(cluster, 2000)

    assert set(seen) == {1}
    assert min(tokens) > 1_000_000
