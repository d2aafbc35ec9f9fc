"""The Bully algorithm, sentence by sentence (Garcia-Molina 1982; Coulouris et al.)."""

from __future__ import annotations

from protocols.classic.bully import SPEC, BullyParameters, check
from tests.unit.classic_testing import MS, ClassicBench

ANSWER, COORDINATOR, SILENT = "no answer", "no coordinator", "coordinator is silent"


def settled(nodes: int = 5) -> ClassicBench:
    """Return a group in which the highest leads and everybody knows."""
    bench = ClassicBench(SPEC, nodes)
    bench.settle()
    bench.sent()
    return bench


def test_the_member_of_highest_rank_leads() -> None:
    """Whoever starts calls an election; the highest has nobody to ask."""
    bench = settled()

    assert list(bench.leaders()) == ["n5"]
    assert {bench.member(name).leader for name in bench.processes} == {"n5"}


def test_the_best_case_is_announced_to_all_the_others() -> None:
    """The second highest notices first: one question to the dead, and then n - 2 live members are told."""
    bench = settled()
    bench.crash("n5")
    bench.fire("n4", SILENT)
    bench.fire("n4", ANSWER)

    assert list(bench.leaders()) == ["n4"]
    # The dead one is told too: whether it is dead is not known.
    assert bench.sent() == {"Election": 1, "Coordinator": 4}


def test_the_worst_case_is_quadratic() -> None:
    """The lowest notices first: every member asks all above it, once, and each live one answers.

    Of n = 5 with the highest dead: 4 + 3 + 2 + 1 questions, 3 + 2 + 1 answers, and the announcement.
    """
    bench = settled()
    bench.crash("n5")
    bench.fire("n1", SILENT)
    bench.settle()
    bench.fire("n4", ANSWER)
    bench.settle()

    assert list(bench.leaders()) == ["n4"]
    assert bench.sent() == {"Election": 4 + 3 + 2 + 1, "Answer": 3 + 2 + 1, "Coordinator": 4}


def test_an_answer_leaves_it_to_the_higher_one_for_a_while() -> None:
    """And if no coordinator comes of it, the election is called again."""
    bench = settled(3)
    bench.crash("n3")
    bench.fire("n1", SILENT)
    bench.settle()
    bench.crash("n2")

    assert not bench.is_waiting("n1", ANSWER)
    bench.fire("n1", COORDINATOR)
    bench.fire("n1", ANSWER)
    assert list(bench.leaders()) == ["n1"]


def test_a_recovering_member_of_higher_rank_takes_over() -> None:
    """It bullies its way in, under a later epoch: healthy leaders are deposed (a known price)."""
    bench = settled()
    bench.crash("n5")
    bench.fire("n4", SILENT)
    bench.fire("n4", ANSWER)
    bench.settle()
    before = bench.leaders()["n4"]
    bench.restart("n5")
    bench.settle()

    assert list(bench.leaders()) == ["n5"]
    assert bench.leaders()["n5"] > before


def test_each_side_of_a_partition_has_a_coordinator() -> None:
    """By design; their epochs differ, and when the network heals the later one is bullied by the higher."""
    bench = settled()
    bench.fire("n2", SILENT)
    bench.isolate("n1", "n2")
    bench.fire("n2", ANSWER)
    bench.isolate("n1", "n2")
    bench.settle()
    divided = bench.leaders()
    bench.fire("n2", "heartbeat")
    bench.settle()

    assert list(divided) == ["n5", "n2"]
    assert len(set(divided.values())) == 2
    assert list(bench.leaders()) == ["n5"]
    assert bench.leaders()["n5"] > divided["n2"]


def test_a_late_announcement_of_an_older_epoch_is_not_believed() -> None:
    """Without epochs, whichever announcement came last would win; its sender is told of the later one."""
    bench = settled()
    bench.crash("n5")
    bench.fire("n4", SILENT)
    bench.fire("n4", ANSWER)
    late = bench.pending(source="n4", target="n1")
    bench.drop(*late)
    bench.restart("n5")
    bench.settle()
    bench.sent()
    for envelope in late:
        bench.tell("n4", "n1", envelope.message)

    assert bench.member("n1").leader == "n5"
    assert bench.sent()["Outdated"] == 1


def test_a_coordinator_of_a_round_that_is_over_is_told_so() -> None:
    """n1 led in a later round while it was cut off, and remembers the round after a crash."""
    bench = settled()
    old = bench.leaders()["n5"]
    bench.fire("n1", SILENT)
    bench.drop()
    bench.fire("n1", ANSWER)
    bench.drop()
    later = bench.leaders()["n1"]
    bench.crash("n1")
    bench.restart("n1")
    bench.settle()

    assert bench.leaders()["n5"] > later > old
    assert {bench.member(name).leader for name in bench.processes} == {"n5"}


def test_an_epoch_is_never_used_again_after_a_crash() -> None:
    """The round is on the disk before anybody hears of it."""
    bench = settled()
    first = bench.leaders()["n5"]
    bench.crash("n5")
    for name in ("n1", "n2", "n3", "n4"):
        bench.crash(name)
    bench.restart("n5")

    assert bench.leaders()["n5"] > first


def test_settings_that_make_no_sense_are_refused() -> None:
    """Each with the rule that it breaks."""
    assert list(check(BullyParameters())) == []
    assert "failure_timeout" in next(iter(check(BullyParameters(failure_timeout=50 * MS))))
    assert "coordinator_timeout" in next(iter(check(BullyParameters(coordinator_timeout=MS))))
    assert "answer_timeout" in next(iter(check(BullyParameters(answer_timeout=0))))
