"""The messages of Raft Figure 2 and Figure 13.

The sender comes with the delivery of a message, so that Figure 2's leaderId is not a field. Sizes
are estimates for links with a bandwidth: a frame with its numbers, and what clients put into it.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, NodeId, Request, message

HEADER_BYTES = 64
NUMBER_BYTES = 8


@message
class RequestVote:
    """A candidate asks for a vote in `term`; its log ends with that index and term."""

    term: int
    candidate: NodeId
    last_log_index: int
    last_log_term: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class RequestVoteReply:
    """The answer to a `RequestVote`; `term` is the voter's, for the candidate to update itself."""

    term: int
    vote_granted: bool

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class TransferRequestVote(RequestVote):
    """The same, when the leader said to take over: nobody sticks to it (Dissertation §4.2.3)."""


@message
class PreVote(RequestVote):
    """Would you vote for me in `term`, which is the one after mine (Dissertation §9.6)?"""


@message
class PreVoteReply:
    """The answer to a `PreVote`; `term` is that of the question if granted, the voter's own if not."""

    term: int
    vote_granted: bool

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class AppendEntries:
    """The leader's entries that follow (prev_log_index, prev_log_term); none: a heartbeat."""

    term: int
    prev_log_index: int
    prev_log_term: int
    entries: tuple[Entry, ...]
    leader_commit: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        if not self.entries:
            return HEADER_BYTES
        return HEADER_BYTES + sum(NUMBER_BYTES + size_of(entry.command) for entry in self.entries)


@message
class AppendEntriesReply:
    """The answer to an `AppendEntries`.

    After success the follower's log agrees with the leader's up to `match_index`, durably. After a
    refusal for its log, `conflict_term` is the term of the follower's entry at prev_log_index and
    `conflict_index` the first index of that term; or 0 and the index after its last entry when its
    log is too short (Raft §5.3, the optimization at the end). Both are 0 after a refusal for the term.
    """

    term: int
    success: bool
    match_index: int
    conflict_index: int
    conflict_term: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class Heartbeat:
    """The leader asks who still follows it: `round` is a new number each time (etcd: MsgHeartbeat).

    `commit` is the commit index as far as the receiver's log is known to agree with the leader's.
    """

    term: int
    round: int
    commit: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class HeartbeatReply:
    """The answer to a `Heartbeat` of that round."""

    term: int
    round: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class ReadIndex:
    """Another server wants to read (etcd: MsgReadIndex); `number` is the asking server's own."""

    number: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class ReadIndexReply:
    """It may read when it has applied up to `index`; None: whoever was asked does not lead."""

    number: int
    index: int | None

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class TimeoutNow:
    """The leader of `term` tells a server to campaign at once (Dissertation §3.10)."""

    term: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


@message
class InstallSnapshot:
    """The leader's whole state up to (last_included_index, last_included_term), in one message."""

    term: int
    last_included_index: int
    last_included_term: int
    state: Any

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES + size_of(self.state)


@message
class InstallSnapshotReply:
    """The follower's log now agrees with the leader's up to `match_index`, durably; 0 if refused."""

    term: int
    match_index: int

    @property
    def size_bytes(self) -> int:
        """Return the estimated size on the wire."""
        return HEADER_BYTES


def size_of(value: Any) -> int:
    """Return the estimated size in bytes of a command or of a state: text by length, 8 for the rest."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, tuple | list):
        return sum(map(size_of, value))
    if isinstance(value, Request):
        return len(value.client) + NUMBER_BYTES + size_of(value.command)
    if hasattr(value, "__dataclass_fields__"):
        return sum(size_of(getattr(value, name)) for name in value.__dataclass_fields__)
    return NUMBER_BYTES
