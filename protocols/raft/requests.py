"""Committed entries go to the state machine, and the results to the clients that wait for them.

Raft §5.3 (an entry is applied once it is committed), §8 (client sessions), §7 (own snapshots).
"""

from __future__ import annotations

from typing import Any, Literal

from protocols.api import Entry, Group, Host, NodeId, Reply, Request
from protocols.kv import STALE, KeyValue
from protocols.raft.parameters import RaftParameters
from protocols.raft.state import LEADER, RaftState
from protocols.raft.storage import RaftStorage, SnapshotTaken
from protocols.sessions import Machine


class Requests(RaftState):
    """Applying, answering, and taking snapshots."""

    __slots__ = ("_snapshot_entries", "accepted", "machine", "waiting")

    def __init__(self, host: Host, group: Group, parameters: RaftParameters, storage: RaftStorage) -> None:
        super().__init__(host, group, parameters, storage)
        self._snapshot_entries = parameters.snapshot_entries
        self.machine = self.make_machine()
        if self.snapshot is not None:
            self._load_state(self.snapshot.state, self.snapshot.last_included_index)
        # A leader's, empty on all others. Index of each request that is in the log, not yet applied:
        self.accepted: dict[tuple[NodeId, int], int] = {}
        # ... and who waits for the entry at an index.
        self.waiting: dict[int, NodeId] = {}

    def make_machine(self) -> Machine:
        """Return a new state machine."""
        return KeyValue()

    def _commit(self, index: int) -> None:
        """Commit up to `index`, and apply what that adds, in order and once (Figure 2, all servers 1)."""
        self.commit_index = index
        self._note_committed(index, self.current_term)
        first_index, log = self.last_applied + 1, self.log
        # Mostly it is one entry, and then a slice of the log would cost more than applying it.
        entries = (log.entry(index),) if index == first_index else log.slice(first_index, index)
        if self.role == LEADER:
            self._apply_and_answer(first_index, entries)
        else:
            apply = self.machine.apply
            for entry in entries:
                command = entry.command
                if type(command) is Request:
                    apply(command)
        self.last_applied = index
        self._note_applied(first_index, entries)
        limit = self._snapshot_entries
        if limit and index - log.snapshot_index >= limit:
            self._take_snapshot()

    def _apply_and_answer(self, first_index: int, entries: tuple[Entry, ...]) -> None:
        for index, entry in enumerate(entries, first_index):
            request = entry.command
            if type(request) is Request:
                value = self.machine.apply(request)
                self.accepted.pop((request.client, request.serial), None)
                source = self.waiting.pop(index, None)
                if source is not None:
                    self._answer(source, request, value)

    def _answer(self, source: NodeId, request: Request, value: Any) -> None:
        # STALE: whether it was executed is no longer known, since the client had given it up.
        if value is STALE:
            self._reply(source, request, "unknown", None)
        else:
            self._reply(source, request, "ok", value)

    def _reply(
        self, source: NodeId, request: Request, outcome: Literal["ok", "not_leader", "unknown"], value: Any
    ) -> None:
        reply = Reply(request.client, request.serial, outcome, value, self.leader_id, self.current_term)
        self.host.send(source, reply)

    def _index_uncommitted_requests(self) -> None:
        """Find the requests that earlier leaders left in the log, so that a retry is not appended again."""
        first_index = self.last_applied + 1
        entries = self.log.slice(first_index, self.log.last_index)
        for index, entry in enumerate(entries, first_index):
            if type(entry.command) is Request:
                self.accepted[entry.command.client, entry.command.serial] = index

    def _give_up_waiting(self) -> None:
        """Tell those who wait that this server can no longer say what becomes of their requests."""
        for index, source in self.waiting.items():
            self._reply(source, self.log.entry(index).command, "unknown", None)
        self.waiting.clear()
        self.accepted.clear()

    def _take_snapshot(self) -> None:
        index = self.last_applied
        self.snapshot = SnapshotTaken(index, self.log.term_at(index), self._machine_state())
        self.host.save(self.snapshot)
        self.log.compact(index, self.snapshot.last_included_term)

    def _machine_state(self) -> Any:
        """Return what a snapshot holds."""
        return self.machine.snapshot()

    def _load_state(self, state: Any, index: int) -> None:
        """Take over what a snapshot up to `index` holds."""
        self.machine.restore(state)
