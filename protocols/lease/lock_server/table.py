"""The lock itself: who holds it, until when, under which token. Deterministic; time is handed in."""

from __future__ import annotations

from protocols.api import NodeId, record
from protocols.lease.lock_server.messages import Acquire, Granted, RequestId


@record
class TableState:
    """A snapshot of a table, but for those who wait."""

    token: int
    grant: Granted | None
    expires_at: int
    newest: tuple[tuple[NodeId, RequestId], ...]


class LockTable:
    """One lock. Tokens rise by one with every grant, so that a later holder has a higher one."""

    __slots__ = ("_newest", "expires_at", "grant", "token", "waiting")

    def __init__(self) -> None:
        self.token = 0  # of the last grant
        self.grant: Granted | None = None
        self.expires_at = 0
        self.waiting: dict[NodeId, RequestId] = {}  # who waits, the longest first
        self._newest: dict[NodeId, RequestId] = {}  # of each owner: the request acted upon last

    def holder(self, now: int) -> Granted | None:
        """Return the grant that is valid at `now`; None when the lock is free."""
        return self.grant if now < self.expires_at else None

    def acquire(self, now: int, asked: Acquire) -> Granted | None:
        """Return the grant: a new one, or the very same for a repeated request; None: it is taken.

        The holder itself is granted a new token: it asks because it lost track of its lease.
        """
        held = self.holder(now)
        if held is not None and held.request == asked.request:
            return held
        if self._is_old(asked) or (held is not None and held.owner != asked.owner):
            return None
        self._newest[asked.owner] = asked.request
        self.token += 1
        self.grant = Granted(self.token, asked.owner, asked.request, asked.ttl)
        self.expires_at = now + asked.ttl
        self.waiting.pop(asked.owner, None)
        return self.grant

    def renew(self, now: int, token: int) -> bool:
        """Let the lease under that token begin again; false, and nothing happens, if it is over."""
        held = self.holder(now)
        if held is None or held.token != token:
            return False
        self.expires_at = now + held.ttl
        return True

    def release(self, token: int) -> bool:
        """Free the lock; false, and nothing happens, unless it is held under that token."""
        if self.grant is None or self.grant.token != token:
            return False
        self.grant, self.expires_at = None, 0
        return True

    def snapshot(self) -> TableState:
        """Return the state; later changes do not change what was returned."""
        return TableState(self.token, self.grant, self.expires_at, tuple(self._newest.items()))

    def restore(self, state: TableState) -> None:
        """Replace the state by a snapshot."""
        self.token, self.grant, self.expires_at = state.token, state.grant, state.expires_at
        self._newest = dict(state.newest)

    def wait(self, owner: NodeId, request: RequestId) -> None:
        """Put somebody on the list of those who wait, or note the latest request of one who is."""
        self.waiting[owner] = request

    def next_waiting(self) -> tuple[NodeId, RequestId] | None:
        """Take the one who waits the longest off the list; None when nobody waits."""
        owner = next(iter(self.waiting), None)
        return None if owner is None else (owner, self.waiting.pop(owner))

    def _is_old(self, asked: Acquire) -> bool:
        """Return whether this is a late copy of a request that was acted upon, or of an earlier one."""
        session, serial = self._newest.get(asked.owner, (-1, 0))
        return asked.request[0] == session and asked.request[1] <= serial
