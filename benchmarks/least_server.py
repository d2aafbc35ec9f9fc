"""The servers of the least Raft (see `benchmarks.least`): one flat class, every rule on the shortest path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappush
from typing import Any

from sim.kernel import Kernel
from sim.rng import Stream

MS = 1_000_000
_HEARTBEAT, _TIMEOUT = 50 * MS, (150 * MS, 300 * MS)
SERVERS = tuple(f"n{number}" for number in range(1, 6))
_KEPT = 64  # results of a session

Handler = Callable[[str, Any], None]


@dataclass(slots=True)
class Request:
    """A command of a client."""

    client: str
    serial: int
    oldest: int
    command: tuple[Any, ...]


@dataclass(slots=True)
class Reply:
    """Its result."""

    serial: int
    value: Any
    leader: str


@dataclass(slots=True)
class Entry:
    """An entry of the log; `request` is None where a leader began."""

    term: int
    request: Request | None


@dataclass(slots=True)
class Vote:
    """A request for a vote."""

    term: int
    last_index: int
    last_term: int


@dataclass(slots=True)
class Voted:
    """Its answer."""

    term: int
    granted: bool


@dataclass(slots=True)
class Append:
    """AppendEntries."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int


@dataclass(slots=True)
class Appended:
    """The answer to it: the last index that agrees, or, if refused, the last one there is."""

    term: int
    success: bool
    index: int


class Server:
    """A server of five."""

    __slots__ = (
        "_applied", "_beat", "_deadline", "_durable", "_durably", "_kernel", "_log", "_matches", "_next",
        "_pending", "_random", "_sessions", "_store", "_term", "_under_way", "_voted", "_votes", "handlers",
        "last_index", "last_term", "leader", "name", "peers", "routes",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, random: Stream, name: str) -> None:
        self._kernel, self._random, self.name = kernel, random, name
        self.peers = tuple(server for server in SERVERS if server != name)
        self.routes: dict[str, Callable[[Any], None]] = {}
        self.handlers: dict[type, Handler] = {
            Append: self._on_append, Appended: self._on_appended, Vote: self._on_vote,
            Voted: self._on_voted, Request: self._on_request,
        }  # fmt: skip
        self._term, self._voted, self._votes, self.leader = 0, "", 0, ""
        self._log: list[Entry] = []
        self._durable = self._log.copy()
        self.last_index = self.last_term = self._applied = 0
        self._store: dict[Any, Any] = {}
        self._sessions: dict[str, dict[int, Any]] = {}
        self._pending: dict[tuple[str, int], str] = {}
        self._next: dict[str, int] = {}
        self._matches: dict[str, int] = {}
        self._under_way: dict[str, int] = {}
        self._beat = 0
        self._durably = partial(self._agree, name)
        self._deadline = random.randrange(*_TIMEOUT)
        heappush(kernel.queue, (self._deadline, kernel.next_key(), self._on_timeout, None))

    def crash(self) -> None:
        """Do nothing any more."""
        self.handlers.clear()
        self._beat, self._deadline = self._beat + 1, 1 << 62

    def _on_timeout(self, _: Any) -> None:
        kernel = self._kernel
        now = kernel._now
        if self.leader != self.name and now >= self._deadline:
            self._term, self._voted, self._votes, self.leader = self._term + 1, self.name, 1, ""
            self._deadline = now + self._random.randrange(*_TIMEOUT)
            for peer in self.peers:
                self.routes[peer](Vote(self._term, self.last_index, self.last_term))
        due = now + _TIMEOUT[0] if self.leader == self.name else self._deadline
        heappush(kernel.queue, (due, kernel.next_key(), self._on_timeout, None))

    def _on_vote(self, source: str, message: Vote) -> None:
        self._see(message.term)
        granted = (
            message.term == self._term
            and self._voted in ("", source)
            and (message.last_term, message.last_index) >= (self.last_term, self.last_index)
        )
        if granted:
            self._voted = source
            self._deadline = self._kernel._now + self._random.randrange(*_TIMEOUT)
        self.routes[source](Voted(self._term, granted))

    def _on_voted(self, source: str, message: Voted) -> None:
        self._see(message.term)
        if message.granted and message.term == self._term and not self.leader:
            self._votes += 1
            if self._votes == 3:
                self.leader = self.name
                self._next = dict.fromkeys(self.peers, self.last_index + 1)
                self._matches = dict.fromkeys(SERVERS, 0)
                self._under_way = dict.fromkeys(self.peers, 0)
                self._replicate(None)
                self._on_heartbeat(self._beat)

    def _see(self, term: int) -> None:
        if term > self._term:
            if self.leader == self.name:
                self._beat += 1
            self._term, self._voted, self.leader = term, "", ""

    def _on_heartbeat(self, beat: int) -> None:
        if beat == self._beat:
            kernel = self._kernel
            heappush(kernel.queue, (kernel._now + _HEARTBEAT, kernel.next_key(), self._on_heartbeat, beat))
            self._send(self.peers)

    def _on_request(self, source: str, request: Request) -> None:
        if self.leader != self.name:
            self.routes[source](Reply(0, None, self.leader))
            return
        session = self._sessions.get(request.client, {})
        if request.serial in session:
            self.routes[source](Reply(request.serial, session[request.serial], self.name))
        elif (request.client, request.serial) not in self._pending:
            self._pending[request.client, request.serial] = source
            self._replicate(request)

    def _replicate(self, request: Request | None) -> None:
        entries = (Entry(self._term, request),)
        index = self.last_index + 1
        message = Append(self._term, self.last_index, self.last_term, entries, self._applied)
        self._store_entries(entries)
        under_way = self._under_way
        for peer in self.peers:
            if not under_way[peer]:
                if self._next[peer] == index:
                    under_way[peer] = index
                    self.routes[peer](message)
                else:
                    self._send((peer,))
        kernel = self._kernel
        heappush(kernel.queue, (kernel._now, kernel.next_key(), self._durably, index))

    def _send(self, peers: tuple[str, ...]) -> None:
        shared = -1
        log = self._log
        for peer in peers:
            index = self._next[peer]
            if index != shared:
                shared = index
                term = log[index - 2].term if index > 1 else 0
                message = Append(self._term, index - 1, term, tuple(log[index - 1 :]), self._applied)
            if message.entries:
                self._under_way[peer] = self.last_index
            self.routes[peer](message)

    def _on_appended(self, source: str, message: Appended) -> None:
        if message.term != self._term or self.leader != self.name:
            self._see(message.term)
        elif not message.success:
            self._next[source] = min(self._next[source], message.index + 1)
            self._send((source,))
        else:
            index = message.index
            if index > self._matches[source]:
                self._agree(source, index)
            if self._next[source] <= index:
                self._next[source] = index + 1
            if index >= self._under_way[source]:
                self._under_way[source] = 0
                if self._next[source] <= self.last_index:
                    self._send((source,))

    def _agree(self, source: str, index: int) -> None:
        matches = self._matches
        matches[source] = index
        if index > self._applied:
            commit = sorted(matches.values())[2]
            if commit > self._applied and self._log[commit - 1].term == self._term:
                first = self._applied
                self._apply(commit)
                for entry in self._log[first:commit]:
                    request = entry.request
                    if request is not None:
                        client = self._pending.pop((request.client, request.serial), None)
                        if client is not None:
                            result = self._sessions[client].get(request.serial)
                            self.routes[client](Reply(request.serial, result, self.name))

    def _on_append(self, source: str, message: Append) -> None:
        if message.term != self._term or source != self.leader:
            self._see(message.term)
            if message.term < self._term:
                return
            self.leader = source
        self._deadline = self._kernel._now + self._random.randrange(*_TIMEOUT)
        index, entries = message.prev_index, message.entries
        if index != self.last_index or message.prev_term != self.last_term:
            if index > self.last_index or (index and self._log[index - 1].term != message.prev_term):
                self.routes[source](Appended(self._term, False, min(index - 1, self.last_index)))
                return
            index, entries = self._skip_known(index, entries)
        if entries:
            self._store_entries(entries)
            index += len(entries)
        commit = message.commit
        if commit > index:
            commit = index
        if commit > self._applied:
            self._apply(commit)
        self.routes[source](Appended(message.term, True, index))

    def _skip_known(self, index: int, entries: tuple[Entry, ...]) -> tuple[int, tuple[Entry, ...]]:
        for known, entry in enumerate(entries):
            if index == self.last_index:
                return index, entries[known:]
            if self._log[index].term != entry.term:
                del self._log[index:], self._durable[index:]
                self.last_index = index
                return index, entries[known:]
            index += 1
        return index, ()

    def _store_entries(self, entries: tuple[Entry, ...]) -> None:
        self._log += entries
        self._durable += entries
        self.last_index += len(entries)
        self.last_term = entries[-1].term

    def _apply(self, commit: int) -> None:
        for entry in self._log[self._applied : commit]:
            request = entry.request
            if request is None:
                continue
            session = self._sessions.setdefault(request.client, {})
            if request.serial in session:
                continue
            command = request.command
            if command[0] == "put":
                session[request.serial] = self._store[command[1]] = command[2]
            else:
                session[request.serial] = self._store.get(command[1])
            if len(session) > _KEPT:
                kept = {serial: value for serial, value in session.items() if serial >= request.oldest}
                self._sessions[request.client] = kept
        self._applied = commit
