"""One Redis node: a key with an expiry on its wall clock, persisted or not."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from protocols.api import Group, Handler, Host, NodeId
from protocols.lease.redlock.messages import DeleteIfEqual, Done, ExtendIfEqual, Key, SetIfAbsent
from protocols.lease.redlock.parameters import SECOND, RedlockParameters

NO_KEY = Key(None, 0)


class RedisStorage:
    """The key as it was saved last; `started` tells a restart from the first start."""

    __slots__ = ("key", "started")

    def __init__(self) -> None:
        self.key = NO_KEY
        self.started = False

    def apply(self, record: Key) -> None:
        """Fold one record."""
        self.key = record
        self.started = True

    def copy(self) -> RedisStorage:
        """Return an independent copy."""
        return copy(self)


class RedisNode:
    """A Redis master without a replica; knows nothing of the others."""

    def __init__(self, host: Host, group: Group, parameters: RedlockParameters, image: RedisStorage) -> None:
        self.host = host
        self.parameters = parameters
        self.key = image.key if parameters.persistence != "none" else NO_KEY
        self._restarted = image.started
        self._silent_until = 0
        self._fsync = host.timer("fsync", self._on_fsync)
        self._dirty = False
        self.handlers: Mapping[type, Handler] = {
            SetIfAbsent: self.on_set_if_absent,
            ExtendIfEqual: self.on_extend_if_equal,
            DeleteIfEqual: self.on_delete_if_equal,
        }

    def start(self) -> None:
        """Stay out for the longest lock after a restart that may have lost one."""
        parameters = self.parameters
        if not self._restarted:
            self.host.save(self.key)  # a file that a restart finds, whatever is persisted
        elif parameters.restart_wait and parameters.persistence != "always":
            self._silent_until = self.host.now() + parameters.ttl
        if parameters.persistence == "everysec":
            self._fsync.set(SECOND)

    def on_set_if_absent(self, source: NodeId, asked: SetIfAbsent) -> None:
        """Set the key if there is none."""
        now = self.host.wall()
        self._answer(source, asked.request, self._value(now) is None, Key(asked.value, now + asked.ttl))

    def on_extend_if_equal(self, source: NodeId, asked: ExtendIfEqual) -> None:
        """Let the key live longer if it has that value."""
        now = self.host.wall()
        self._answer(
            source, asked.request, self._value(now) == asked.value, Key(asked.value, now + asked.ttl)
        )

    def on_delete_if_equal(self, source: NodeId, asked: DeleteIfEqual) -> None:
        """Delete the key if it has that value."""
        self._answer(source, asked.request, self._value(self.host.wall()) == asked.value, NO_KEY)

    def _answer(self, source: NodeId, request: tuple[int, int], ok: bool, key: Key) -> None:
        if self.host.now() < self._silent_until:
            return
        if ok:
            self._write(key)
        self.host.send(source, Done(request, ok))

    def _write(self, key: Key) -> None:
        self.key = key
        self._dirty = True
        if self.parameters.persistence == "always":
            self.host.save(key)

    def _value(self, now: int) -> int | None:
        return self.key.value if now < self.key.expires_at else None

    def _on_fsync(self) -> None:
        if self._dirty:
            self.host.save(self.key)
            self._dirty = False
        self._fsync.set(SECOND)
