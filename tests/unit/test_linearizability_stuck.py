"""What cannot be put in order is named, and drawn."""

from __future__ import annotations

import pytest

from analysis.linearizability import Check, Stuck, check, draw
from tests.unit.linearizability_cases import history, op

WRITE, SEEN, STALE = op("write", 200, None, 0, 5), op("read", None, 200, 1, 2), op("read", None, 0, 3, 4)


def stuck(found: Check) -> Stuck:
    """Return where the history is stuck; it has to be."""
    assert found.stuck is not None
    return found.stuck


def test_stale_read_is_named_with_what_is_concurrent_to_it() -> None:
    """The write has been seen, so that the old value cannot be read afterwards."""
    found = stuck(check(history("register", WRITE, SEEN, STALE, initial=0)))

    assert found == Stuck(
        key=None, operation=STALE, concurrent=(WRITE,), prefix=(WRITE, SEEN), states=(200,), certain=True
    )


def test_first_return_without_an_order_is_named() -> None:
    """What comes after the point is not looked at, however wrong it is."""
    later = op("read", None, 99, 6, 7)
    found = stuck(check(history("register", WRITE, SEEN, STALE, later, initial=0)))

    assert found.operation == STALE


def test_doubtful_operations_count_as_concurrent_once_they_are_called() -> None:
    """Those that were called later could not have helped."""
    early = op("write", 3, None, 0, None, "pending")
    read = op("read", None, 7, 1, 2)
    late = op("write", 7, None, 3, None, "pending")
    found = stuck(check(history("register", early, read, late, initial=0)))

    assert (found.operation, found.concurrent, found.prefix) == (read, (early,), ())


def test_object_that_fails_is_named() -> None:
    """Only its own operations are part of the reason."""
    good = op("append", "a", None, 0, 9, key="good")
    append, get = op("append", "a", None, 0, 1, key="bad"), op("get", None, "", 2, 3, key="bad")
    found = stuck(check(history("kv-append", good, append, get)))

    assert (found.key, found.operation, found.concurrent, found.prefix) == ("bad", get, (), (append,))
    assert found.states == ("a",)


def test_search_that_looks_ahead_still_names_the_first_return() -> None:
    """Both gets are impossible after the put; that is certain at once, but the first return is at 3."""
    put = op("put", "x", None, 0, 1)
    append = op("append", "y", None, 2, 3)
    get = op("get", None, "zz", 2, 5)
    found = stuck(check(history("kv-append", put, append, get)))

    assert (found.operation, found.prefix, found.states) == (get, (put, append), ("xy",))


def test_overwritten_operation_has_its_place_in_the_order() -> None:
    """The first write is seen by nobody, but it completed: it stands before the one that overwrote it."""
    first, second = op("write", 1, None, 0, 4), op("write", 2, None, 1, 5)
    read, wrong = op("read", None, 2, 2, 3), op("read", None, 5, 6, 7)
    found = stuck(check(history("register", first, second, read, wrong, initial=0)))

    assert found.operation == wrong
    assert found.prefix == (first, second, read)


PICTURE = """\
no order explains: process 2, read -> 0 (3 to 4)
process 0  |========== write 200 ===========|
process 1   |- read -> 200 -|
process 2                    |# read -> 0 #|
before it the object may hold: 200
last of the longest order: write 200, read -> 200
"""


def test_picture_shows_intervals_and_marks_what_is_stuck() -> None:
    """One line per process; `#` cannot be put in order, `=` is concurrent to it, `-` could be."""
    operations = (
        op("write", 200, None, 0, 5, process=0),
        op("read", None, 200, 1, 2, process=1),
        op("read", None, 0, 3, 4, process=2),
    )

    assert draw(stuck(check(history("register", *operations, initial=0)))) == PICTURE


OPEN_PICTURE = """\
key "k": no order explains: process 1, get -> "z" (1 to 4)
process 0  |== append "a" -> ? ==>
process 1   |# get -> "z" #|
             |= get -> "" ==|
before it the object may hold: ""
"""


def test_picture_of_what_never_returned_and_of_a_process_that_overlaps_itself() -> None:
    """An open interval ends in an arrow; overlapping operations of one process get a line each."""
    operations = (
        op("append", "a", None, 0, None, "pending", process=0, key="k"),
        op("get", None, "z", 1, 4, process=1, key="k"),
        op("get", None, "", 2, 5, process=1, key="k"),
    )

    assert draw(stuck(check(history("kv-append", *operations)))) == OPEN_PICTURE


@pytest.mark.parametrize("before", [0, 1, 2])
def test_picture_shows_so_much_of_the_past(before: int) -> None:
    """The end of the order is drawn, the rest counted."""
    found = stuck(check(history("register", WRITE, SEEN, STALE, initial=0)))
    text = draw(found, before)

    assert text.count("read -> 200") == 2 * (before > 0)
    assert (f"{2 - before} before" in text) is (before < 2)
