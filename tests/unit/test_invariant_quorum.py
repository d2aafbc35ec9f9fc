"""Commitment needs a durable quorum."""

from __future__ import annotations

import pytest

from protocols.api import Entry
from sim.invariants.commit_on_quorum import CommitOnQuorum
from sim.invariants.replay import Event, ListLog, Replay, replay

SERVERS = ("n1", "n2", "n3")
A1, B1 = Entry(1, "a"), Entry(1, "b")


def test_commit_on_quorum_fires_when_only_the_leader_has_the_entry() -> None:
    """An entry is committed once the leader has replicated it on a majority of the servers (Raft §5.3)."""
    events: list[Event] = [
        ("led", "n1", 1),
        ("appended", "n1", 0, 0, (A1,)),
        ("appended", "n2", 0, 0, (B1,)),
        ("committed", "n1", 1, 1),
    ]

    expected = [
        (
            "commit_on_quorum",
            ("n1",),
            "n1, leader of epoch 1, committed index 1 (Entry(epoch=1, command='a')), durable on 1 of 3: n1",
        )
    ]
    assert expected == replay((CommitOnQuorum,), SERVERS, events)


@pytest.mark.parametrize("index", [1, 2])
def test_commit_on_quorum_fires_when_followers_answered_before_the_fsync(index: int) -> None:
    """Servers update stable storage before they respond (Raft Figure 2); memory does not count."""
    run = Replay((CommitOnQuorum,), SERVERS)
    run.view.disks = {"n1": ListLog([A1, B1]), "n2": ListLog([A1]), "n3": ListLog()}
    run.view.disks["n2"].cut(index)

    for server in SERVERS:
        run.event("appended", server, 0, 0, (A1, B1))
    run.event("led", "n1", 1)
    run.event("committed", "n1", index, 1)

    assert [nodes for _, nodes, _ in run.violations] == [("n1",)]


def test_commit_on_quorum_watches_every_commit_of_a_leader() -> None:
    """The commits that are in order in every other respect, too."""
    run = Replay((CommitOnQuorum,), SERVERS)
    for server in SERVERS:
        run.event("appended", server, 0, 0, (A1, B1))
    run.event("led", "n1", 1)
    run.event("committed", "n1", 1, 1)

    run.view.disks = {"n2": ListLog([A1]), "n3": ListLog([A1])}
    run.event("committed", "n2", 2, 1)
    run.event("committed", "n1", 2, 1)

    assert [evidence for _, _, evidence in run.violations] == [
        "n1, leader of epoch 1, committed index 2 (Entry(epoch=1, command='b')), durable on 1 of 3: n1"
    ]


def test_commit_on_quorum_stays_quiet_without_the_leader_s_own_disk_and_with_snapshots() -> None:
    """The leader writes in parallel with its followers and may commit first (Dissertation §10.2.1)."""
    run = Replay((CommitOnQuorum,), SERVERS)
    run.view.disks = {"n1": ListLog(), "n2": ListLog([Entry(1, "a")]), "n3": ListLog([], first_index=2)}

    run.event("led", "n1", 1)
    run.event("appended", "n1", 0, 0, (A1,))
    run.event("committed", "n1", 1, 1)

    assert run.violations == []


@pytest.mark.parametrize(
    "end", [("followed", "n1", "higher_term"), ("crashed", "n1"), ("committed", "n2", 0, 1)]
)
def test_commit_on_quorum_says_nothing_about_followers(end: Event) -> None:
    """A follower repeats what its leader decided, perhaps after the leader's entry moved on."""
    events: list[Event] = [
        ("led", "n1", 1),
        end,
        ("appended", "n2", 0, 0, (A1,)),
        ("committed", "n2", 1, 1),
    ]

    assert replay((CommitOnQuorum,), SERVERS, events) == []
