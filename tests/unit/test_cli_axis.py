"""Above the lanes: when faults struck, and what time it was."""

from __future__ import annotations

import pytest

from sim.cli.screen.axis import fault_keys, fault_rows, spans, time_axis
from sim.cli.screen.lanes import Scale
from sim.records import FaultEnded, FaultStarted, Record
from tests.unit.cli_fakes import S

TEN = Scale(10 * S, 10)


def began(at_s: int, fault: int = 0, *targets: str, action: str = "crash", about: str = "") -> FaultStarted:
    """Return a fault that began."""
    return FaultStarted(at_s * S, fault, action, targets or ("n1",), about)


def ended(at_s: int, fault: int = 0, *targets: str, action: str = "crash") -> FaultEnded:
    """Return a fault that was undone."""
    return FaultEnded(at_s * S, fault, action, targets or ("n1",))


def rows(*records: Record) -> list[str]:
    """Return the rows of faults in 10 columns, a second each."""
    return [row.rstrip() for row in fault_rows(spans(records), TEN, "-")]


def test_fault_is_drawn_as_long_as_it_lasts() -> None:
    """From 2 s to 5 s are the columns 2, 3 and 4; a fault that nothing undoes is a letter."""
    assert rows(began(2), ended(5), began(8, 1)) == ["  a--   b"]


def test_faults_at_the_same_time_have_rows_of_their_own() -> None:
    """b begins while a lasts; c begins after a, so that the first row is free again."""
    assert rows(began(1), began(2, 1), ended(4), ended(6, 1), began(5, 2)) == [" a-- c", "  b---"]


def test_no_fault_has_no_row() -> None:
    """A run without faults needs no line for them."""
    assert rows() == []


def test_end_belongs_to_the_fault_with_the_same_targets() -> None:
    """A periodic fault strikes n1 and n2; that of n2 ends first."""
    found = spans([began(1, 0, "n1"), began(2, 0, "n2"), ended(3, 0, "n2"), ended(9, 0, "n1")])

    assert [(span.at_ns // S, (span.until_ns or 0) // S) for span in found] == [(1, 9), (2, 3)]


def test_first_strike_ends_first() -> None:
    """A fault that strikes the same node again before it was undone."""
    found = spans([began(1), began(2), ended(3), ended(9)])

    assert [(span.at_ns // S, (span.until_ns or 0) // S) for span in found] == [(1, 3), (2, 9)]


def test_key_says_when_for_how_long_and_what() -> None:
    """One line per fault of the scenario, with its text if it has one."""
    records = [began(1, 1, "n2", action="pause", about="GC"), ended(3, 1, "n2"), began(4, 0, "n1", "n3")]

    assert fault_keys(spans(records)) == ["a  at 4s: crash n1, n3", "b  at 1s for 2s: pause n2 (GC)"]


def test_key_of_a_repeated_fault_counts_it() -> None:
    """A line per strike would fill the screen."""
    assert fault_keys(spans([began(1), began(3), began(5)])) == ["a  3 times, first at 1s: crash n1"]


def test_keys_of_many_faults_are_cut() -> None:
    """Twelve lines, and how many more there are."""
    keys = fault_keys(spans([began(1, number) for number in range(15)]))

    assert (len(keys), keys[-1]) == (13, "and 3 more faults")


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        # Labels are three wide with their bar; with a blank, 4 columns: 4 s, so the next round step is 5 s.
        (Scale(10 * S, 10), "|0s  |5s"),
        (Scale(10 * S, 30), "|0s   |2s   |4s   |6s   |8s"),
        (Scale(30_000_000, 30), "|0s       |10ms     |20ms"),
        (Scale(0, 5), "|0s"),
    ],
)
def test_axis_has_round_times_that_do_not_touch(scale: Scale, expected: str) -> None:
    """Each bar stands in the column of its time."""
    assert time_axis(scale) == expected
