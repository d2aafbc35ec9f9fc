"""Elections in the corners: unforced, overtaken, censored, announced."""

from __future__ import annotations

from analysis.calls import calls
from analysis.elections import elections, sample
from analysis.statistics import Sample
from sim.records import (
    Campaigned,
    FaultEnded,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Resumed,
    Served,
    Started,
)
from tests.unit.test_analysis_elections import SERVICE, SUCCESSION, rows
from tests.unit.test_analysis_runs import crash, fault, isolation, recorded


def test_a_leader_that_steps_down_without_a_fault() -> None:
    """Counted from when it stepped down, since it led until then."""
    assert rows(Followed(45, "a", 1, "bored"), *SUCCESSION) == [("unforced", "a", 45, 12)]


def test_a_candidate_under_way_when_the_leader_steps_down_detected_at_once() -> None:
    """The candidacy at 44 made the leader step down at 45: no phase is negative."""
    row = elections(
        recorded(*SERVICE, Campaigned(44, "b", 2), Followed(45, "a", 1, "higher epoch"), Led(47, "b", 2),
                 Served(49, "b", 2))
    )[1]  # fmt: skip

    assert (row.cause, row.fault_at_ns) == ("unforced", 45)
    assert (row.detection_ns, row.candidacy_ns, row.votes_ns, row.first_service_ns) == (0, 0, 2, 2)


def test_a_sound_leader_that_is_overtaken() -> None:
    """Nothing was wrong until the other set out: counted from the candidacy that won."""
    assert rows(*SUCCESSION, Followed(70, "a", 1, "higher epoch")) == [("unforced", "a", 50, 7)]


def test_another_fault_on_the_leader_is_the_cause() -> None:
    """It was slow, and stepped down; a fault on another node, or one that is over, is no cause."""
    fall = [Followed(45, "a", 1, "no quorum heard"), *SUCCESSION]

    assert rows(fault(40, 0, "slow_disk", "a"), *fall) == [("slow_disk", "a", 45, 12)]
    assert rows(fault(40, 0, "slow_disk", "a"), fault(41, 1, "slow", "a"), *fall) == [("slow", "a", 45, 12)]
    assert rows(fault(40, 0, "slow_disk", "b"), *fall) == [("unforced", "a", 45, 12)]
    assert rows(fault(40, 0, "slow_disk", "a"), FaultEnded(44, 0, "slow_disk", ("a",)), *fall) == [
        ("unforced", "a", 45, 12)
    ]


def test_a_leader_that_is_overtaken_while_some_of_its_links_are_cut() -> None:
    """It kept a majority, but the one that it lost did not hear of it: this was forced."""
    assert rows(LinksCut(40, isolation("a", "b")), *SUCCESSION) == [("partition", "a", 50, 7)]
    assert rows(fault(39, 0, "flap", "a"), LinksCut(40, isolation("a", "b")), *SUCCESSION) == [
        ("flap", "a", 50, 7)
    ]
    assert rows(LinksCut(40, isolation("c", "b")), *SUCCESSION) == [("unforced", "a", 50, 7)]
    assert rows(LinksCut(40, isolation("a", "k")), *SUCCESSION) == [("unforced", "a", 50, 7)]
    assert rows(LinksCut(40, isolation("a", "b")), LinksHealed(46, isolation("a", "b")), *SUCCESSION) == [
        ("unforced", "a", 50, 7)
    ]


def test_faults_on_followers_are_no_election() -> None:
    """A follower crashes, another is paused and resumed."""
    assert rows(*crash(40, "b"), Started(42, "b", 1), Paused(43, "c"), Resumed(46, "c")) == []


def test_a_leader_that_never_served_is_not_an_incumbent() -> None:
    """The election at the start goes on over its crash."""
    found = elections(recorded(Led(6, "a", 1), *crash(8, "a", 1), Led(20, "b", 2), Served(21, "b", 2)))

    assert [(row.cause, row.belief_ns, row.service_ns) for row in found] == [("start", 6, 21)]


def test_announced_counts_contenders_and_one_leader_only() -> None:
    """The leader counts itself; two that know different leaders of one epoch are no majority."""
    known = [
        Led(5, "a", 1),
        LeaderKnown(6, "x", "a", 1),
        LeaderKnown(7, "b", "c", 1),
        LeaderKnown(9, "c", "a", 1),
    ]

    assert elections(recorded(*known))[0].announced_ns == 9


def test_a_new_epoch_of_the_same_leader_is_an_election_of_length_zero() -> None:
    """A holder that leads on under a new epoch was never away."""
    row = elections(recorded(*SERVICE, Led(45, "a", 2), Served(46, "a", 2)))[1]

    assert (row.cause, row.fault_at_ns, row.belief_ns, row.service_ns) == ("unforced", 45, 0, 1)


def test_sample_keeps_the_censored() -> None:
    """One length complete, one censored at the end of the run."""
    found = elections(recorded(*SERVICE, *crash(40, "a", 1)))

    assert sample(found, "service") == Sample((10,), (60,))


def test_a_candidacy_from_before_the_leader_served_counts_from_there() -> None:
    """b set out at 9, a served at 10, b led at 14: nothing was missing before 10."""
    late = [Campaigned(9, "b", 2), Served(10, "a", 1), Led(14, "b", 2), Served(15, "b", 2)]
    found = elections(recorded(Led(6, "a", 1), *late))

    assert [(row.cause, row.fault_at_ns, row.belief_ns) for row in found] == [
        ("start", 0, 6),
        ("unforced", 10, 4),
    ]


def test_service_of_an_older_epoch_is_not_that_of_the_new_leader() -> None:
    """c leads epoch 3; the first command that b commits in epoch 2 does not end the election."""
    events = [Led(6, "b", 2), Followed(7, "b", 2, "x"), Served(8, "b", 2), *crash(9, "b"), Led(10, "c", 3)]
    other = [Led(6, "c", 3), Served(8, "b", 2), Served(12, "c", 3)]

    assert elections(recorded(*events))[0].serving_leader == "b"
    assert (elections(recorded(*other))[0].serving_leader, elections(recorded(*other))[0].service_ns) == (
        "c",
        12,
    )


def test_an_election_that_follows_a_short_recovery_is_not_averted_by_the_end() -> None:
    """The incumbent recovered at 45, b led at 47 and never served."""
    events = [Paused(40, "a"), Resumed(45, "a"), Led(47, "b", 2)]
    found = calls(recorded(*SERVICE, *events))

    assert (len(found.elections), found.averted) == (2, 0)


def test_candidacies_that_cannot_have_won_or_failed_are_left_out() -> None:
    """One for an epoch that was won already, by a rival; one for an old epoch; one after the service."""
    winner_late = elections(recorded(Led(6, "a", 1), Campaigned(7, "a", 1), Served(8, "a", 1)))[0]
    stale = [
        *crash(40, "a", 3),
        Campaigned(42, "c", 2),
        Led(50, "b", 4),
        Served(51, "b", 4),
        Campaigned(52, "c", 5),
    ]
    row = elections(recorded(Led(6, "a", 3), Served(8, "a", 3), *stale))[1]

    assert (winner_late.first_candidacy_ns, winner_late.winning_candidacy_ns) == (None, None)
    assert (row.first_candidacy_ns, row.split_rounds) == (None, 0)
