"""Watches on one member: changes from a revision on, in order, none missing, none twice.

Source: `server/storage/mvcc/watchable_store.go`; etcd documentation, "KV API guarantees" (watch:
ordered, unique, reliable, atomic, resumable).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocols.api import Host
from protocols.connections import Connection
from protocols.etcd.operations import WatchEvent
from protocols.etcd.rpc import WatchCancel, WatchCreate, WatchResponse
from protocols.etcd.store import Store, matches

MS = 1_000_000
SYNC_INTERVAL = 100 * MS
"""Watchers that begin in the past are served so often (`syncWatchersLoop`)."""


@dataclass(slots=True, eq=False)
class Watcher:
    """One watch of one client; everything below `next_revision` was sent, or is not asked for."""

    connection: Connection
    watch: int
    key: str
    prefix: bool
    next_revision: int


class Watching:
    """The watches of one member."""

    __slots__ = ("_all", "_host", "_of_key", "_of_prefix", "_store", "_timer", "_unsynced")

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store
        self._all: dict[tuple[Connection, int], Watcher] = {}
        # Those that have seen everything so far; by key, since most wait for one.
        self._of_key: dict[str, list[Watcher]] = {}
        self._of_prefix: list[Watcher] = []
        self._unsynced: list[Watcher] = []
        self._timer = host.timer("watch sync", self._sync)

    def create(self, connection: Connection, message: WatchCreate) -> None:
        """Begin a watch; one that begins in the past waits for the next round."""
        start = message.start_revision or self._store.revision + 1
        watcher = Watcher(connection, message.watch, message.key, message.prefix, start)
        self._all[connection, message.watch] = watcher
        if start > self._store.revision:
            self._add_synced(watcher)
        else:
            self._add_unsynced([watcher])

    def cancel(self, connection: Connection, message: WatchCancel) -> None:
        """End a watch."""
        watcher = self._all.pop((connection, message.watch), None)
        if watcher is not None:
            self._drop(watcher)

    def closed(self, connection: Connection) -> None:
        """End the watches of a client that is gone."""
        for key in [key for key in self._all if key[0] is connection]:
            self._drop(self._all.pop(key))

    def changed(self, events: list[WatchEvent]) -> None:
        """Send what just changed to those who have seen all before."""
        wanted: dict[Watcher, list[WatchEvent]] = {}
        for event in events:
            key = event.kv.key
            for watcher in self._of_key.get(key, ()):
                wanted.setdefault(watcher, []).append(event)
            for watcher in self._of_prefix:
                if matches(watcher.key, True, key):
                    wanted.setdefault(watcher, []).append(event)
        for watcher, found in wanted.items():
            self._send(watcher, found)

    def restored(self) -> None:
        """The store was replaced by a snapshot: everybody may have missed something."""
        self._of_key.clear()
        self._of_prefix.clear()
        self._unsynced.clear()
        self._add_unsynced(self._all.values())

    def _send(self, watcher: Watcher, events: Iterable[WatchEvent]) -> None:
        # A watch may begin in the future.
        found = tuple(event for event in events if event.kv.mod_revision >= watcher.next_revision)
        revision = self._store.revision
        watcher.next_revision = max(watcher.next_revision, revision + 1)
        if found:
            watcher.connection.send(WatchResponse(watcher.watch, found, revision))

    def _sync(self) -> None:
        waiting, self._unsynced = self._unsynced, []
        for watcher in waiting:
            compacted = self._store.compact_revision
            if watcher.next_revision < compacted:
                del self._all[watcher.connection, watcher.watch]
                response = WatchResponse(watcher.watch, (), self._store.revision, compacted)
                watcher.connection.send(response)
            else:
                events = self._store.events_from(watcher.next_revision, watcher.key, watcher.prefix)
                self._send(watcher, events)
                self._add_synced(watcher)

    def _add_synced(self, watcher: Watcher) -> None:
        if watcher.prefix:
            self._of_prefix.append(watcher)
        else:
            self._of_key.setdefault(watcher.key, []).append(watcher)

    def _add_unsynced(self, watchers: Iterable[Watcher]) -> None:
        self._unsynced.extend(watchers)
        if self._unsynced:
            # The loop of a real member turns all the time; this one only when there is something.
            self._timer.set(SYNC_INTERVAL - self._host.now() % SYNC_INTERVAL)

    def _drop(self, watcher: Watcher) -> None:
        for group in (self._unsynced, self._of_prefix, self._of_key.get(watcher.key, [])):
            if watcher in group:
                group.remove(watcher)
        if not self._of_key.get(watcher.key, [1]):
            del self._of_key[watcher.key]
