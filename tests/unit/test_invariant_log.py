"""The properties about logs: Leader Append-Only and Log Matching."""

from __future__ import annotations

import pytest

from protocols.api import Entry
from sim.invariants.leader_append_only import LeaderAppendOnly
from sim.invariants.log_matching import LogMatching
from sim.invariants.replay import Event, ListLog, Replay, replay

SERVERS = ("n1", "n2", "n3")
A1, B1, C1, D2, E2 = Entry(1, "a"), Entry(1, "b"), Entry(1, "c"), Entry(2, "d"), Entry(2, "e")


def test_leader_append_only_fires_when_a_leader_truncates() -> None:
    """A leader never deletes entries in its log (Raft §5.3)."""
    events: list[Event] = [("appended", "n1", 0, 0, (A1, B1)), ("led", "n1", 2), ("truncated", "n1", 2)]

    expected = [("leader_append_only", ("n1",), "n1, leader of epoch 2, truncated its log from index 2 on")]
    assert expected == replay((LeaderAppendOnly,), SERVERS, events)


def test_leader_append_only_fires_when_a_leader_overwrites() -> None:
    """A leader never overwrites entries in its log (Raft §5.3), not even with the entry of another one."""
    events: list[Event] = [
        ("appended", "n2", 0, 0, (A1, D2)),
        ("appended", "n1", 0, 0, (A1, B1)),
        ("led", "n1", 2),
        ("appended", "n1", 1, 1, (D2,)),
    ]

    expected = [
        (
            "leader_append_only",
            ("n1",),
            "n1, leader of epoch 2, overwrote its log, which ended at index 2, from index 2 on",
        )
    ]
    assert expected == replay((LeaderAppendOnly,), SERVERS, events)


def test_leader_append_only_knows_the_log_that_a_restarted_node_begins_with() -> None:
    """The first append of an incarnation is judged against what its disk had."""
    run = Replay((LeaderAppendOnly,), SERVERS)
    run.view.logs["n1"] = ListLog([A1, B1, C1])

    events: list[Event] = [("started", "n1", 1), ("led", "n1", 2), ("appended", "n1", 1, 1, (D2,))]
    for event in events:
        run.event(*event)

    assert len(run.violations) == 1


@pytest.mark.parametrize("end", [("followed", "n1", "higher_term"), ("crashed", "n1")])
def test_leader_append_only_stays_quiet_on_followers(end: Event) -> None:
    """A follower deletes what conflicts with its leader (Raft §5.3), and so may a former leader."""
    events: list[Event] = [
        ("started", "n1", 0),
        ("led", "n1", 1),
        ("appended", "n1", 0, 0, (A1,)),
        ("appended", "n1", 1, 1, (B1, C1)),
        end,
        ("truncated", "n1", 2),
        ("appended", "n1", 1, 1, (D2,)),
        ("led", "n1", 3),
        ("appended", "n1", 2, 2, (Entry(3, "f"),)),
    ]

    assert replay((LeaderAppendOnly,), SERVERS, events) == []


def test_leader_append_only_knows_what_truncations_and_snapshots_did_to_the_end() -> None:
    """A new leader appends where its log ends now, which is before where it ended once."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, B1, C1)),
        ("truncated", "n1", 2),
        ("led", "n1", 2),
        ("appended", "n1", 1, 1, (D2,)),
        ("appended", "n2", 0, 0, (A1, B1, C1)),
        ("truncated", "n2", 1),
        ("appended", "n2", 0, 0, (A1, B1)),
        ("restored", "n2", 1, 1),
        ("led", "n2", 3),
        ("appended", "n2", 1, 1, (Entry(3, "g"),)),
    ]

    assert replay((LeaderAppendOnly,), SERVERS, events) == []


def test_log_matching_fires_on_different_commands_at_one_index_and_epoch() -> None:
    """If two logs have an entry with the same index and term, they store the same command (Raft §5.3)."""
    events: list[Event] = [("appended", "n1", 0, 0, (A1, B1)), ("appended", "n2", 0, 0, (A1, C1))]

    expected = [
        ("log_matching", ("n1", "n2"), "index 2, epoch 1: 'b' after epoch 1 on n1, 'c' after epoch 1 on n2")
    ]
    assert expected == replay((LogMatching,), SERVERS, events)


def test_log_matching_fires_on_different_predecessors_of_the_same_entry() -> None:
    """If they have the same entry, the logs are identical in all preceding entries (Raft §5.3)."""
    events: list[Event] = [("appended", "n1", 0, 0, (A1, E2)), ("appended", "n2", 0, 0, (D2, E2))]

    expected = [
        ("log_matching", ("n1", "n2"), "index 2, epoch 2: 'e' after epoch 1 on n1, 'e' after epoch 2 on n2")
    ]
    assert expected == replay((LogMatching,), SERVERS, events)


def test_log_matching_fires_on_a_different_predecessor_that_was_appended_before() -> None:
    """The very entry that others have, at the end of the own log, after something else than they have."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, E2)),
        ("appended", "n2", 0, 0, (D2,)),
        ("appended", "n2", 1, 2, (E2,)),
    ]

    assert [nodes for _, nodes, _ in replay((LogMatching,), SERVERS, events)] == [("n1", "n2")]


def test_log_matching_fires_on_an_entry_that_was_put_after_another_one_than_claimed() -> None:
    """A follower refuses entries unless its log has the preceding one (Raft §5.3)."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (D2, E2)),
        ("appended", "n2", 0, 0, (A1,)),
        ("appended", "n2", 1, 2, (E2,)),
    ]

    expected = [("log_matching", ("n2",), "n2 appended after index 1 of epoch 2, but has epoch 1 there")]
    assert expected == replay((LogMatching,), SERVERS, events)


def test_log_matching_compares_with_entries_that_were_replaced_since() -> None:
    """An old leader's entry still stands for one command, after the servers went on without it."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, B1)),
        ("appended", "n2", 0, 0, (A1, D2)),
        ("truncated", "n1", 2),
        ("appended", "n1", 1, 1, (D2,)),
        ("appended", "n3", 0, 0, (A1, C1)),
    ]

    assert [nodes for _, nodes, _ in replay((LogMatching,), SERVERS, events)] == [("n1", "n3")]


def test_log_matching_reports_one_conflict_once() -> None:
    """What is wrong at one index and epoch is one finding, however many nodes have it."""
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1,)),
        ("appended", "n2", 0, 0, (B1,)),
        ("appended", "n3", 0, 0, (B1,)),
    ]

    assert len(replay((LogMatching,), SERVERS, events)) == 1


def test_log_matching_stays_quiet_on_copies_conflicts_and_restarts() -> None:
    """Equal entries are the same entry; different epochs at one index are legal until they are resolved."""
    copy = Entry(1, "a")
    events: list[Event] = [
        ("appended", "n1", 0, 0, (A1, B1)),
        ("appended", "n2", 0, 0, (copy,)),
        ("appended", "n2", 1, 1, (D2, E2)),
        ("truncated", "n1", 2),
        ("appended", "n1", 1, 1, (D2, E2)),
        ("appended", "n3", 0, 0, (A1, B1)),
        ("crashed", "n1"),
        ("started", "n1", 1),
        ("appended", "n1", 3, 2, (Entry(3, "f"),)),
        ("restored", "n3", 3, 2),
        ("appended", "n3", 3, 2, (Entry(3, "f"),)),
    ]

    assert replay((LogMatching,), SERVERS, events) == []
