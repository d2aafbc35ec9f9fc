"""Votes of fast leader election, and their order: pure functions (FastLeaderElection.java, Vote.java)."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.api import message

LOOKING, FOLLOWING, LEADING = 0, 1, 2
"""What a server is doing (QuorumPeer.ServerState), as it stands in notifications."""


@message
class Vote:
    """Who should lead, and why: the newest history wins (epoch, then zxid), then the highest server id."""

    leader: int  # a server's number, from 1
    zxid: int
    peer_epoch: int  # the epoch of the leader that the history is from
    election_epoch: int  # the round of elections that it belongs to (logicalclock)
    state: int = LOOKING


def beats(new: Vote, old: Vote) -> bool:
    """Return whether `new` is the better vote (totalOrderPredicate)."""
    return (new.peer_epoch, new.zxid, new.leader) > (old.peer_epoch, old.zxid, old.leader)


def agrees(vote: Vote, other: Vote) -> bool:
    """Return whether two votes count for the same leader (Vote.equals).

    Of servers that have a leader only the leader and its epoch must be the same: they may have learned
    of it in different rounds, and the zxid in their vote may be old (ZOOKEEPER-1732, ZOOKEEPER-1805).
    """
    if vote.leader != other.leader or vote.peer_epoch != other.peer_epoch:
        return False
    if LOOKING in (vote.state, other.state):
        return vote.zxid == other.zxid and vote.election_epoch == other.election_epoch
    return True


def supporters(votes: Iterable[Vote], vote: Vote) -> int:
    """Return how many of `votes` are for `vote`."""
    return sum(agrees(each, vote) for each in votes)
