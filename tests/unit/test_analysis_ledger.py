"""Leaderships, split-brain incidents and their causes, on hand-made runs."""

from __future__ import annotations

from analysis.causes import causes_at
from analysis.incidents import LOST_STATE, Incident, incidents
from analysis.leaderships import Leadership, leaderships
from sim.records import (
    ClockChanged,
    EffectJudged,
    FaultEnded,
    Followed,
    Led,
    LinksCut,
    Paused,
    Record,
    Resumed,
    Stalled,
    Violated,
)
from tests.unit.test_analysis_runs import END, crash, fault, isolation, recorded


def test_leaderships_end_by_reason_crash_new_epoch_or_end() -> None:
    """In order of their beginning; a crash is named as one whatever was written before it."""
    records = recorded(
        Led(1, "a", 1), Followed(3, "a", 1, "higher epoch"), Led(4, "b", 2), Led(5, "b", 3),
        *crash(7, "b", 3), Led(8, "c", 4), *crash(9, "c"), Led(10, "a", 5),
    )  # fmt: skip

    assert leaderships(records) == [
        Leadership("a", 1, 1, 3, "higher epoch"),
        Leadership("b", 2, 4, 5, "new epoch"),
        Leadership("b", 3, 5, 7, "crash"),
        Leadership("c", 4, 8, 9, "crash"),
        Leadership("a", 5, 10, END, "end"),
    ]


def test_a_belief_is_frozen_while_paused() -> None:
    """The process may wake up in mid-step, so the pause ends no leadership."""
    records = recorded(Led(1, "a", 1), Paused(2, "a"), Resumed(8, "a"), Followed(9, "a", 1, "x"))

    assert leaderships(records) == [Leadership("a", 1, 1, 9, "x")]


def test_saying_twice_that_one_leads_is_one_leadership() -> None:
    """And falling twice ends nothing more."""
    records = recorded(Led(1, "a", 1), Led(2, "a", 1), Followed(3, "a", 1, "x"), Followed(4, "a", 1, "y"))

    assert leaderships(records) == [Leadership("a", 1, 1, 3, "x")]


def test_a_leadership_of_one_instant_has_length_zero() -> None:
    """Its epoch was won."""
    assert leaderships(recorded(Led(1, "a", 1), Followed(1, "a", 1, "x"))) == [Leadership("a", 1, 1, 1, "x")]


def test_a_leader_that_leaves_the_other_way_round_is_no_crash() -> None:
    """Only a Followed of the very instant of the crash belongs to it."""
    records = recorded(Led(1, "a", 1), Followed(3, "a", 1, "x"), *crash(4, "a"))

    assert leaderships(records) == [Leadership("a", 1, 1, 3, "x")]


def found(*events: Record) -> list[Incident]:
    """Return the incidents of a run."""
    return incidents(recorded(*events))


def test_dual_belief_is_the_maximal_interval_with_its_fault() -> None:
    """a leads epoch 1 and is cut off at 10, b leads epoch 2 at 20, a hears of it at 33."""
    events = [
        Led(1, "a", 1), fault(10, 1, "partition", "a"), LinksCut(10, isolation("a")), Led(20, "b", 2),
        FaultEnded(30, 1, "partition", ("a",)), Followed(33, "a", 1, "higher epoch"),
    ]  # fmt: skip

    assert found(*events) == [Incident("dual_belief", 20, 33, ("a", "b"), (1, 2), "partition (fault 1)")]


def test_dual_belief_with_changing_believers_is_one_incident() -> None:
    """There are two believers from 2 to 9, though not the same ones."""
    events = [
        Led(1, "a", 1), Led(2, "b", 2), Led(4, "c", 3), Followed(5, "a", 1, "x"), Followed(6, "b", 2, "x"),
        Led(6, "a", 4), Followed(9, "c", 3, "x"),
    ]  # fmt: skip

    assert found(*events) == [Incident("dual_belief", 2, 9, ("a", "b", "c", "a"), (1, 2, 3, 4), "b led")]


def test_leaders_that_take_turns_are_no_incident() -> None:
    """Neither with a gap, nor at one instant in either order, nor one that crashed."""
    events = [
        Led(1, "a", 1), Followed(2, "a", 1, "x"), Led(3, "b", 2), Led(5, "c", 3), Followed(5, "b", 2, "x"),
        *crash(8, "c", 3), Led(9, "a", 4),
    ]  # fmt: skip

    assert found(*events) == []


def test_a_paused_leader_believes_on() -> None:
    """It takes part in a dual belief from the moment another one leads."""
    events = [Led(1, "a", 1), Paused(2, "a"), Led(5, "b", 2), Resumed(8, "a"), Followed(8, "a", 1, "x")]

    assert found(*events) == [Incident("dual_belief", 5, 8, ("a", "b"), (1, 2), "b led")]


def test_same_epoch_is_an_incident_even_one_after_the_other() -> None:
    """One per epoch; two believers of the same epoch are no dual belief of different epochs."""
    apart = [Led(1, "a", 1), Followed(3, "a", 1, "x"), Led(5, "b", 1), Followed(9, "b", 1, "x")]
    at_once = [Led(1, "a", 1), Led(2, "b", 1), Led(3, "c", 1), Followed(4, "a", 1, "x"), *crash(7, "b", 1)]

    assert found(*apart) == [Incident("same_epoch", 5, 9, ("a", "b"), (1, 1), "b led")]
    assert found(*at_once) == [Incident("same_epoch", 2, END, ("a", "b", "c"), (1, 1, 1), "b led")]


def test_one_node_that_leads_an_epoch_twice_is_no_incident() -> None:
    """It is still one leader."""
    assert found(Led(1, "a", 1), Followed(3, "a", 1, "x"), Led(5, "a", 1)) == []


def test_dual_effect_is_an_accepted_effect_of_a_lower_epoch() -> None:
    """A rejected one is what fencing is for; one of the same epoch is in order."""
    events = [
        EffectJudged(3, "r", "a", 1, False, 2),
        EffectJudged(4, "r", "b", 2, True, 2),
        EffectJudged(5, "r", "a", 1, True, 2),
    ]

    assert found(*events) == [Incident("dual_effect", 5, 5, ("a",), (1,), "unknown", "r had seen epoch 2")]


def test_a_dual_effect_has_the_cause_of_the_dual_belief_before() -> None:
    """a was paused when b took over; when it is awake again it writes once under each of its epochs."""
    events = [
        Led(1, "a", 1), fault(10, 3, "pause", "a"), Paused(10, "a"), Led(15, "b", 2), Resumed(20, "a"),
        FaultEnded(20, 3, "pause", ("a",)), Followed(21, "a", 1, "x"),
        EffectJudged(25, "r", "a", 1, True, 2), EffectJudged(26, "r", "a", 0, True, 2),
    ]  # fmt: skip

    assert [(one.level, one.cause) for one in found(*events)] == [
        ("dual_belief", "pause (fault 3)"),
        ("dual_effect", "pause (fault 3)"),
        ("dual_effect", "unknown"),
    ]


def test_lost_state_is_a_violation_of_certain_properties() -> None:
    """Whatever was broken before; other properties are no lost state."""
    events = [
        Violated(at, name, ("a",), "gone", "lying fsync") for at, name in enumerate(sorted(LOST_STATE), 1)
    ]
    other = Violated(9, "election_safety", ("a", "b"), "epoch 3", "")

    assert [(one.level, one.from_ns, one.detail) for one in found(*events, other)] == [
        ("lost_state", 1, "acknowledged_lost: gone"),
        ("lost_state", 2, "committed_immutable: gone"),
        ("lost_state", 3, "leader_completeness: gone"),
        ("lost_state", 4, "log_matching: gone"),
        ("lost_state", 5, "state_machine_safety: gone"),
    ]


def test_causes_prefer_what_struck_then_what_is_on_then_events() -> None:
    """A fault of the instant, even one over at once; the latest still on; an event; nothing."""
    records = recorded(
        Led(1, "a", 1),
        fault(10, 0, "slow_disk", "b"), Paused(10, "a"),
        fault(20, 1, "clock_step", "c"), FaultEnded(20, 1, "clock_step", ("c",)),
        Followed(25, "a", 1, "x"),
        FaultEnded(30, 0, "slow_disk", ("b",)), Followed(30, "a", 1, "tired"),
        Stalled(45, "a", 1, 40),
        end=50,
    )  # fmt: skip

    assert causes_at(records, [0, 1, 10, 15, 20, 25, 30, 40, 60]) == [
        "start",
        "a led",
        "slow_disk (fault 0)",
        "slow_disk (fault 0)",
        "clock_step (fault 1)",
        "slow_disk (fault 0)",
        "a stepped down: tired",
        "unknown",
        "unknown",
    ]


def test_of_faults_that_overlap_the_one_applied_last_is_blamed() -> None:
    """A fault that is applied again comes last again; one that has ended is not blamed."""
    records = recorded(
        fault(10, 0, "flap", "a"), fault(11, 1, "slow_disk", "b"), fault(20, 0, "flap", "a"),
        FaultEnded(30, 0, "flap", ("a",)),
    )  # fmt: skip

    assert causes_at(records, [15, 25, 35]) == [
        "slow_disk (fault 1)",
        "flap (fault 0)",
        "slow_disk (fault 1)",
    ]


def test_a_leadership_of_one_instant_takes_part_in_no_dual_belief() -> None:
    """b led at 5 and no longer; a led all the time."""
    assert found(Led(1, "a", 1), Led(5, "b", 2), Followed(5, "b", 2, "x"), Led(6, "c", 3)) == [
        Incident("dual_belief", 6, END, ("a", "c"), (1, 3), "c led")
    ]


def test_faults_with_nothing_to_undo_are_over_at_once() -> None:
    """Neither a restart nor a heal nor a step of a clock is blamed for what comes later; a drift is."""
    records = recorded(
        fault(10, 0, "restart", "a"), fault(12, 1, "heal"), fault(14, 2, "clock", "b"),
        ClockChanged(14, "b", 9, 0.0), fault(16, 3, "clock", "c"), ClockChanged(16, "c", 0, 5.0),
    )  # fmt: skip

    assert causes_at(records, [10, 12, 14, 15, 16, 17]) == [
        "restart (fault 0)", "heal (fault 1)", "clock (fault 2)", "unknown", "clock (fault 3)",
        "clock (fault 3)",
    ]  # fmt: skip


def test_a_step_of_a_clock_ends_no_other_fault_on_it() -> None:
    """The clock of b drifts since 10; that it is stepped at 14 does not end the drift."""
    records = recorded(
        fault(10, 0, "clock", "b"), ClockChanged(10, "b", 0, 5.0),
        fault(14, 1, "clock", "b"), ClockChanged(14, "b", 9, 5.0),
    )  # fmt: skip

    assert causes_at(records, [15]) == ["clock (fault 0)"]


def test_of_two_faults_of_one_instant_the_last_is_blamed() -> None:
    """Even if neither lasts."""
    assert causes_at(recorded(fault(10, 0, "heal"), fault(10, 1, "restart", "a")), [10]) == [
        "restart (fault 1)"
    ]


def test_a_fault_may_be_on_several_times() -> None:
    """The crash of a ends; that of b, by the same fault, goes on."""
    records = recorded(
        fault(10, 0, "crash", "a"), fault(20, 0, "crash", "b"), FaultEnded(30, 0, "crash", ("a",))
    )

    assert causes_at(records, [35]) == ["crash (fault 0)"]
