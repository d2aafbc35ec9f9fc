"""The log and the storage of Raft, against a second version that is a dict."""

from __future__ import annotations

import pytest

from protocols.raft.log import Log
from protocols.raft.storage import Appended, HardState, RaftStorage, SnapshotTaken, Truncated
from tests.unit.raft_testing import entries, storage


def log(*terms: int) -> Log:
    """Return a log of entries of those terms."""
    return storage(*terms).log


def content(of: Log) -> dict[int, int]:
    """Return the terms by index, as `protocols.api.ReplicatedLog` shows them."""
    return {index: of.entry(index).epoch for index in range(of.first_index, of.last_index + 1)}


def test_an_empty_log_agrees_at_zero_only() -> None:
    """Index 0 and term 0 stand for the beginning, so that no rule needs a special case."""
    empty = Log()

    assert (empty.first_index, empty.last_index, empty.last_term) == (1, 0, 0)
    assert empty.has(0, 0)
    assert not empty.has(1, 0)
    assert empty.slice(1, 9) == ()


def test_append_and_truncate_move_the_end() -> None:
    """Last index and term are those of the last entry, also when nothing is left."""
    changing = log(1, 1, 2)
    assert (content(changing), changing.last_index, changing.last_term) == ({1: 1, 2: 1, 3: 2}, 3, 2)

    changing.truncate_from(3)
    assert (content(changing), changing.last_index, changing.last_term) == ({1: 1, 2: 1}, 2, 1)

    changing.truncate_from(1)
    assert (content(changing), changing.last_index, changing.last_term) == ({}, 0, 0)


def test_compaction_keeps_what_follows_the_snapshot() -> None:
    """The index and term of the snapshot still answer; older entries do not."""
    short = log(1, 1, 2, 3)
    short.compact(3, 2)

    assert (content(short), short.first_index, short.last_index, short.last_term) == ({4: 3}, 4, 4, 3)
    assert (short.has(3, 2), short.has(3, 1), short.has(4, 3), short.has(2, 1)) == (True, False, True, False)
    assert short.term_at(3) == 2
    with pytest.raises(IndexError, match="entry 3 is covered by the snapshot up to 3"):
        short.entry(3)
    with pytest.raises(IndexError):
        short.entry(5)


def test_truncating_right_after_the_snapshot_ends_with_the_snapshot() -> None:
    """The last term is the snapshot's then."""
    short = log(1, 2, 3)
    short.compact(2, 2)
    short.truncate_from(3)

    assert (short.last_index, short.last_term, short.first_index) == (2, 2, 3)


@pytest.mark.parametrize(("index", "term"), [(2, 2), (9, 3)])
def test_a_snapshot_with_which_the_log_disagrees_replaces_all_of_it(index: int, term: int) -> None:
    """Raft Figure 13, receiver 7: another term there, or nothing there at all."""
    other = log(1, 1, 1)
    other.compact(index, term)

    assert (content(other), other.last_index, other.last_term) == ({}, index, term)


def test_slices_are_cut_to_what_is_there() -> None:
    """On both sides: what is compacted, and what is not there yet."""
    short = log(1, 1, 2, 3)
    short.compact(2, 1)

    assert short.slice(1, 9) == entries(2, 3)
    assert short.slice(3, 3) == entries(2)
    assert short.slice(1, 2) == ()


def test_the_first_index_of_a_term_stops_at_the_snapshot() -> None:
    """Older entries of the term may be gone; the oldest one that is there is what counts."""
    full = log(1, 2, 2, 2, 3)
    assert [full.first_index_of_term_at(index) for index in (1, 2, 4, 5)] == [1, 2, 2, 5]

    full.compact(2, 2)
    assert full.first_index_of_term_at(4) == 3


def test_a_copy_is_independent() -> None:
    """Neither side sees what the other does afterwards."""
    first = log(1, 2)
    first.compact(1, 1)
    second = first.copy()
    first.append(entries(3))
    second.truncate_from(2)

    assert (content(first), content(second)) == ({2: 2, 3: 3}, {})
    assert (second.last_index, second.snapshot_index, second.snapshot_term) == (1, 1, 1)


def test_records_add_up_to_the_image() -> None:
    """In the order of saving: term and vote, entries, a truncation, a snapshot."""
    image = RaftStorage()
    for record in (
        HardState(1, "n1"),
        Appended(0, entries(1, 1, 1)),
        HardState(2, None),
        Truncated(3),
        Appended(2, entries(2, 2)),
        SnapshotTaken(2, 1, "state"),
    ):
        image.apply(record)

    assert (image.current_term, image.voted_for) == (2, None)
    assert content(image.log) == {3: 2, 4: 2}
    assert image.snapshot == SnapshotTaken(2, 1, "state")


def test_a_copy_of_the_image_is_independent() -> None:
    """A restarted process changes its copy; the disk changes with what is saved only."""
    image = storage(1, term=4, voted_for="n2")
    image.apply(SnapshotTaken(1, 1, "state"))
    copy = image.copy()
    copy.apply(Appended(1, entries(4)))
    copy.apply(HardState(5, None))

    assert (image.current_term, image.voted_for, image.log.last_index) == (4, "n2", 1)
    assert (copy.current_term, copy.voted_for, copy.log.last_index) == (5, None, 2)
    assert copy.snapshot == image.snapshot


def test_a_gap_in_the_log_is_our_own_bug() -> None:
    """Entries can only follow what is there; it shows when the log is looked at, at the latest."""

    def look_at_a_gap() -> Log:
        image = storage(1)
        image.apply(Appended(2, entries(1)))
        return image.log

    with pytest.raises(AssertionError, match="entries after 2 in a log that ends at 1"):
        look_at_a_gap()
