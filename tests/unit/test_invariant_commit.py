"""Leader Completeness, committed entries are immutable, and the commit index is monotone."""

from __future__ import annotations

import pytest

from protocols.api import Entry
from sim.invariants.committed_immutable import CommittedImmutable
from sim.invariants.leader_completeness import LeaderCompleteness
from sim.invariants.monotone_commit import MonotoneCommit
from sim.invariants.replay import Event, ListLog, Replay, replay

SERVERS = ("n1", "n2", "n3")
A1, B1, C1, D2 = Entry(1, "a"), Entry(1, "b"), Entry(1, "c"), Entry(2, "d")

COMMITTED: list[Event] = [
    ("led", "n1", 1),
    ("appended", "n1", 0, 0, (A1, B1)),
    ("appended", "n2", 0, 0, (A1, B1)),
    ("committed", "n1", 2, 1),
]


# Leader Completeness ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["led", "service_led"])
def test_leader_completeness_fires_on_a_leader_whose_log_is_too_short(kind: str) -> None:
    """An entry committed in a term is in the logs of the leaders of all higher terms (Raft Figure 3)."""
    events: list[Event] = [*COMMITTED, ("appended", "n3", 0, 0, (A1,)), (kind, "n3", 2)]

    expected = [
        (
            "leader_completeness",
            ("n3", "n1"),
            "n3 leads epoch 2 without index 2 (Entry(epoch=1, command='b'), committed in epoch 1 by n1): "
            "its log ends at index 1",
        )
    ]
    assert expected == replay((LeaderCompleteness,), SERVERS, events)


def test_leader_completeness_fires_on_a_leader_with_another_entry_there() -> None:
    """A longer log of an older term is not more up-to-date (Raft §5.4.1); what counts is the entries."""
    events: list[Event] = [
        *COMMITTED,
        ("appended", "n3", 0, 0, (A1, Entry(0, "x"), Entry(0, "y"))),
        ("led", "n3", 2),
    ]

    (violation,) = replay((LeaderCompleteness,), SERVERS, events)
    assert violation[2].endswith("by n1): it has Entry(epoch=0, command='x')")


def test_leader_completeness_stays_quiet_on_complete_logs_snapshots_and_uncommitted_entries() -> None:
    """A copy is as good, an entry in the snapshot is there, and what is not committed may be missing."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, B1, C1)),
        ("led", "n1", 1),
        ("committed", "n1", 2, 1),
        ("appended", "n2", 0, 0, (Entry(1, "a"), Entry(1, "b"))),
        ("led", "n2", 2),
        ("restored", "n3", 2, 1),
        ("led", "n3", 3),
    ]

    assert replay((LeaderCompleteness,), SERVERS, events) == []


def test_leader_completeness_says_nothing_about_leaders_of_the_same_or_a_lower_epoch() -> None:
    """Votes may be long on the way: who begins to lead late need not have what a newer leader commits."""
    events: list[Event] = [
        ("led", "n1", 5),
        ("appended", "n1", 0, 0, (A1,)),
        ("committed", "n1", 1, 5),
        ("led", "n2", 4),
        ("led", "n3", 5),
    ]

    assert replay((LeaderCompleteness,), SERVERS, events) == []


# Committed entries are immutable ----------------------------------------------------------------


def test_committed_immutable_fires_on_truncation_at_the_commit_index() -> None:
    """Committed entries are durable (Raft §5.3)."""
    events: list[Event] = [*COMMITTED, ("followed", "n1", "higher_term"), ("truncated", "n1", 2)]

    expected = [
        (
            "committed_immutable",
            ("n1",),
            "n1 truncated from index 2 on, but had committed up to 2",
        )
    ]
    assert expected == replay((CommittedImmutable,), SERVERS, events)


def test_committed_immutable_fires_on_truncation_of_what_a_snapshot_covered() -> None:
    """Only committed entries go into a snapshot (Raft §7)."""
    events: list[Event] = [("restored", "n1", 7, 1), ("truncated", "n1", 7)]

    assert len(replay((CommittedImmutable,), SERVERS, events)) == 1


@pytest.mark.parametrize("steps", [(2,), (1, 2)])
def test_committed_immutable_fires_on_another_entry_at_a_committed_index(steps: tuple[int, ...]) -> None:
    """One index has one committed entry, whether the commit index moves by one or by several."""
    events: list[Event] = [
        *COMMITTED,
        ("appended", "n3", 0, 0, (A1, C1)),
        *(("committed", "n3", index, 1) for index in steps),
    ]

    expected = [
        (
            "committed_immutable",
            ("n1", "n3"),
            "index 2: n1 committed Entry(epoch=1, command='b'), n3 committed Entry(epoch=1, command='c')",
        )
    ]
    assert expected == replay((CommittedImmutable,), SERVERS, events)


def test_committed_immutable_compares_all_that_a_jump_of_the_commit_index_commits() -> None:
    """Not only the newest entry, which may well be the right one."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, B1, D2)),
        ("appended", "n3", 0, 0, (A1, C1, D2)),
        ("committed", "n1", 3, 2),
        ("committed", "n3", 1, 2),
        ("committed", "n3", 3, 2),
    ]

    (violation,) = replay((CommittedImmutable,), SERVERS, events)
    assert violation[2].startswith("index 2: n1 committed Entry(epoch=1, command='b')")


def test_committed_immutable_looks_into_the_log_of_the_new_incarnation() -> None:
    """A disk that lied may give back another log than the one that the last incarnation had."""
    run = Replay((CommittedImmutable,), SERVERS)
    run.event("appended", "n1", 0, 0, (A1, B1))
    run.event("committed", "n1", 1, 1)
    run.event("committed", "n1", 2, 1)
    run.view.disks["n1"] = ListLog([C1, B1])

    run.event("crashed", "n1")
    run.event("started", "n1", 1)
    run.event("committed", "n1", 1, 1)

    assert [evidence[:8] for _, _, evidence in run.violations] == ["index 1:"]


def test_committed_immutable_leaves_out_what_is_in_a_snapshot() -> None:
    """What was compacted away can no longer be compared, nor does it become what was committed there."""
    run = Replay((CommittedImmutable,), SERVERS)
    run.event("appended", "n1", 0, 0, (A1, B1, C1, D2))
    run.event("appended", "n2", 0, 0, (A1, B1, C1, D2))
    run.view.logs["n2"] = ListLog([C1, D2], first_index=3)

    run.event("committed", "n2", 0, 2)
    run.event("committed", "n2", 1, 2)
    for index in (2, 4):
        run.event("committed", "n1", index, 2)
    run.event("committed", "n2", 4, 2)

    assert run.violations == []
    assert [entry for entry, _, _ in run.invariants[0].history.commits.items.values()] == [A1, B1, C1, D2]


def test_committed_immutable_stays_quiet_on_copies_restarts_and_truncation_above() -> None:
    """The commit index is volatile (Raft Figure 2): a restarted node commits the same entries again."""
    events: list[Event] = [
        *COMMITTED,
        ("appended", "n2", 2, 1, (C1,)),
        ("committed", "n2", 1, 1),
        ("committed", "n2", 2, 1),
        ("truncated", "n2", 3),
        ("crashed", "n1"),
        ("truncated", "n1", 2),
        ("appended", "n3", 0, 0, (Entry(1, "a"), Entry(1, "b"))),
        ("committed", "n3", 1, 1),
        ("committed", "n3", 2, 1),
        ("started", "n1", 1),
        ("appended", "n1", 1, 1, (B1,)),
        ("committed", "n1", 2, 2),
    ]

    assert replay((CommittedImmutable,), SERVERS, events) == []


# Monotone commit index --------------------------------------------------------------------------


def test_monotone_commit_fires_when_the_commit_index_goes_back() -> None:
    """The commit index increases monotonically (Raft Figure 2)."""
    events: list[Event] = [*COMMITTED, ("committed", "n1", 1, 1)]

    expected = [("monotone_commit", ("n1",), "n1 had committed up to index 2, and then up to 1")]
    assert expected == replay((MonotoneCommit,), SERVERS, events)


@pytest.mark.parametrize("first", [2, 3])
def test_monotone_commit_fires_on_a_commit_beyond_the_own_log(first: int) -> None:
    """commitIndex = min(leaderCommit, index of last new entry) (Raft Figure 2, receiver 5)."""
    events: list[Event] = [*COMMITTED[1:3], ("committed", "n1", first, 1), ("committed", "n1", 3, 1)]

    expected = [("monotone_commit", ("n1",), "n1 committed up to index 3, but its log ends at 2")]
    assert expected == replay((MonotoneCommit,), SERVERS, events)


def test_monotone_commit_stays_quiet_on_progress_restarts_and_snapshots() -> None:
    """A new incarnation begins at 0, or at its snapshot."""
    events: list[Event] = [
        *COMMITTED,
        ("committed", "n2", 1, 1),
        ("committed", "n2", 2, 1),
        ("crashed", "n2"),
        ("started", "n2", 1),
        ("committed", "n2", 1, 1),
        ("restored", "n3", 2, 1),
        ("appended", "n3", 2, 1, (C1,)),
        ("committed", "n3", 3, 2),
    ]

    assert replay((MonotoneCommit,), SERVERS, events) == []
