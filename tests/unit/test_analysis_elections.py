"""How long there was no leader: each rule of `analysis.calls` and `analysis.elections` on a small run."""

from __future__ import annotations

from analysis.calls import calls
from analysis.elections import Election, elections
from sim.records import (
    Answered,
    Campaigned,
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
from tests.unit.test_analysis_runs import BOUND, END, crash, isolation, recorded

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
            end_ns=END, first_candidacy_ns=4, winning_candidacy_ns=4,
                last_round_began_ns=4, split_rounds=0,
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
