"""The order of votes, and which of them count together (FastLeaderElection.java, Vote.java)."""

from __future__ import annotations

from itertools import product

from protocols.zookeeper.votes import FOLLOWING, LEADING, LOOKING, Vote, agrees, beats, supporters


def test_the_order_is_epoch_then_zxid_then_server() -> None:
    """totalOrderPredicate: each part decides only between equals in those before it."""
    old = Vote(leader=2, zxid=10, peer_epoch=5, election_epoch=1)

    assert beats(Vote(1, 0, 6, 1), old)
    assert beats(Vote(1, 11, 5, 1), old)
    assert beats(Vote(3, 10, 5, 1), old)
    assert not beats(Vote(9, 99, 4, 1), old)
    assert not beats(old, old)


def test_the_order_is_total() -> None:
    """Of two candidates exactly one is better, and better than better is better (ZOOKEEPER-1419)."""
    votes = [Vote(leader, zxid, epoch, 1) for leader, zxid, epoch in product((1, 2, 3), (0, 7), (1, 2))]
    for one, other in product(votes, votes):
        assert beats(one, other) + beats(other, one) == (one != other)
    for one, two, three in product(votes, votes, votes):
        assert beats(one, three) or not (beats(one, two) and beats(two, three))


def test_votes_of_those_who_look_agree_only_in_one_round() -> None:
    """Vote.equals: leader, zxid, round and epoch."""
    vote = Vote(2, 10, 5, 1)

    assert agrees(Vote(2, 10, 5, 1), vote)
    assert not agrees(Vote(2, 10, 5, 2), vote)
    assert not agrees(Vote(2, 9, 5, 1), vote)
    assert not agrees(Vote(1, 10, 5, 1), vote)


def test_votes_of_those_who_have_a_leader_agree_across_rounds() -> None:
    """A server that joined later has another round and an older zxid in its vote (ZOOKEEPER-1805)."""
    assert agrees(Vote(2, 10, 5, 1, FOLLOWING), Vote(2, 0, 5, 3, LEADING))
    assert not agrees(Vote(2, 10, 5, 1, FOLLOWING), Vote(2, 10, 6, 1, LEADING))
    assert not agrees(Vote(2, 10, 5, 1, FOLLOWING), Vote(2, 0, 5, 1, LOOKING))


def test_supporters_are_counted() -> None:
    """As the tracker of a quorum does."""
    vote = Vote(2, 10, 5, 1)

    assert supporters([vote, Vote(2, 10, 5, 1), Vote(3, 10, 5, 1)], vote) == 2
