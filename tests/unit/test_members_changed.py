"""Members that change: the milestone, who has a quorum then, and commitment by their majorities."""

from __future__ import annotations

from typing import Any

from analysis.world import World
from protocols.api import Entry
from sim.invariants.commit_on_quorum import CommitOnQuorum
from sim.invariants.replay import ListLog, Replay
from sim.records import MembersChanged, Started
from tests.unit.faults_testing import at, of, world

SERVERS = ("n1", "n2", "n3", "n4", "n5")
RAFT: dict[str, Any] = {"name": "raft", "nodes": 5, "voters": 3, "membership": "joint"}


def test_the_first_configuration_and_the_leaders_become_milestones() -> None:
    """Once each, although every server reports them."""
    change = {"at": "2s", "members": {"voters": "n4", "remove": "n1"}}
    cluster = at(world([{"at": "1ms", "campaign": "n2"}, change], protocol=RAFT), 3000)

    found = [(record.voters, record.outgoing) for record in of(cluster, MembersChanged)]
    old, new = ("n1", "n2", "n3"), ("n2", "n3", "n4")
    assert found == [(old, ()), (new, old), (new, ())]


def quorate(*running: str, changed: MembersChanged | None = None) -> list[str]:
    state = World(SERVERS)
    for node in running:
        state.apply(Started(0, node, 0))
    if changed is not None:
        state.apply(changed)
    return [node for node in SERVERS if state.has_quorum(node)]


def test_members_decide_who_has_a_quorum() -> None:
    """Three of five are none if two of them have no vote; and whoever has none does not lead."""
    three = MembersChanged(0, "n1", ("n1", "n2", "n3"), (), ("n4",))

    assert quorate("n1", "n4", "n5") == ["n1", "n4", "n5"]
    assert quorate("n1", "n4", "n5", changed=three) == []
    assert quorate("n1", "n2", "n4", changed=three) == ["n1", "n2"]


def test_jointly_a_majority_of_both_is_needed() -> None:
    """Raft §6."""
    joint = MembersChanged(0, "n1", ("n1", "n4", "n5"), ("n1", "n2", "n3"), ())

    assert quorate("n1", "n2", "n3", changed=joint) == []
    assert quorate("n1", "n2", "n4", changed=joint) == ["n1", "n2", "n4"]


def committed(*holders: str) -> list[Any]:
    """Let n1 commit an entry under a joint configuration; return the violations."""
    entry = Entry(1, "a")
    run = Replay((CommitOnQuorum,), SERVERS)
    run.view.disks = {node: ListLog([entry] if node in holders else []) for node in SERVERS}
    run.event("membership", "n1", ("n1", "n4", "n5"), ("n1", "n2", "n3"), ())
    run.event("led", "n1", 1)
    for node in holders:
        run.event("appended", node, 0, 0, (entry,))
    run.event("committed", "n1", 1, 1)
    return [evidence for _, _, evidence in run.violations]


def test_commit_on_quorum_counts_both_majorities() -> None:
    """Three of five, but only one of the new voters, is too few."""
    assert committed("n1", "n2", "n4") == []
    (evidence,) = committed("n1", "n2", "n3")
    assert "durable on 1 of 3: n1" in evidence
