"""How long there was no leader: each rule of `analysis.calls` and `analysis.elections` on a small run."""

from __future__ import annotations

from analysis.calls import calls
from analysis.elections import Election, elections, sample
from analysis.statistics import Sample
from sim.records import (
    Answered,
    Campaigned,
    FaultEnded,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    Served,
    Started,
)
from tests.unit.test_analysis_runs import BOUND, END, crash, fault, isolation, recorded

SERVICE: list[Record] = [
    Campaigned(4, "a", 1),
    Led(6, "a", 1),
    LeaderKnown(6, "a", "a", 1),
    LeaderKnown(8, "b", "a", 1),
    LeaderKnown(9, "c", "a", 1),
    Served(10, "a", 1),
    Answered(12, "k", "a", 1),
]
"""A comes into service in epoch 1."""
SUCCESSION: list[Record] = [
    Campaigned(50, "b", 2),
    Led(53, "b", 2),
    LeaderKnown(55, "c", "b", 2),
    Served(57, "b", 2),
    Answered(60, "k", "b", 2),
]
"""B comes into service in epoch 2."""


def rows(*events: Record) -> list[tuple[str, str, int | None, int | None]]:
    """Return (cause, old leader, time of the fault, length to service) of each election but the first."""
    found = elections(recorded(*SERVICE, *events))
    assert (found[0].cause, found[0].service_ns) == ("start", 10)
    return [(row.cause, row.old_leader, row.fault_at_ns, row.service_ns) for row in found[1:]]


def test_the_start_of_the_run_calls_for_a_leader() -> None:
    """Each length counts from the start: candidate at 4, leader at 6, majority (2 of 3) at 8."""
    assert elections(recorded(*SERVICE)) == [
        Election(
            fault_at_ns=0, cause="start", old_leader="", old_epoch=0, new_leader="a", new_epoch=1,
            serving_leader="a", serving_epoch=1, belief_ns=6, announced_ns=8, service_ns=10, client_ns=12,
            end_ns=END, first_candidacy_ns=4, winning_candidacy_ns=4, split_rounds=0,
        )
    ]  # fmt: skip


def test_an_election_without_a_winner_is_censored() -> None:
    """Nobody ever leads: all lengths are None and the row says how long it was watched."""
    (row,) = elections(recorded(Campaigned(4, "a", 1), Campaigned(9, "b", 2)))

    assert row.censored
    assert (row.belief_ns, row.announced_ns, row.service_ns, row.client_ns) == (None, None, None, None)
    assert (row.end_ns, row.first_candidacy_ns, row.winning_candidacy_ns) == (END, 4, None)
    assert (row.detection_ns, row.candidacy_ns, row.votes_ns, row.first_service_ns) == (4, None, None, None)
    assert row.split_rounds == 2


def test_a_crash_of_the_leader_and_the_phases_of_its_succession() -> None:
    """40 crash, 43 a candidate that fails, 50 the winner sets out, 53 leads, 57 serves."""
    row = elections(
        recorded(*SERVICE, *crash(40, "a", 1), Campaigned(43, "c", 2), Campaigned(50, "b", 3),
                 Led(53, "b", 3), Served(57, "b", 3))
    )[1]  # fmt: skip

    assert (row.cause, row.old_leader, row.old_epoch) == ("crash", "a", 1)
    assert (row.new_leader, row.new_epoch, row.serving_leader) == ("b", 3, "b")
    assert (row.detection_ns, row.candidacy_ns, row.votes_ns, row.first_service_ns) == (3, 7, 3, 4)
    assert (row.belief_ns, row.service_ns) == (13, 17)
    assert row.split_rounds == 1


def test_what_did_not_happen_by_the_end_is_censored_alone() -> None:
    """The new leader serves, but no majority hears of it and no client is answered."""
    row = elections(recorded(*SERVICE, *crash(40, "a", 1), Led(53, "b", 2), Served(57, "b", 2)))[1]

    assert (row.belief_ns, row.announced_ns, row.service_ns, row.client_ns) == (13, None, 17, None)
    assert not row.censored
    assert row.end_ns == 60
    # Without a candidacy there are no phases before belief.
    assert (row.detection_ns, row.candidacy_ns, row.votes_ns, row.first_service_ns) == (None, None, None, 4)


def test_a_crash_and_restart_at_one_instant_is_a_crash() -> None:
    """The belief is gone, though the node runs again at once."""
    assert rows(*crash(40, "a", 1), Started(40, "a", 1), *SUCCESSION) == [("crash", "a", 40, 17)]


def test_a_pause_of_the_leader_calls_for_another() -> None:
    """The paused one believes on, but does nothing."""
    assert rows(Paused(40, "a"), *SUCCESSION, Resumed(70, "a"), Followed(71, "a", 1, "higher epoch")) == [
        ("pause", "a", 40, 17)
    ]


def test_a_pause_that_ends_in_time_is_averted() -> None:
    """The leader wakes up, nobody else led, and it leads on: no election, but one averted."""
    events = [*SERVICE, Paused(40, "a"), Resumed(49, "a")]

    assert rows(*events[len(SERVICE) :]) == []
    assert calls(recorded(*events)).averted == 1


def test_a_leader_that_wakes_up_to_step_down_has_not_recovered() -> None:
    """Within the bound after its pause it meets a higher epoch: the pause is what took it."""
    late = [Campaigned(80, "b", 3), Led(81, "b", 3), Served(82, "b", 3)]

    assert rows(Paused(40, "a"), Resumed(60, "a"), Followed(60, "a", 1, "x"), *late) == [
        ("pause", "a", 40, 42)
    ]
    assert rows(Paused(40, "a"), Resumed(60, "a"), Followed(60 + BOUND - 1, "a", 1, "x"), *late) == [
        ("pause", "a", 40, 42)
    ]


def test_a_leader_that_led_on_for_the_bound_has_recovered() -> None:
    """It steps down later, for another reason: another election."""
    late = [Led(81, "b", 3), Served(82, "b", 3)]

    assert rows(Paused(40, "a"), Resumed(60, "a"), Followed(60 + BOUND, "a", 1, "x"), *late) == [
        ("unforced", "a", 65, 17)
    ]


def test_a_leader_cut_off_from_a_majority_calls_for_another() -> None:
    """One direction is enough: a leader that is not heard cannot commit."""
    mute = tuple(link for link in isolation("a") if link[0] == "a")

    assert rows(LinksCut(40, isolation("a")), *SUCCESSION) == [("partition", "a", 40, 17)]
    assert rows(LinksCut(40, mute), *SUCCESSION) == [("partition", "a", 40, 17)]


def test_a_leader_that_keeps_a_majority_is_not_cut_off() -> None:
    """It lost one follower of two."""
    assert rows(LinksCut(40, isolation("c"))) == []


def test_a_partition_that_heals_in_time_is_averted() -> None:
    """Nobody led meanwhile and the leader leads on."""
    assert rows(LinksCut(40, isolation("a")), LinksHealed(50, isolation("a"))) == []


def test_links_healed_and_cut_at_one_instant_were_never_whole() -> None:
    """A partition that moves on at 45 leaves the leader cut off since 40."""
    moved = [LinksHealed(45, isolation("a")), LinksCut(45, isolation("a"))]

    assert rows(LinksCut(40, isolation("a")), *moved, *SUCCESSION) == [("partition", "a", 40, 17)]


def test_a_fault_on_a_recovered_leader_begins_another_election() -> None:
    """Healed at 45, crashed at 48: it served in between, and the crash is what counts."""
    healed = [LinksCut(40, isolation("a")), LinksHealed(45, isolation("a"))]

    assert rows(*healed, LinksCut(48, isolation("a")), *SUCCESSION) == [("partition", "a", 48, 9)]


def test_a_leader_whose_followers_are_down_has_lost_its_quorum() -> None:
    """Not the leader was struck, but it can commit nothing; when one returns, it can."""
    down = [*crash(40, "b"), *crash(41, "c")]

    assert rows(*down, Started(45, "b", 1)) == []
    assert rows(*down, Followed(44, "a", 1, "no quorum"), Started(45, "b", 1), *SUCCESSION) == [
        ("quorum", "a", 41, 16)
    ]


def test_a_leader_that_falls_before_it_served_does_not_end_the_election() -> None:
    """b leads at 53 and crashes; c leads at 60 and serves: one row, belief by b, service by c."""
    events = [
        *crash(40, "a", 1), Started(45, "a", 1), Campaigned(50, "b", 2), Led(53, "b", 2), *crash(54, "b", 2),
        Campaigned(56, "a", 3), Campaigned(58, "c", 4), Led(60, "c", 4), Served(62, "c", 4),
    ]  # fmt: skip
    found = elections(recorded(*SERVICE, *events))

    assert len(found) == 2
    row = found[1]
    assert (row.new_leader, row.new_epoch, row.serving_leader, row.serving_epoch) == ("b", 2, "c", 4)
    assert (row.belief_ns, row.service_ns, row.first_service_ns) == (13, 22, 9)
    assert row.split_rounds == 1  # epoch 3


def test_a_leader_that_falls_before_it_served_at_the_end() -> None:
    """Belief was reached, service was not: it is censored there only."""
    row = elections(recorded(*SERVICE, *crash(40, "a", 1), Led(53, "b", 2), *crash(54, "b", 2)))[1]

    assert (row.belief_ns, row.service_ns, row.serving_leader, row.censored) == (13, None, None, False)


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
