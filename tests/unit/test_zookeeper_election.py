"""Fast leader election, one server at a time (FastLeaderElection.java, lookForLeader)."""

from __future__ import annotations

import pytest

from protocols.recording import TimerSet
from protocols.zookeeper.election import FastLeaderElection
from protocols.zookeeper.parameters import MS
from protocols.zookeeper.votes import FOLLOWING, LEADING, Vote
from tests.unit.zookeeper_election_mutants import MISTAKES, Looking


def own(number: int = 1) -> Vote:
    return Vote(2, 10, 5, number)


def test_a_server_begins_with_its_own_vote_in_a_new_round() -> None:
    """lookForLeader: logicalclock is incremented, the proposal is the own id, zxid and epoch."""
    server = Looking()

    assert server.take() == [(1, own()), (3, own())]
    assert server.election.round == 1


def test_a_better_vote_is_adopted_and_told() -> None:
    """Equal rounds, totalOrderPredicate true: updateProposal and sendNotifications."""
    server = Looking()
    server.take()
    server.hear(3, Vote(3, 10, 5, 1))

    assert server.take() == [(1, Vote(3, 10, 5, 1)), (3, Vote(3, 10, 5, 1))]


def test_a_worse_vote_is_counted_and_not_answered() -> None:
    """It is put into recvset all the same."""
    server = Looking()
    server.take()
    server.hear(1, Vote(1, 10, 5, 1))

    assert server.take() == []
    assert server.election.received[1] == Vote(1, 10, 5, 1)


def test_with_a_quorum_the_server_waits_for_a_better_vote() -> None:
    """finalizeWait: 200 ms; what is not better only makes it wait again."""
    server = Looking()
    server.hear(1, own())
    assert server.elected == []
    assert server.host.timers["finalize"].after_ns == 200 * MS
    server.host.take()
    server.hear(3, Vote(1, 10, 5, 1))
    assert server.host.take() == [TimerSet("finalize", 200 * MS)]
    server.fire("finalize")

    assert server.elected == [own()]


def test_a_better_vote_opens_the_election_again() -> None:
    """It is put back and looked at: no quorum any more, no result (ZOOKEEPER-3109)."""
    server = Looking(voters=5)
    server.hear(1, own())
    server.hear(4, own())
    assert server.host.timers["finalize"].after_ns == 200 * MS
    server.hear(3, Vote(3, 11, 5, 1))

    assert server.host.timers["finalize"].after_ns is None
    assert server.election.proposal == Vote(3, 11, 5, 1)
    server.hear(1, Vote(3, 11, 5, 1))
    server.fire("finalize")
    assert server.elected == [Vote(3, 11, 5, 1)]


def test_an_older_round_is_ignored() -> None:
    """n.electionEpoch < logicalclock: break."""
    server = Looking()
    server.election.round = 4
    server.take()
    server.hear(3, Vote(3, 99, 9, 3), 3)

    assert server.take() == []
    assert 3 not in server.election.received


def test_a_newer_round_is_entered_with_the_better_of_both_votes() -> None:
    """logicalclock is set, recvset cleared; the vote is compared with the initial one, not the proposal."""
    server = Looking(voters=5)
    server.hear(1, own())
    server.hear(3, Vote(3, 9, 5, 7), 7)

    assert server.election.round == 7
    assert server.election.proposal == own(7)
    assert 1 not in server.election.received


def test_a_quorum_alone_is_not_an_ensemble_to_join() -> None:
    """checkLeader: the leader itself must say that it leads (and ZOOKEEPER-1514: in its own round)."""
    server = Looking(voters=5)
    server.hear(1, Vote(5, 10, 6, 3, FOLLOWING), 3)
    server.hear(3, Vote(5, 10, 6, 3, FOLLOWING), 3)
    server.hear(4, Vote(5, 10, 6, 3, FOLLOWING), 3)
    assert server.elected == []
    server.hear(5, Vote(5, 10, 6, 3, LEADING), 3)

    assert server.elected == [Vote(5, 10, 6, 3, LEADING)]
    assert server.election.round == 3


def test_an_ensemble_takes_me_for_its_leader_only_in_my_round() -> None:
    """checkLeader: leader == self and logicalclock == electionEpoch."""
    server = Looking()
    server.hear(1, Vote(2, 10, 5, 9, FOLLOWING), 9)
    server.hear(3, Vote(2, 10, 5, 9, FOLLOWING), 9)

    assert server.elected == []


def test_silence_is_answered_by_repetition_with_growing_pauses() -> None:
    """notTimeout doubles from 200 ms to 60 s (ZOOKEEPER-3756: without end it never settled)."""
    server = Looking()
    waits = []
    for _ in range(12):
        server.take()
        waits.append(server.host.timers["notification"].after_ns)
        server.fire("notification")
        assert len(server.take()) == 2

    assert waits[:4] == [200 * MS, 400 * MS, 800 * MS, 1600 * MS]
    assert waits[-1] == 60_000 * MS


def test_a_server_alone_elects_itself() -> None:
    """It is a quorum."""
    server = Looking(voters=1)
    server.fire("finalize")
    # Its number is 2 here, which is all the same to it.
    assert server.elected == [own()]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_from_the_right_election(name: str) -> None:
    """The same play ends differently."""
    mistake = MISTAKES[name]

    assert mistake.play(mistake.wrong) == mistake.of_wrong
    assert mistake.play(FastLeaderElection) == mistake.of_right
