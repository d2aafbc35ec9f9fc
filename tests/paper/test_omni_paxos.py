"""Omni-Paxos, ballot leader election (Ng, Haridi, Carbone, EuroSys 2023)."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from protocols.classic.omni_paxos import SPEC, HeartbeatReply, OmniPaxosParameters, Prepare, check
from tests.unit.classic_testing import ClassicBench

ROUND = "round"


def rounds(bench: ClassicBench, links: Collection[tuple[str, str]] | None = None, times: int = 1) -> None:
    """Let rounds go by in which messages cross only these links, both ways; None: all of them."""
    for _ in range(times):
        for name in bench.processes:
            bench.fire(name, ROUND)
        while bench.network:
            for envelope in bench.network.copy():
                pair = (envelope.source, envelope.target)
                if links is None or pair in links or pair[::-1] in links:
                    bench.deliver(envelope)
                else:
                    bench.drop(envelope)


def begun(nodes: int = 5) -> ClassicBench:
    """Return a group with a leader."""
    bench = ClassicBench(SPEC, nodes)
    bench.settle()
    rounds(bench, times=2)
    assert len(bench.leaders()) == 1
    return bench


STAR = [("n1", other) for other in ("n2", "n3", "n4", "n5")]


def test_the_highest_ballot_of_a_member_that_reaches_a_majority_is_elected() -> None:
    """All begin alike, and the rank breaks ties."""
    assert list(begun().leaders()) == ["n5"]


def test_a_dead_leader_is_replaced_in_two_rounds() -> None:
    """One to notice that its ballot is missing, one to elect a raised one; the first was answered."""
    bench = begun()
    bench.crash("n5")
    rounds(bench, times=2)
    assert bench.leaders() == {}
    rounds(bench)

    assert list(bench.leaders()) == ["n4"]


def test_quorum_loss_one_member_with_a_majority_is_enough() -> None:
    """A star: only n1 reaches a majority; the leader n5 lives, but says itself that it does not."""
    bench = begun()
    rounds(bench, STAR, times=4)

    assert max(bench.leaders().items(), key=lambda pair: pair[1])[0] == "n1"
    assert bench.member("n2").leader == "n1"


def test_without_the_flag_a_leader_without_a_majority_stays() -> None:
    """The known mistake: alive is taken for able; nobody else has the promises of a majority."""
    bench = ClassicBench(SPEC, 5, quorum_connected=False)
    bench.settle()
    rounds(bench, times=2)
    rounds(bench, STAR, times=10)

    assert list(bench.leaders()) == ["n5"]


def test_constrained_election_the_log_does_not_matter() -> None:
    """The old leader is gone, and only n1, whatever its log, reaches a majority."""
    bench = begun()
    bench.crash("n5")
    rounds(bench, STAR[:-1], times=4)

    assert list(bench.leaders()) == ["n1"]


def test_chained_one_change_and_then_it_is_stable() -> None:
    """n1 - n2 - n3: whoever loses the leader takes over, since others do not gossip about who leads."""
    bench = ClassicBench(SPEC, 3)
    bench.settle()
    rounds(bench, times=2)
    chain = [("n1", "n2"), ("n2", "n3")]
    rounds(bench, chain, times=3)
    after = dict(bench.leaders())
    rounds(bench, chain, times=20)

    assert bench.leaders() == after


def test_late_answers_do_not_count() -> None:
    """A reply belongs to its round."""
    bench = begun(3)
    member = bench.member("n1")
    bench.tell("n2", "n1", HeartbeatReply(member.round - 1, 99, True))

    assert "n2" not in member.replies or member.replies["n2"].ballot != 99


def test_without_answers_from_a_majority_a_member_says_so() -> None:
    """It does not elect anybody, and its ballot does not count for others."""
    bench = begun(3)
    rounds(bench, [], times=1)
    rounds(bench, [], times=1)

    assert [bench.member(name).quorum_connected for name in bench.processes] == [False] * 3


def test_whoever_has_not_promised_is_asked_again() -> None:
    """A Prepare, or a promise, may be lost: it is sent again each round, to those who owe a promise."""
    bench = ClassicBench(SPEC, 3)
    bench.settle()
    for name in bench.processes:
        bench.fire(name, ROUND)
    for envelope in bench.pending(Prepare):
        if envelope.target != "n3":
            bench.drop(envelope)
    bench.settle()
    assert bench.leaders() == {}
    bench.fire("n3", ROUND)
    again = {envelope.target for envelope in bench.pending(Prepare)}
    bench.settle()

    assert again == {"n1", "n2"}
    assert list(bench.leaders()) == ["n3"]


def test_promises_are_durable_and_only_grow() -> None:
    """Sequence Paxos: a follower that promised a ballot ignores lower ones, also after a restart."""
    bench = begun(3)
    promised = bench.member("n1").promised
    bench.crash("n1")
    bench.restart("n1")
    bench.sent()
    bench.tell("n2", "n1", Prepare(promised - 1))

    assert bench.member("n1").promised == promised
    assert bench.sent()["Promise"] == 0


def test_a_member_that_comes_back_is_brought_up_to_date() -> None:
    """It asks, and the leader prepares again."""
    bench = begun(3)
    bench.crash("n1")
    bench.restart("n1")
    bench.settle()

    assert bench.member("n1").leader == "n3"


@pytest.mark.parametrize("nodes", [1, 3])
def test_any_setting_makes_sense(nodes: int) -> None:
    """Even a single member elects itself."""
    bench = ClassicBench(SPEC, nodes)
    bench.settle()
    rounds(bench, times=2)

    assert len(bench.leaders()) == 1
    assert list(check(OmniPaxosParameters(nodes=nodes))) == []
