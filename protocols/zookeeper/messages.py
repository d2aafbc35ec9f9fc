"""What travels over the streams between servers, and between servers and clients.

Names are those of ZooKeeper's packets (Leader.java, FastLeaderElection.java, zookeeper.jute).
"""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, message
from protocols.zookeeper.votes import Vote

COUNTER_BITS = 32


def zxid_of(epoch: int, counter: int) -> int:
    """Return the transaction id: the epoch in the high half, a counter in the low one."""
    return epoch << COUNTER_BITS | counter


def epoch_of(zxid: int) -> int:
    """Return the epoch in which a transaction was proposed."""
    return zxid >> COUNTER_BITS


# Election ------------------------------------------------------------------------------------------


@message
class Notification:
    """A server's vote, or, to one that looks for a leader, whom the sender follows."""

    vote: Vote
    round: int  # the sender's own logicalclock


# Leader and learners -------------------------------------------------------------------------------


@message
class FollowerInfo:
    """A follower connects: the newest epoch that it has promised to follow."""

    accepted_epoch: int


@message
class LeaderInfo:
    """The leader proposes its epoch."""

    epoch: int


@message
class AckEpoch:
    """The follower promises to follow no older epoch, and says what its history is."""

    current_epoch: int  # -1: it had promised that epoch before, and cannot do so twice
    last_zxid: int


@message
class Diff:
    """What the follower lacks."""

    entries: tuple[Entry, ...]


@message
class Trunc:
    """The follower must forget what came after this transaction."""

    zxid: int


@message
class Snap:
    """The whole state, in place of a history that is too far behind."""

    index: int
    zxid: int
    state: Any

    size_bytes = 10_000


@message
class NewLeader:
    """The follower has been sent the history of this epoch: to be made durable, then acknowledged."""

    zxid: int


@message
class UpToDate:
    """A quorum has acknowledged the epoch: serve clients; all up to this index is committed."""

    index: int


@message
class Proposal:
    """A transaction to be logged."""

    entry: Entry


@message
class Ack:
    """Everything up to this zxid is on the sender's disk."""

    zxid: int


@message
class Commit:
    """A quorum has logged it: apply it."""

    zxid: int


@message
class QuorumPing:
    """The leader is there; the answer carries the sessions that the follower heard from since the last."""

    sessions: tuple[tuple[int, int], ...] = ()  # session, timeout


@message
class Forward:
    """A follower hands a client's write, or its sync, to the leader."""

    session: int
    xid: int
    operation: tuple[Any, ...]


@message
class Synced:
    """The leader's answer to a sync: everything committed before it was sent has arrived before it."""

    session: int
    xid: int


@message
class Revalidate:
    """A client moved to this follower: does its session live?"""

    session: int
    timeout: int


@message
class Revalidated:
    """The leader's answer; the session's timer begins anew."""

    session: int
    valid: bool


# Clients -------------------------------------------------------------------------------------------


@message
class Connect:
    """A client wants a session, or goes on with one; it has seen the state after `last_zxid`."""

    session: int  # 0: a new one
    password: int  # of the session
    timeout: int
    last_zxid: int


@message
class Connected:
    """The session and the timeout that was granted; session 0: it has expired."""

    session: int
    password: int
    timeout: int


@message
class Call:
    """A client's operation: ("create", path, data, ephemeral, sequential), ("delete", path, version) ..."""

    xid: int
    operation: tuple[Any, ...]


@message
class Answer:
    """Its result, or an error; the state that it speaks of is the one after `zxid`."""

    xid: int
    zxid: int
    error: str  # "": none
    value: Any


@message
class WatchedEvent:
    """A watch came true: "created", "deleted", "changed" or "children", once."""

    kind: str
    path: str
    zxid: int


@message
class SetWatches:
    """After a reconnect: what the client still watches, and since when."""

    since_zxid: int
    data: tuple[str, ...]
    exist: tuple[str, ...]
    child: tuple[str, ...]


@message
class ClientPing:
    """The client is there."""


@message
class ClientPong:
    """And so is the server."""
