"""The lock server: one process, one lock."""

from __future__ import annotations

from collections.abc import Mapping

from protocols.api import Group, Handler, Host, NodeId
from protocols.lease.lock_server.messages import (
    Acquire,
    AcquireReply,
    Available,
    Freed,
    Granted,
    Release,
    Released,
    Renew,
    RenewReply,
    Watch,
)
from protocols.lease.lock_server.parameters import LockServerParameters
from protocols.lease.lock_server.storage import LockStorage
from protocols.lease.lock_server.table import LockTable


class LockServer:
    """Grants one lock as a lease under rising tokens."""

    def __init__(
        self, host: Host, group: Group, parameters: LockServerParameters, image: LockStorage
    ) -> None:
        self.host = host
        self.parameters = parameters
        self.clock = host.wall if parameters.server_clock == "wall" else host.now
        self.table = LockTable()
        self._image = image
        self._silent_until = 0  # when whoever held the lock before a crash has lost it for certain
        self._expiry = host.timer("expiry", self._on_expiry)
        self.handlers: Mapping[type, Handler] = {
            Acquire: self.on_acquire,
            Renew: self.on_renew,
            Release: self.on_release,
            Watch: self.on_watch,
        }

    def start(self) -> None:
        """Take up what the disk knows, and wait out the leases that may still be held.

        Renewals are not saved, so that a lease known from the table begins again: it cannot last longer.
        """
        granted, parameters = self._image.granted, self.parameters
        until = self.clock() + max(parameters.ttl, granted.ttl if granted else 0)
        if parameters.durable == "nothing":
            self._silent_until = until if parameters.restart_wait else 0
        elif granted is not None:
            self.table.token = granted.token
            if not self._image.freed and parameters.restart_wait:
                self._take_up(granted, until)

    def _take_up(self, granted: Granted, until: int) -> None:
        if self.parameters.durable == "table":
            self.table.grant, self.table.expires_at = granted, until
            self._watch_expiry()
        else:
            self._silent_until = until

    def on_acquire(self, source: NodeId, asked: Acquire) -> None:
        """Grant the lock if it is free; a repeated request gets the grant that it got."""
        granted = self._acquire(asked)
        if granted is None and asked.notify:
            self.table.wait(asked.owner, asked.request)
        holder = self.table.holder(self.clock())
        self.host.send(
            source,
            AcquireReply(
                asked.request, granted is not None, holder.owner if holder else None, self.table.token
            ),
        )

    def _acquire(self, asked: Acquire) -> Granted | None:
        if self.clock() < self._silent_until:
            return None
        before = self.table.token
        granted = self.table.acquire(self.clock(), asked)
        if granted is not None and granted.token != before:
            if self.parameters.durable != "nothing":
                self.host.save(granted)
            self._watch_expiry()
        return granted

    def on_renew(self, source: NodeId, asked: Renew) -> None:
        """Let the lease begin again, if it is not over."""
        renewed = self.table.renew(self.clock(), asked.token)
        self.host.send(source, RenewReply(asked.request, renewed))

    def on_release(self, source: NodeId, asked: Release) -> None:
        """Free the lock for the next, if it is held under that token."""
        if self.table.release(asked.token):
            if self.parameters.durable != "nothing":
                self.host.save(Freed(asked.token))
            self._notify()
        self.host.send(source, Released(asked.request))

    def on_watch(self, source: NodeId, asked: Watch) -> None:
        """Notify whoever asks when the lock is free: at once, if it is."""
        self.table.wait(asked.owner, asked.request)
        if self.table.holder(self.clock()) is None and self.clock() >= self._silent_until:
            self._notify()

    def _notify(self) -> None:
        waiting = self.table.next_waiting()
        if waiting is not None:
            self.host.send(waiting[0], Available(waiting[1]))

    def _watch_expiry(self) -> None:
        if self.parameters.waiters == "notify":
            self._expiry.set(max(self.table.expires_at - self.clock(), 0))

    def _on_expiry(self) -> None:
        if self.table.grant is not None and self.table.holder(self.clock()) is not None:
            self._watch_expiry()  # renewed meanwhile
        else:
            self._notify()
