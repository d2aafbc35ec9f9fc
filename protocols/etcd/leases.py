"""Leases: what all members know of them, and when they end, which only the leader knows.

Grant, revoke and checkpoint go through Raft; when a lease ends is a deadline on the clock of the
primary lessor, the one on the Raft leader, and is lost with it. Source: `server/lease/lessor.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from protocols.api import record
from protocols.etcd.operations import NO_LEASE, LeaseId

SECOND = 1_000_000_000


@dataclass(slots=True)
class Lease:
    """A lease in the replicated state. `remaining_ns`: as of the last checkpoint; 0: the full TTL."""

    ttl_ns: int
    remaining_ns: int = 0
    keys: dict[str, None] = field(default_factory=dict)  # in the order in which they were attached


@record
class LeasesState:
    """A snapshot: (lease, ttl, remaining, keys) of each."""

    leases: tuple[tuple[LeaseId, int, int, tuple[str, ...]], ...]


class Leases:
    """The replicated part; deterministic."""

    __slots__ = ("_holder", "all")

    def __init__(self) -> None:
        self.all: dict[LeaseId, Lease] = {}
        self._holder: dict[str, LeaseId] = {}

    def attach(self, key: str, lease: LeaseId) -> None:
        """Let `lease`, or nobody, hold the key."""
        before = self._holder.pop(key, NO_LEASE)
        if before in self.all:
            self.all[before].keys.pop(key, None)
        if lease != NO_LEASE:
            self.all[lease].keys[key] = None
            self._holder[key] = lease

    def snapshot(self) -> LeasesState:
        """Return the whole state."""
        return LeasesState(
            tuple((id, each.ttl_ns, each.remaining_ns, tuple(each.keys)) for id, each in self.all.items())
        )

    def restore(self, state: LeasesState) -> None:
        """Replace the whole state."""
        self.all.clear()
        self.all.update((id, Lease(ttl, rest, dict.fromkeys(keys))) for id, ttl, rest, keys in state.leases)
        self._holder = {key: id for id, _, _, keys in state.leases for key in keys}


class Lessor:
    """The volatile part of one member: deadlines, while it is the primary; all on its local clock."""

    __slots__ = (
        "_checkpoint_every",
        "_checkpoints",
        "_leases",
        "_now",
        "_retry",
        "_retry_at",
        "expiry",
        "primary",
    )

    def __init__(
        self, leases: Leases, now: Callable[[], int], retry_ns: int, checkpoint_every_ns: int
    ) -> None:
        self._leases = leases
        self._now = now
        self._retry = retry_ns
        self._checkpoint_every = checkpoint_every_ns  # 0: never
        self.primary = False
        self.expiry: dict[LeaseId, int] = {}
        self._retry_at: dict[LeaseId, int] = {}  # a revocation was proposed: not again before
        self._checkpoints: dict[LeaseId, int] = {}

    def promote(self, extend_ns: int) -> None:
        """Become the primary: every lease gets what remained of it (its TTL) and `extend_ns` more."""
        self.primary = True
        self._retry_at.clear()
        for id in self._leases.all:
            self._refresh(id, extend_ns)

    def demote(self) -> None:
        """Be the primary no longer: nobody here knows when a lease ends."""
        self.primary = False
        self.expiry.clear()
        self._retry_at.clear()
        self._checkpoints.clear()

    def granted(self, id: LeaseId) -> None:
        """Start a lease that was just applied."""
        if self.primary:
            self._refresh(id, 0)

    def revoked(self, id: LeaseId) -> None:
        """Forget a lease that is gone."""
        self.expiry.pop(id, None)
        self._retry_at.pop(id, None)
        self._checkpoints.pop(id, None)

    def expired(self, id: LeaseId) -> bool:
        """Return whether the deadline of a lease has passed."""
        return self.expiry[id] <= self._now()

    def renew(self, id: LeaseId) -> int:
        """Start the TTL of a lease anew, and return it; the caller knows that the lease is there."""
        lease = self._leases.all[id]
        lease_ttl = lease.ttl_ns
        self.expiry[id] = self._now() + lease_ttl
        return lease_ttl

    def due(self) -> list[LeaseId]:
        """Return the leases to revoke now; each again only after the retry interval."""
        if not self.primary:
            return []
        now = self._now()
        due = [id for id, at in self.expiry.items() if at <= now and self._retry_at.get(id, 0) <= now]
        for id in due:
            self._retry_at[id] = now + self._retry
        return due

    def due_at(self, id: LeaseId) -> int:
        """Return when there may be something to do about a lease, on the local clock of the primary."""
        end = max(self.expiry[id], self._retry_at.get(id, 0))
        return min(end, self._checkpoints.get(id, end))

    def due_checkpoints(self) -> tuple[tuple[LeaseId, int], ...]:
        """Return what remains of the leases whose checkpoint is due, in whole seconds, rounded up."""
        now = self._now()
        due = [id for id, at in self._checkpoints.items() if at <= now]
        for id in due:
            del self._checkpoints[id]
        rest = ((id, -(-(self.expiry[id] - now) // SECOND) * SECOND) for id in due)
        return tuple((id, ns) for id, ns in rest if 0 < ns < self._leases.all[id].ttl_ns)

    def schedule_checkpoint(self, id: LeaseId) -> None:
        """Plan the next checkpoint of a lease that has longer to live than the interval."""
        lease, every = self._leases.all[id], self._checkpoint_every
        if self.primary and every and (lease.remaining_ns or lease.ttl_ns) > every:
            self._checkpoints[id] = self._now() + every

    def _refresh(self, id: LeaseId, extend_ns: int) -> None:
        lease = self._leases.all[id]
        self.expiry[id] = self._now() + (lease.remaining_ns or lease.ttl_ns) + extend_ns
        self.schedule_checkpoint(id)
