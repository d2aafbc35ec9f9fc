"""Lanes show what each node was, in columns of equal time."""

from __future__ import annotations

import pytest

from sim.cli.screen.lanes import Scale, lanes, scale_of, violations
from sim.cli.screen.states import STATES
from sim.records import (
    Campaigned,
    Crashed,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    RunEnded,
    Started,
)
from tests.unit.cli_fakes import NODES, S, all_started, begun, leader_crash, violated


def drawn(records: list[Record], columns: int = 10) -> dict[str, str]:
    """Return the lane of each node in ASCII."""
    return {lane.node: lane.text(unicode=False) for lane in lanes(records, scale_of(records, columns))}


def ten_seconds(*events: Record) -> list[Record]:
    """Return a run of three nodes in which n1 leads from the start."""
    return [begun(), *all_started(), Led(0, "n1", 1), *events, RunEnded(10 * S, "duration")]


def test_each_column_is_one_tenth_of_the_run() -> None:
    """Of 10 s in 10 columns: n1 follows 1 s, campaigns 1 s, leads 3 s, and is down for 5 s."""
    assert drawn(leader_crash()) == {"n1": "-?###xxxxx", "n2": "------?###", "n3": "----------"}


def test_most_notable_state_of_a_column_is_shown() -> None:
    """Of 10 s in 5 columns: n1's first has a candidacy in it, its third a leader and a crash."""
    assert drawn(leader_crash(), 5) == {"n1": "?#xxx", "n2": "---?#", "n3": "-----"}


def test_what_lasts_a_nanosecond_is_seen_once() -> None:
    """A state of 1 ns at 4 s is in the column of [4 s, 5 s) and in no other."""
    records = ten_seconds(Paused(4 * S, "n2"), Resumed(4 * S + 1, "n2"))

    assert drawn(records)["n2"] == "----=-----"


def test_state_ends_before_the_column_that_it_ends_at() -> None:
    """A pause of [3 s, 5 s) fills two columns; the third begins when it is over."""
    records = ten_seconds(Paused(3 * S, "n2"), Resumed(5 * S, "n2"))

    assert drawn(records)["n2"] == "---==-----"


def cut(*pairs: str) -> list[tuple[str, str]]:
    """Return directed links: "1>2" is n1 to n2."""
    return [(f"n{source}", f"n{target}") for source, target in (pair.split(">") for pair in pairs)]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (cut("1>2", "2>1", "1>3", "3>1"), {"n1": "###%%%####", "n2": "----------", "n3": "----------"}),
        # A leader that can be heard by nobody, or hears nobody, is cut off too.
        (cut("1>2", "1>3"), {"n1": "###%%%####", "n2": "----------", "n3": "----------"}),
        (cut("2>1", "3>1"), {"n1": "###%%%####", "n2": "----------", "n3": "----------"}),
        # Two of three nodes are left to n1, n2 and n3 each, itself included.
        (cut("1>2", "2>1"), {"n1": "##########", "n2": "----------", "n3": "----------"}),
        (cut("1>2", "2>1", "2>3", "3>2"), {"n1": "##########", "n2": "---~~~----", "n3": "----------"}),
    ],
)
def test_cut_off_is_who_reaches_no_majority(links: list[tuple[str, str]], expected: dict[str, str]) -> None:
    """Links are cut from 3 s to 6 s; a majority is two of three, both ways."""
    records = ten_seconds(LinksCut(3 * S, tuple(links)), LinksHealed(6 * S, tuple(links)))

    assert drawn(records) == expected


def test_node_is_not_cut_off_since_its_peers_crashed() -> None:
    """Both followers are down: n1 has no quorum, but its links are whole."""
    records = ten_seconds(Crashed(3 * S, "n2", "", True), Crashed(3 * S, "n3", "", True))

    assert drawn(records) == {"n1": "##########", "n2": "---xxxxxxx", "n3": "---xxxxxxx"}


def test_node_that_did_not_start_yet_has_no_state() -> None:
    """Nothing is drawn before a node's first start, a cross between a crash and the next one."""
    records = [begun(), Started(2 * S, "n1", 0), Crashed(4 * S, "n1", "", True), Started(6 * S, "n1", 1)]

    assert drawn([*records, RunEnded(10 * S, "duration")]) == {
        "n1": "  --xx----",
        "n2": " " * 10,
        "n3": " " * 10,
    }


def test_candidate_gives_up_when_it_hears_of_a_leader() -> None:
    """A candidacy ends with a new leader, and leadership with stepping down."""
    records = ten_seconds(
        Campaigned(3 * S, "n2", 2), LeaderKnown(5 * S, "n2", "n1", 2), Followed(7 * S, "n1", 1, "higher term")
    )

    assert drawn(records) == {"n1": "#######---", "n2": "---??-----", "n3": "----------"}


def test_run_that_ended_early_fills_the_chart() -> None:
    """The run of 10 s was stopped at 4 s: 4 columns are a second each."""
    records = [begun(), *all_started(), Crashed(2 * S, "n1", "", True), RunEnded(4 * S, "stopped")]

    assert drawn(records, 4) == {"n1": "--xx", "n2": "----", "n3": "----"}


def test_unicode_and_plain_symbols_are_all_different() -> None:
    """Else two states could not be told apart without colour."""
    assert len({state.symbol for state in STATES}) == len(STATES)
    assert len({state.plain for state in STATES}) == len(STATES)
    assert all(state.plain.isascii() for state in STATES)


def test_servers_that_do_not_contend_have_lanes_too() -> None:
    """Contenders come first; a node in both roles has one lane."""
    first = begun()
    apart = type(first)(0, "toy", "lease", 7, 10 * S, ("n1", "n2"), ("n2", "s1"), (), (), S)

    assert [lane.node for lane in lanes([apart], Scale(10 * S, 4))] == ["n1", "n2", "s1"]


def test_violations_are_marked_once_per_column() -> None:
    """A violation at 8 s of 10 s is in column 8 of 10; two at once are one mark."""
    records = violated()
    twice = [*records[:-1], records[-2], records[-1]]

    assert violations(twice, scale_of(twice, 10)) == [8]


@pytest.mark.parametrize(
    ("at_ns", "column"), [(0, 0), (S - 1, 0), (S, 1), (9 * S, 9), (10 * S - 1, 9), (10 * S, 9)]
)
def test_end_of_the_run_is_in_the_last_column(at_ns: int, column: int) -> None:
    """Columns are half open, but for the last."""
    assert Scale(10 * S, 10).column(at_ns) == column


def test_run_without_length_has_a_chart() -> None:
    """A run that stopped at once divides by no zero."""
    assert drawn([begun(), RunEnded(0, "stopped")], 3) == dict.fromkeys(NODES, "   ")
