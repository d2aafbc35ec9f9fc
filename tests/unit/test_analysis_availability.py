"""Who was served when: the three views and their outages, on hand-made runs."""

from __future__ import annotations

from analysis.availability import Outage, outages, overlaps_ns, timeline, total_ns
from sim.records import (
    FaultEnded,
    Followed,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    Served,
    Stalled,
    Started,
)
from sim.tally import OperationTally
from tests.unit.test_analysis_runs import BOUND, END, crash, fault, isolation, recorded

SERVICE: list[Record] = [Led(5, "a", 1), Served(8, "a", 1)]


def gaps(*events: Record) -> list[tuple[int, int]]:
    """Return when the system was missing after a came into service at 8."""
    first, *others = timeline(recorded(*SERVICE, *events)).system_gaps
    assert first == (0, 8)
    return others


def test_service_begins_with_the_first_commit_and_leadership_with_belief() -> None:
    """And what is up at the end has no outage there."""
    line = timeline(recorded(*SERVICE))

    assert (line.system_gaps, line.leadership_gaps, line.quorum) == (((0, 8),), ((0, 5),), ((0, END),))


def test_a_run_without_a_leader_is_one_outage() -> None:
    """From its start to its end, in both views."""
    line = timeline(recorded())

    assert (line.system_gaps, line.leadership_gaps) == (((0, END),), ((0, END),))


def test_a_new_epoch_has_to_serve_first() -> None:
    """Having served in an epoch before does not help."""
    assert gaps(Led(20, "a", 2), Served(23, "a", 2)) == [(20, 23)]


def test_crash_pause_and_partition_of_the_leader_end_service() -> None:
    """Until the leader is back, or another serves."""
    successor = [Led(25, "b", 2), Served(27, "b", 2)]

    assert gaps(*crash(20, "a", 1), *successor) == [(20, 27)]
    assert gaps(Paused(20, "a"), Resumed(24, "a")) == [(20, 24)]
    assert gaps(LinksCut(20, isolation("a")), LinksHealed(24, isolation("a"))) == [(20, 24)]
    assert gaps(LinksCut(20, isolation("a")), *successor, LinksHealed(40, isolation("a"))) == [(20, 27)]


def test_a_paused_believer_is_no_leadership() -> None:
    """The view is about somebody who could act."""
    line = timeline(recorded(*SERVICE, Paused(20, "a"), Resumed(24, "a")))

    assert line.leadership_gaps == ((0, 5), (20, 24))


def test_a_leader_without_a_majority_of_running_servers_does_not_serve() -> None:
    """It leads, but nothing commits; and no quorum exists anywhere."""
    line = timeline(recorded(*SERVICE, *crash(20, "b"), *crash(21, "c"), Started(30, "c", 1)))

    assert line.system_gaps == ((0, 8), (21, 30))
    assert line.leadership_gaps == ((0, 5),)
    assert line.quorum == ((0, 21), (30, END))


def test_a_stall_counts_from_when_the_command_was_issued() -> None:
    """Two overlapping stalls are one outage."""
    assert gaps(Stalled(30, "a", 1, 22)) == [(22, 30)]
    assert gaps(Stalled(30, "a", 1, 22), Stalled(34, "a", 1, 28)) == [(22, 34)]


def test_a_stall_counts_against_its_leader_only() -> None:
    """a, cut off, hangs on a command while b serves."""
    events = [LinksCut(20, isolation("a")), Led(25, "b", 2), Served(27, "b", 2), Stalled(END, "a", 1, 21)]

    assert gaps(*events) == [(20, 27)]


def test_what_is_over_within_an_instant_takes_no_time() -> None:
    """A hand-over and a healed-and-cut link at one instant."""
    assert gaps(Followed(20, "a", 1, "x"), Led(20, "b", 2), Served(20, "b", 2)) == []
    assert gaps(LinksCut(20, isolation("a")), LinksHealed(20, isolation("a"))) == []


def test_a_leader_that_is_no_server_needs_a_resource_and_nobody_else() -> None:
    """x holds a lease: cut off from every server it serves on, but not when it reaches no resource."""
    events = [
        Led(5, "x", 1),
        Served(8, "x", 1),
        LinksCut(20, isolation("x", "abc")),
        LinksCut(30, isolation("x", "r")),
        LinksHealed(40, isolation("x", "r")),
        *crash(50, "r"),
    ]

    def missing(*resources: str) -> tuple[tuple[int, int], ...]:
        return timeline(recorded(*events, contenders=("x",), resources=resources)).system_gaps

    assert missing() == ((0, 8),)
    assert missing("r") == ((0, 8), (30, 40), (50, END))


def test_a_contender_could_lead_while_it_reaches_a_service_with_a_quorum() -> None:
    """x reaches one server of three, which has a quorum until c is gone too; independent ones do not do."""
    events = [LinksCut(20, isolation("x", "bc")), *crash(30, "b"), *crash(40, "c"), Paused(50, "x")]

    def quorum(independent: bool) -> tuple[tuple[int, int], ...]:
        return timeline(recorded(*events, contenders=("x",), independent=independent)).quorum

    assert quorum(independent=False) == ((0, 40),)
    assert quorum(independent=True) == ((0, 20),)


def test_outages_with_their_justified_part_and_cause() -> None:
    """a crashes at 20; b, c could lead; c is down from 30 to 40 and no quorum is left; b serves at 50."""
    records = recorded(
        *SERVICE, fault(20, 0, "crash", "a"), *crash(20, "a", 1), *crash(30, "c"), Started(40, "c", 1),
        Led(46, "b", 2), Served(50, "b", 2),
    )  # fmt: skip

    assert outages(records, OperationTally(BOUND)) == [
        Outage("system", 0, 8, 0, 8, "start"),
        Outage("system", 20, 50, 10, 20, "crash (fault 0)"),
        Outage("leadership", 0, 5, 0, 5, "start"),
        Outage("leadership", 20, 46, 10, 16, "crash (fault 0)"),
    ]


def test_client_outages_have_the_cause_of_the_system_outage() -> None:
    """The command that fails was invoked before the crash that it met; another fault was on before."""
    tally = OperationTally(BOUND)
    for invoked, completed, outcome in [(10, 11, "ok"), (19, 29, "info"), (52, 53, "ok"), (70, 71, "fail")]:
        tally.completed(tally.invoked(invoked), completed, outcome)
    tally.finish(END)
    records = recorded(
        *SERVICE,
        fault(15, 1, "slow", "c"),
        fault(20, 0, "crash", "a"),
        *crash(20, "a", 1),
        Led(46, "b", 2),
        Served(50, "b", 2),
    )

    assert [outage for outage in outages(records, tally) if outage.view == "client"] == [
        Outage("client", 19, 52, 0, 33, "crash (fault 0)"),
        Outage("client", 70, END, 0, 30, "crash (fault 0)"),
    ]


def test_a_client_outage_after_a_system_outage_has_its_own_cause() -> None:
    """The system served again at 27, when the command that failed was invoked; a slow disk was on."""
    tally = OperationTally(BOUND)
    tally.completed(tally.invoked(27), 39, "ok")
    tally.finish(END)
    records = recorded(
        *SERVICE, fault(20, 0, "pause", "a"), Paused(20, "a"), Resumed(27, "a"),
        FaultEnded(27, 0, "pause", ("a",)), fault(27, 1, "slow_disk", "a"),
    )  # fmt: skip

    assert outages(records, tally)[-1] == Outage("client", 27, END, 0, END - 27, "slow_disk (fault 1)")


def test_an_outage_that_began_with_a_command_under_way_is_due_to_the_fault_that_struck_then() -> None:
    """The command of 19 hangs since a hears no answers from 20 on; that of 50 just hangs."""
    deaf = [fault(20, 4, "isolate", "a"), FaultEnded(39, 4, "isolate", ("a",))]
    records = recorded(
        *SERVICE, *deaf, Stalled(40, "a", 1, 19), Stalled(60, "a", 1, 50), fault(60, 5, "flap", "a")
    )

    assert [
        (o.from_ns, o.to_ns, o.cause) for o in outages(records, OperationTally(BOUND)) if o.view == "system"
    ] == [
        (0, 8, "start"),
        (19, 40, "isolate (fault 4)"),
        (50, 60, "stall"),
    ]


def test_interval_arithmetic() -> None:
    """Overlaps of each gap with several intervals; ends that touch do not overlap."""
    assert overlaps_ns([(0, 10), (10, 20), (30, 40)], [(2, 4), (6, 12), (15, 35), (40, 50)]) == [6, 7, 5]
    assert overlaps_ns([(0, 10)], []) == [0]
    assert total_ns([(0, 3), (5, 9)]) == 7
