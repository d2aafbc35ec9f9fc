"""Chang and Roberts, "An Improved Algorithm for Decentralized Extrema-Finding", CACM 22(5), 1979."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest

from protocols.classic.ring import SPEC, Alive, RingParameters, check
from tests.unit.classic_testing import MS, ClassicBench


def ring(identities: tuple[int, ...], **settings: object) -> ClassicBench:
    """Return a ring whose members have these identities and have not sent anything yet."""
    bench = ClassicBench(SPEC, len(identities), **settings)
    bench.drop()
    bench.sent()
    for name, identity in zip(bench.processes, identities, strict=True):
        bench.member(name).identity = identity
        bench.member(name).participant = False
    return bench


def elect(identities: tuple[int, ...], initiators: int | None = None) -> ClassicBench:
    """Let the first `initiators` members, or all, start at once; return the ring when all is quiet."""
    bench = ring(identities, fault_tolerant=False)
    for name in list(bench.processes)[:initiators]:
        bench.stand(name)
    bench.settle()
    return bench


@pytest.mark.parametrize("nodes", [2, 3, 4, 5])
def test_the_mean_number_of_probes_is_n_times_the_harmonic_number(nodes: int) -> None:
    """Over all arrangements of the identities, all members starting at once: exactly n * H_n."""
    counts = [elect(order).sent()["Probe"] for order in permutations(range(nodes))]

    harmonic = sum(Fraction(1, k) for k in range(1, nodes + 1))
    assert Fraction(sum(counts), len(counts)) == nodes * harmonic
    assert max(counts) == nodes * (nodes + 1) // 2
    assert min(counts) == 2 * nodes - 1


def test_the_announcement_takes_n_messages() -> None:
    """Once round the ring, back to the winner."""
    assert elect((2, 4, 1, 3, 0)).sent()["Elected"] == 5


@pytest.mark.parametrize("initiators", [1, 2, 5])
def test_the_largest_identity_wins_whoever_starts(initiators: int) -> None:
    """A smaller identity is swallowed by a participant, a larger one passed on."""
    bench = elect((2, 4, 1, 3, 0), initiators)

    assert list(bench.leaders()) == ["n2"]
    assert {bench.member(name).leader for name in bench.processes} == {"n2"}


def test_one_lost_message_ends_the_election_for_ever() -> None:
    """Nothing in the paper sends it again, and no timer is set."""
    bench = ring((2, 4, 1, 3, 0), fault_tolerant=False)
    bench.stand("n2")
    bench.drop()
    bench.settle()

    assert bench.leaders() == {}
    timers = [(name, timer) for name, host in bench.hosts.items() for timer in host.timers]
    assert not any(bench.is_waiting(*each) for each in timers)


def test_a_member_that_does_not_acknowledge_is_skipped() -> None:
    """The ring closes over the gap; with two gaps in a row too."""
    bench = ring((2, 4, 1, 3, 0))
    bench.crash("n3")
    bench.crash("n4")
    bench.stand("n2")
    bench.settle()
    assert bench.leaders() == {}
    bench.hops_time_out(2)

    assert list(bench.leaders()) == ["n2"]


def test_an_identity_whose_owner_died_does_not_go_round_for_ever() -> None:
    """It is dropped after two rounds, and another election is started where no leader was heard of."""
    bench = ring((2, 4, 1, 3, 0))
    bench.stand("n2")
    bench.crash("n2")
    bench.settle()
    bench.hops_time_out(20)
    assert bench.leaders() == {}
    bench.stand("n1")
    bench.settle()
    bench.hops_time_out(5)

    assert list(bench.leaders()) == ["n4"]


def test_of_two_leaders_the_one_of_the_later_round_stays() -> None:
    """They hear of each other by their heartbeats."""
    bench = ring((2, 4, 1, 3, 0))
    bench.stand("n2")
    bench.settle()
    for name in ("n1", "n3", "n5"):
        bench.crash(name)
    bench.crash("n2")
    bench.stand("n4")
    bench.hops_time_out(5)
    later = bench.leaders()["n4"]
    bench.tell("n2", "n4", Alive(later - 7))

    assert bench.leaders() == {"n4": later}
    bench.tell("n2", "n4", Alive(later + 3))
    assert bench.leaders() == {}


def test_settings_that_make_no_sense_are_refused() -> None:
    """Each with the rule that it breaks."""
    assert list(check(RingParameters())) == []
    assert "heartbeat_interval" in next(iter(check(RingParameters(failure_timeout=MS))))
    assert "hop_timeout" in next(iter(check(RingParameters(hop_timeout=900 * MS))))
