"""The follower: what a server does with what a leader sends (Raft §5.3, §7; Figure 2, Figure 13)."""

from __future__ import annotations

from protocols.api import Entry, NodeId, Timer
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
)
from protocols.raft.requests import Requests
from protocols.raft.state import CANDIDATE, FOLLOWER, LEADER
from protocols.raft.storage import Appended, SnapshotTaken, Truncated


class Follower(Requests):
    """Following a leader, and becoming a follower."""

    __slots__ = ("heartbeat_timer",)

    heartbeat_timer: Timer  # made by the layer that leads

    def on_append_entries(self, source: NodeId, message: AppendEntries) -> None:
        """Handle AppendEntries (Raft Figure 2, AppendEntries receiver 1-5)."""
        # The longest path of all, once per follower and command: few calls, and nothing is read twice.
        term = message.term
        if (term != self.current_term or source != self.leader_id) and not self._recognise(source, term):
            if term < self.current_term:
                self.host.send(source, AppendEntriesReply(self.current_term, False, 0, 0, 0))
            return
        randrange, log = self._randrange, self.log
        self.election_timer.set(randrange(self._timeout_from, self._timeout_to))
        match = message.prev_log_index
        if (match != log.last_index or message.prev_log_term != log.last_term) and not self._agrees(message):
            self._refuse(source, match)
            return
        entries = message.entries
        if entries:
            if match == log.last_index:
                self._append(entries)
            else:
                self._store_overlap(match, entries)
            match += len(entries)
        # Commit what the leader has, as far as our log is known to agree with it (receiver 5).
        commit = message.leader_commit
        if commit > match:
            commit = match
        if commit > self.commit_index:
            self._commit(commit)
        ack = self._ack
        if ack.match_index != match:
            ack = self._ack = AppendEntriesReply(term, True, match, 0, 0)
        self.host.send(source, ack)

    def on_install_snapshot(self, source: NodeId, message: InstallSnapshot) -> None:
        """Handle InstallSnapshot (Raft Figure 13, receiver 1 and 5-8)."""
        if (message.term != self.current_term or source != self.leader_id) and not self._recognise(
            source, message.term
        ):
            if message.term < self.current_term:
                self.host.send(source, InstallSnapshotReply(self.current_term, 0))
            return
        self._reset_election_timer()
        # An older one would take the state machine back; what it covers is committed here anyway.
        if message.last_included_index > self.commit_index:
            self._restore(message)
        self.host.send(source, InstallSnapshotReply(message.term, message.last_included_index))

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        """Follow in `term`, the current one or a later one, in which the vote goes to `voted_for`.

        In the current term the vote stays what it was: it could otherwise be given twice.
        """
        was_leader = self.role == LEADER
        self.role = FOLLOWER
        if term > self.current_term:
            self._set_term(term, voted_for)
            self._save_hard_state()
        if was_leader:
            self.heartbeat_timer.cancel()
            # A leader has none running. Others keep theirs: only a leader or a granted vote moves it.
            self._reset_election_timer()
            self.host.follow(reason)
            self._give_up_waiting()

    def _observe_term(self, term: int) -> None:
        """Step down if a message shows a higher term (Raft Figure 2, all servers 2)."""
        if term > self.current_term:
            self._become_follower(term, "higher_term")

    def _recognise(self, source: NodeId, term: int) -> bool:
        """Return whether `source` leads in `term` as far as we know, and follow it if so."""
        if term < self.current_term:
            return False
        if term > self.current_term or self.role == CANDIDATE:
            self._become_follower(term, "higher_term")
        elif self.role == LEADER:
            # Two leaders in one term. Nothing that Raft assumes allows it, so Raft does not say what
            # to do; the invariants report it, and this leader does not help the other one.
            return False
        self.leader_id = source
        self.host.note("leader_known", source, term)
        return True

    def _agrees(self, message: AppendEntries) -> bool:
        """Return whether the log agrees with the leader's at prev_log_index (Figure 2, receiver 2)."""
        # What our snapshot covers is committed, so that the leader's log has the same there.
        index = message.prev_log_index
        return index < self.log.snapshot_index or self.log.has(index, message.prev_log_term)

    def _refuse(self, source: NodeId, prev_log_index: int) -> None:
        """Say where the leader should try next: at the first entry of the conflicting term (Raft §5.3)."""
        if prev_log_index > self.log.last_index:
            index, term = self.log.last_index + 1, 0
        else:
            index = self.log.first_index_of_term_at(prev_log_index)
            term = self.log.term_at(index)
        self.host.send(source, AppendEntriesReply(self.current_term, False, 0, index, term))

    def _store_overlap(self, prev_index: int, entries: tuple[Entry, ...]) -> None:
        """Append what is not there yet; truncate only where there is a conflict (receiver 3 and 4).

        A message may be older than the log: entries that agree stay, and so do those after them,
        which the leader may have counted already.
        """
        known = self._count_known(prev_index, entries)
        if known == len(entries):
            return
        index = prev_index + known + 1
        if index <= self.log.last_index:
            self._truncate_from(index)
        self._append(entries[known:])

    def _append(self, entries: tuple[Entry, ...]) -> None:
        """Append at the end."""
        log, host = self.log, self.host
        prev_index, prev_term = log.last_index, log.last_term
        log.append(entries)
        self._note_appended(prev_index, prev_term, entries)
        host.save(Appended(prev_index, entries))

    def _count_known(self, prev_index: int, entries: tuple[Entry, ...]) -> int:
        """Return how many of the entries are in the log, or in its snapshot, already."""
        log = self.log
        for index, entry in enumerate(entries, prev_index + 1):
            if index >= log.first_index and not log.has(index, entry.epoch):
                return index - prev_index - 1
        return len(entries)

    def _truncate_from(self, index: int) -> None:
        self.log.truncate_from(index)
        self.host.note("truncated", index)
        self.host.save(Truncated(index))

    def _restore(self, message: InstallSnapshot) -> None:
        """Replace the state machine and the log by the snapshot, but for entries that follow it."""
        log, index, term = self.log, message.last_included_index, message.last_included_term
        if log.last_index > self.commit_index and not log.has(index, term):
            self.host.note("truncated", self.commit_index + 1)
        self.snapshot = SnapshotTaken(index, term, message.state)
        self.host.save(self.snapshot)
        log.compact(index, term)
        self._load_state(message.state, index)
        self.commit_index = self.last_applied = index
        self.host.note("restored", index, term)
