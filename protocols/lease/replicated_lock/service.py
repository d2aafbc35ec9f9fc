"""The lock service beside each server of a Raft group: the leader's answers, the others know who that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.api import Entry, Handler, NodeId, message
from protocols.lease.lock_server.messages import (
    Acquire,
    AcquireReply,
    Available,
    Granted,
    Release,
    Released,
    Renew,
    RenewReply,
    RequestId,
    Watch,
)
from protocols.lease.replicated_lock.machine import Answer, LockMachine, Timed
from protocols.lease.replicated_lock.parameters import ReplicatedLockParameters
from protocols.raft.service import Member, NoService, Proposal


@message
class Elsewhere:
    """Not here: ask the leader, if it is known."""

    request: RequestId
    leader: NodeId | None


class LockService(NoService):
    """Stamps each command with the time that passed, and answers when it is applied."""

    def __init__(self, member: Member, parameters: ReplicatedLockParameters) -> None:
        self.member = member
        self.host = member.host
        self.clock = self.host.wall if parameters.server_clock == "wall" else self.host.now
        self._stamped_at = 0  # on this clock: until when time is counted
        self._waiting: dict[NodeId, RequestId] = {}
        self._notify = parameters.waiters == "notify"
        self._expiry = self.host.timer("expiry", self._on_expiry)
        self.handlers: Mapping[type, Handler] = {
            Acquire: self.on_acquire,
            Renew: self.on_renew,
            Release: self.on_release,
            Watch: self.on_watch,
        }

    def became_leader(self, term: int) -> None:
        """Count time from here on: what earlier leaders counted is in the log; what lies between is lost."""
        self._stamped_at = self.clock()
        self._watch_expiry()

    def stopped_leading(self) -> None:
        """Send those who wait elsewhere; they ask again by themselves."""
        self._waiting.clear()
        self._expiry.cancel()

    def applied(self, index: int, entry: Entry, result: Any) -> None:
        """Tell the next one when the lock was given up."""
        command = entry.command
        if not (self._notify and type(command) is Proposal and type(command.command) is Timed):
            return
        if type(command.command.command) is Release and result.done:
            self._tell_next()
        self._watch_expiry()

    # Requests -----------------------------------------------------------------------------------

    def on_acquire(self, source: NodeId, asked: Acquire) -> None:
        """Refuse at once what is held by another; let the log decide the rest."""
        held = self._holder()
        if self.member.is_leader and held is not None and asked.owner != held.owner:
            self._refuse(source, asked, held.owner, held.token)
        else:
            self._propose(source, asked, lambda answer: self._answer_acquire(source, asked, answer))

    def _answer_acquire(self, source: NodeId, asked: Acquire, answer: Answer) -> None:
        if answer.done:
            self.host.send(source, AcquireReply(asked.request, True, answer.holder, answer.token))
        else:
            self._refuse(source, asked, answer.holder, answer.token)

    def _refuse(self, source: NodeId, asked: Acquire, holder: NodeId | None, token: int) -> None:
        if asked.notify:
            self._waiting[asked.owner] = asked.request
        self.host.send(source, AcquireReply(asked.request, False, holder, token))

    def on_renew(self, source: NodeId, asked: Renew) -> None:
        """Renew through the log: another leader must know of it."""
        self._propose(
            source, asked, lambda answer: self.host.send(source, RenewReply(asked.request, answer.done))
        )

    def on_release(self, source: NodeId, asked: Release) -> None:
        """Release through the log."""
        self._propose(source, asked, lambda answer: self.host.send(source, Released(asked.request)))

    def on_watch(self, source: NodeId, asked: Watch) -> None:
        """Notify whoever asks when the lock is free: at once, if it is."""
        if not self.member.is_leader:
            self.host.send(source, Elsewhere(asked.request, self.member.leader_id))
            return
        self._waiting[asked.owner] = asked.request
        if self._holder() is None:
            self._tell_next()

    def _propose(
        self, source: NodeId, asked: Acquire | Renew | Release, answer: Callable[[Answer], None]
    ) -> None:
        if not self.member.is_leader:
            self.host.send(source, Elsewhere(asked.request, self.member.leader_id))
            return
        elapsed = self._elapsed()
        self._stamped_at += elapsed
        self.member.propose(
            Timed(elapsed, asked), lambda outcome, result: answer(result) if outcome == "ok" else None
        )

    # Time and waiters ---------------------------------------------------------------------------

    @property
    def _machine(self) -> LockMachine:
        machine: LockMachine = self.member.machine.machine  # type: ignore[attr-defined]
        return machine

    def _elapsed(self) -> int:
        return max(self.clock() - self._stamped_at, 0)

    def _holder(self) -> Granted | None:
        """Return who holds the lock as far as this server has applied."""
        return self._machine.table.holder(self._machine.now + self._elapsed())

    def _tell_next(self) -> None:
        owner = next(iter(self._waiting), None)
        if owner is not None:
            self.host.send(owner, Available(self._waiting.pop(owner)))

    def _watch_expiry(self) -> None:
        if self._notify and self.member.is_leader and self._holder() is not None:
            table = self._machine.table
            self._expiry.set(max(table.expires_at - self._machine.now - self._elapsed(), 0))

    def _on_expiry(self) -> None:
        if self._holder() is not None:
            self._watch_expiry()
        else:
            self._tell_next()
