"""`concurrency.Election` and `concurrency.Mutex`, as they are.

Both queue up with a key per session under a prefix; the key with the lowest create revision leads,
and that revision is the fencing token. Everybody waits for the key before its own, so that a change
of leader wakes one contender. Source: `client/v3/concurrency` (election.go, mutex.go, key.go).
"""

from __future__ import annotations

from protocols.etcd.operations import (
    Compare,
    Delete,
    Failed,
    Get,
    LeaseId,
    Put,
    Txn,
    TxnResponse,
)
from protocols.etcd.task import Deleted, Do, Script

LOST = "no answer"
EXPIRED = "session expired"
NOT_LEADER = "not leader"
COMPACTED = "compacted"


def wait_deletes(prefix: str, newest: int) -> Script:
    """Wait until no key created up to `newest` is left; return "" or what went wrong (`waitDeletes`)."""
    while True:
        response = yield Do(Get(prefix, True, "last_create", newest))
        if response is None:
            return LOST
        if not response.kvs:
            return ""
        if not (yield Deleted(response.kvs[0].key, response.revision)):
            return COMPACTED


class Election:
    """One contender's part in an election: campaign, proclaim, resign."""

    __slots__ = ("_prefix", "_recheck", "key", "lease", "revision")

    def __init__(self, lease: LeaseId, prefix: str, recheck: bool) -> None:
        self.lease = lease
        self._prefix = prefix + "/"
        self._recheck = recheck
        self.key = ""  # while it campaigns or leads
        self.revision = 0  # the create revision of the key: the fencing token (`Rev`)

    def campaign(self, value: str) -> Script:
        """Queue up and wait for the turn; return "" or what went wrong (`Campaign`).

        As in the product, nobody looks whether the own key is still there when the wait is over,
        unless `recheck` says so.
        """
        key = f"{self._prefix}{self.lease:x}"
        compare = Compare(key, "create_revision", "=", 0)
        response = yield Do(Txn((compare,), (self._put(key, value),), (Get(key),)))
        if not isinstance(response, TxnResponse):
            return LOST if response is None else EXPIRED
        self.key, self.revision = key, response.revision
        if not response.succeeded:
            mine = response.responses[0].kvs[0]  # type: ignore[union-attr]
            self.revision = mine.create_revision
            if mine.value != value:
                error = yield from self.proclaim(value)
                if error:
                    yield from self.resign()
                    return error
        error = yield from self._wait()
        if not error and self._recheck:
            error = yield from self._still_there()
        return error

    def proclaim(self, value: str) -> Script:
        """Announce another value without another election; return "" or what went wrong (`Proclaim`)."""
        response = yield Do(Txn(self._guard(), (self._put(self.key, value),)))
        if response is None:
            return LOST
        if isinstance(response, Failed) or not response.succeeded:
            self.key = ""
            return NOT_LEADER
        return ""

    def resign(self) -> Script:
        """Let another one lead: delete the key if it is still the same one (`Resign`).

        Returns "", or `LOST`: the key may be deleted at any later time.
        """
        response = (yield Do(Txn(self._guard(), (Delete(self.key),)))) if self.key else ""
        self.key = ""
        return LOST if response is None else ""

    def _put(self, key: str, value: str) -> Put:
        return Put(key, value, self.lease)

    def _wait(self) -> Script:
        return wait_deletes(self._prefix, self.revision - 1)

    def _guard(self) -> tuple[Compare, ...]:
        return (Compare(self.key, "create_revision", "=", self.revision),)

    def _still_there(self) -> Script:
        response = yield Do(Get(self.key))
        if response is None:
            return LOST
        return "" if response.kvs else EXPIRED


class Mutex:
    """One contender's part in a lock: the same queue, but `lock` looks for its key at the end."""

    __slots__ = ("_prefix", "_recheck", "key", "lease", "revision")

    def __init__(self, lease: LeaseId, prefix: str, recheck: bool = True) -> None:
        self.lease = lease
        self._prefix = prefix + "/"
        self._recheck = recheck
        self.key = ""
        self.revision = 0

    def lock(self) -> Script:
        """Queue up and wait for the turn; return "" or what went wrong (`Lock`)."""
        key = f"{self._prefix}{self.lease:x}"
        compare = Compare(key, "create_revision", "=", 0)
        owner = Get(self._prefix, True, "first_create")
        put = Put(key, "", self.lease)
        response = yield Do(Txn((compare,), (put, owner), (Get(key), owner)))
        if not isinstance(response, TxnResponse):
            return LOST if response is None else EXPIRED
        self.key, self.revision = key, response.revision
        mine, first = response.responses
        if not response.succeeded:
            self.revision = mine.kvs[0].create_revision  # type: ignore[union-attr]
        owners = first.kvs  # type: ignore[union-attr]
        if not owners or owners[0].create_revision == self.revision:
            return ""
        error = yield from wait_deletes(self._prefix, self.revision - 1)
        if error:
            yield from self.unlock()
            return error
        return (yield from self._still_there()) if self._recheck else ""

    def unlock(self) -> Script:
        """Delete the key, whoever made it (`Unlock` compares nothing); return "" or `LOST`."""
        response = (yield Do(Delete(self.key))) if self.key else ""
        self.key = ""
        return LOST if response is None else ""

    def _still_there(self) -> Script:
        response = yield Do(Get(self.key))
        if response is None:
            yield from self.unlock()
            return LOST
        return "" if response.kvs else EXPIRED
