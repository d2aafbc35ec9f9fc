"""The multi-version store: every change has a revision, and what was before can still be read.

Source: etcd documentation, "Data model"; `server/storage/mvcc`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from operator import attrgetter, eq, gt, lt, ne
from typing import Any

from protocols.api import record
from protocols.etcd.operations import (
    NO_LEASE,
    Compare,
    Delete,
    DeleteResponse,
    Failed,
    Get,
    GetResponse,
    KeyValue,
    Put,
    PutResponse,
    WatchEvent,
)

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, ">": gt}
_revision = attrgetter("mod_revision")
_event_revision = attrgetter("kv.mod_revision")
_create_revision = attrgetter("create_revision")


@record
class StoreState:
    """A snapshot of the store: all that can still be read."""

    revision: int
    compact_revision: int
    history: tuple[tuple[str, tuple[KeyValue, ...]], ...]  # tombstones included
    events: tuple[WatchEvent, ...]


class Store:
    """Keys, their past, and the revision, which starts at 1 as etcd's does.

    `attach(key, lease)` is told which lease holds a key from now on, `NO_LEASE` for none.
    """

    __slots__ = (
        "_attach",
        "_changed",
        "_events",
        "_history",
        "_pending",
        "compact_revision",
        "current",
        "revision",
    )

    def __init__(self, attach: Callable[[str, int], None]) -> None:
        self._attach = attach
        self.revision = 1
        self.compact_revision = 0
        self.current: dict[str, KeyValue] = {}
        self._history: dict[str, list[KeyValue]] = {}
        self._events: list[WatchEvent] = []
        self._pending = 2  # the revision of the change under way
        self._changed = False

    # Reading -------------------------------------------------------------------------------------

    def get(self, request: Get) -> GetResponse | Failed:
        """Return what a range request finds, or why that revision cannot be read."""
        if request.revision > self.revision:
            return Failed("future_revision")
        if 0 < request.revision < self.compact_revision:
            return Failed("compacted", self.compact_revision)
        found = self._found(request)
        newest = request.max_create_revision
        if newest:
            found = [kv for kv in found if kv.create_revision <= newest]
        if request.order != "key" and found:
            pick = min if request.order == "first_create" else max
            found = [pick(found, key=_create_revision)]
        return GetResponse(self.revision, tuple(found))

    def holds(self, compare: Compare) -> bool:
        """Return whether a condition holds now."""
        kv = self.current.get(compare.key)
        missing = None if compare.target == "value" else 0
        value = missing if kv is None else getattr(kv, compare.target)
        return _RELATIONS[compare.relation](value, compare.value)

    def events_from(self, revision: int, key: str, prefix: bool) -> list[WatchEvent]:
        """Return the changes of a key, or of those with a prefix, from that revision on, in order."""
        first = bisect_left(self._events, revision, key=_event_revision)
        return [event for event in self._events[first:] if matches(key, prefix, event.kv.key)]

    def _found(self, request: Get) -> list[KeyValue]:
        if not request.prefix:
            kv = self._at(request.key, request.revision)
            return [] if kv is None else [kv]
        # With a revision also keys count that are deleted by now.
        keys: Iterable[str] = self._history if request.revision else self.current
        names = sorted(key for key in keys if key.startswith(request.key))
        return [kv for key in names if (kv := self._at(key, request.revision)) is not None]

    def _at(self, key: str, revision: int) -> KeyValue | None:
        if not revision:
            return self.current.get(key)
        versions = self._history.get(key, [])
        index = bisect_right(versions, revision, key=_revision)
        return versions[index - 1] if index and versions[index - 1].version else None

    # Changing ------------------------------------------------------------------------------------
    # Changes between two calls of `end` have one revision, like those of one transaction.

    def put(self, request: Put) -> PutResponse:
        """Set a key."""
        old, revision = self.current.get(request.key), self._pending
        created, version = (old.create_revision, old.version) if old else (revision, 0)
        kv = KeyValue(request.key, request.value, created, revision, version + 1, request.lease)
        self.current[request.key] = kv
        self._remember(WatchEvent("put", kv))
        self._attach(request.key, request.lease)
        return PutResponse(revision)

    def delete(self, request: Delete) -> DeleteResponse:
        """Delete what is there."""
        keys = [request.key] if request.key in self.current else []
        if request.prefix:
            keys = sorted(key for key in self.current if key.startswith(request.key))
        for key in keys:
            del self.current[key]
            self._remember(WatchEvent("delete", KeyValue(key, None, 0, self._pending, 0, NO_LEASE)))
            self._attach(key, NO_LEASE)
        return DeleteResponse(self._pending if self._changed else self.revision, len(keys))

    def end(self) -> list[WatchEvent]:
        """End a change; return its events, which are none where nothing changed."""
        if not self._changed:
            return []
        self.revision, self._changed = self._pending, False
        self._pending += 1
        first = bisect_left(self._events, self.revision, key=_event_revision)
        return self._events[first:]

    def _remember(self, event: WatchEvent) -> None:
        self._changed = True
        self._events.append(event)
        self._history.setdefault(event.kv.key, []).append(event.kv)

    # Keeping -------------------------------------------------------------------------------------

    def compact(self, revision: int) -> Failed | None:
        """Forget what was overwritten or deleted up to `revision`; None if that was possible."""
        if revision <= self.compact_revision:
            return Failed("compacted", self.compact_revision)
        if revision > self.revision:
            return Failed("future_revision")
        self.compact_revision = revision
        del self._events[: bisect_left(self._events, revision, key=_event_revision)]
        for key, versions in list(self._history.items()):
            self._compact_key(key, versions, revision)
        return None

    def _compact_key(self, key: str, versions: list[KeyValue], revision: int) -> None:
        """Keep of a key what is newer, and the last version up to then unless it is a tombstone."""
        kept = bisect_right(versions, revision, key=_revision)
        if kept and versions[kept - 1].version:
            kept -= 1
        del versions[:kept]
        if not versions:
            del self._history[key]

    def snapshot(self) -> StoreState:
        """Return the whole state; later changes do not change what was returned."""
        history = tuple((key, tuple(versions)) for key, versions in self._history.items())
        return StoreState(self.revision, self.compact_revision, history, tuple(self._events))

    def restore(self, state: StoreState) -> None:
        """Replace the whole state; leases are not told."""
        self.revision, self.compact_revision = state.revision, state.compact_revision
        self._pending, self._changed = state.revision + 1, False
        self._history = {key: list(versions) for key, versions in state.history}
        newest = ((key, versions[-1]) for key, versions in self._history.items())
        self.current = {key: kv for key, kv in newest if kv.version}
        self._events = list(state.events)


def matches(key: str, prefix: bool, changed: str) -> bool:
    """Return whether a watch of `key` is about the key `changed`."""
    return changed.startswith(key) if prefix else changed == key
