"""Raft with one thing wrong at a time: known mistakes, by which tests and simulations prove their worth.

The numbers are those of the list of known bugs that the project works from; each docstring says what
is wrong and where the mistake was seen. Four of that list cannot be made here: R17 (a heartbeat
without the log check; here all have it), R27 (indices initialised late; here in the same step), R30
(the disk's answer for an overwritten entry; a candidate's requests wait behind what it still has to
write) and R32 (a failed truncation; the disk is not the protocol's).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Entry, Group, Host, NodeId, ProtocolSpec
from protocols.kv import NOOP
from protocols.raft import make_spec
from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVote
from protocols.raft.parameters import RaftParameters
from protocols.raft.server import Raft
from protocols.raft.storage import RaftStorage
from tests.unit.raft_mutants_of_elections import (
    CommitIndexCompared,
    DrawnOnce,
    DuplicateVotesCounted,
    LeaderGrantsVote,
    LengthOnly,
    NoLogCheck,
    NoRandomness,
    OldVotesCounted,
    TallyNotReset,
    TermNotPersisted,
    TimerNotResetOnGrant,
    TimerResetOnAnyRequest,
    VoteClearedInSameTerm,
    VoteNotPersisted,
)


class OldTermCommitted(Raft):
    """R11: an entry of an earlier term is committed by counting copies (PySyncObj 169)."""

    def _may_commit(self, index: int) -> bool:
        return True


class HalfIsEnough(Raft):
    """R12: half of the servers, rounded down, commit an entry (akka-raft 42)."""

    def _advance_commit_index(self, match: int) -> None:
        copies = sorted(self.match_index.values(), reverse=True)
        index = copies[max(len(copies) // 2 - 1, 0)]
        if index > self.commit_index and self._may_commit(index):
            self._commit(index)


class TruncatesOnOverlap(Raft):
    """R13: whatever follows prev_log_index is replaced (akka-raft 66, RaftOS 26, WRaft)."""

    def _store_overlap(self, prev_index: int, entries: tuple[Entry, ...]) -> None:
        if self.log.snapshot_index <= prev_index < self.log.last_index:
            self._truncate_from(prev_index + 1)
        super()._store_overlap(prev_index, entries)


class MatchIsOwnLast(Raft):
    """R14: an answer counts for all that the leader has by then (PySyncObj 167)."""

    def _on_ack(self, source: NodeId, match: int) -> None:
        super()._on_ack(source, self.log.last_index)


class MatchMovesBack(Raft):
    """R15: a late answer moves match_index and next_index back (etcd 91ff7cd, RaftOS 25)."""

    def _on_ack(self, source: NodeId, match: int) -> None:
        super()._on_ack(source, match)
        if source != self.id:
            self.match_index[source], self.next_index[source] = match, match + 1


class CommitWithoutMinimum(Raft):
    """R16: a follower commits its own suffix when the leader's commit index is high."""

    def on_append_entries(self, source: NodeId, message: AppendEntries) -> None:
        super().on_append_entries(source, message)
        index = min(message.leader_commit, self.log.last_index)
        if source == self.leader_id and self._agrees(message) and index > self.commit_index:
            self._commit(index)


class CommitMovesBack(Raft):
    """R18: the commit index is whatever the last message said (PySyncObj 166)."""

    def on_append_entries(self, source: NodeId, message: AppendEntries) -> None:
        super().on_append_entries(source, message)
        self.commit_index = min(self.commit_index, message.leader_commit)


class NoStepDownOnReply(Raft):
    """R19: a higher term in an answer is ignored."""

    def _observe_term(self, term: int) -> None:
        pass


class StaleEntriesAccepted(Raft):
    """R20: AppendEntries of an earlier term is taken for one of the current term (etcd 6618455)."""

    def _recognise(self, source: NodeId, term: int) -> bool:
        return super()._recognise(source, max(term, self.current_term))


class TermMovesBack(Raft):
    """R21: a message of an earlier term takes the server back to it (WRaft)."""

    def on_append_entries(self, source: NodeId, message: AppendEntries) -> None:
        if message.term < self.current_term:
            self._set_term(message.term, None)
            self._save_hard_state()
        super().on_append_entries(source, message)


class NeverBacksUp(Raft):
    """R26: a refusal does not move next_index (akka-raft 58b)."""

    def _back_up(self, source: NodeId, message: AppendEntriesReply) -> int:
        return self.next_index[source]


class _LateHost:
    """A host that keeps what is saved to itself until `flush`; all else goes through."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._records: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def save(self, record: Any) -> None:
        self._records.append(record)

    def flush(self) -> None:
        for record in self._records:
            self._host.save(record)


class AnswersBeforeSaving(Raft):
    """R28: votes and acknowledgements leave before what they promise is durable (etcd 14370)."""

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        handlers = dict(self.handlers)
        for kind in (RequestVote, AppendEntries):
            handlers[kind] = self._late(handlers[kind])
        self.handlers = handlers

    def _late(self, handler: Callable[[NodeId, Any], None]) -> Callable[[NodeId, Any], None]:
        def handle(source: NodeId, message: Any) -> None:
            host, late = self.host, _LateHost(self.host)
            setattr(self, "host", late)  # noqa: B010  it is no `Host` by its type
            handler(source, message)
            self.host = host
            late.flush()

        return handle


class UnwrittenEntryCounted(Raft):
    """R29: the leader counts its own copy before it is durable (etcd 437bcb8)."""

    def _replicate(self, command: object) -> None:
        super()._replicate(command)
        self._on_ack(self.id, self.log.last_index)


class NoNoOp(Raft):
    """R31: a new leader appends nothing of its own, so that what it inherited may never commit."""

    def _replicate(self, command: object) -> None:
        if command is NOOP:
            self._send_entries(self.peers)
        else:
            super()._replicate(command)


_CLASSES: dict[str, type[Raft]] = {
    "R01": VoteNotPersisted,
    "R02": TermNotPersisted,
    "R03": VoteClearedInSameTerm,
    "R04": DuplicateVotesCounted,
    "R05": OldVotesCounted,
    "R06": TallyNotReset,
    "R07": LeaderGrantsVote,
    "R08": NoLogCheck,
    "R09": LengthOnly,
    "R10": CommitIndexCompared,
    "R11": OldTermCommitted,
    "R12": HalfIsEnough,
    "R13": TruncatesOnOverlap,
    "R14": MatchIsOwnLast,
    "R15": MatchMovesBack,
    "R16": CommitWithoutMinimum,
    "R18": CommitMovesBack,
    "R19": NoStepDownOnReply,
    "R20": StaleEntriesAccepted,
    "R21": TermMovesBack,
    "R22": TimerResetOnAnyRequest,
    "R23": TimerNotResetOnGrant,
    "R24": NoRandomness,
    "R25": DrawnOnce,
    "R26": NeverBacksUp,
    "R28": AnswersBeforeSaving,
    "R29": UnwrittenEntryCounted,
    "R31": NoNoOp,
}


def _factory(number: str, process: type[Raft]) -> Callable[[], ProtocolSpec]:
    return lambda: make_spec(f"raft-{number}", process)


MUTANTS: dict[str, Callable[[], ProtocolSpec]] = {
    number: _factory(number, process) for number, process in _CLASSES.items()
}
"""Number -> what makes the specification of that mutant."""
