"""Who wants the lock: acquire, hold and renew, release."""

from __future__ import annotations

from typing import Any, ClassVar

from protocols.api import Group, Host, NodeId
from protocols.lease.holder import LeaseHolder
from protocols.lease.lock_server.messages import (
    Acquire,
    AcquireReply,
    Available,
    Release,
    Released,
    Renew,
    RenewReply,
    Watch,
)
from protocols.lease.lock_server.parameters import LeaseParameters
from protocols.script import Script, Sleep


class LockContender(LeaseHolder):
    """A client of a lock service: it leads while it holds the lock."""

    replies: ClassVar[tuple[type, ...]] = (AcquireReply, RenewReply, Released, Available)

    def __init__(self, host: Host, group: Group, parameters: LeaseParameters, image: Any) -> None:
        self.parameters = parameters
        self.servers = group.servers
        self.server: NodeId = group.servers[0]
        super().__init__(host, host.wall if parameters.client_clock == "wall" else host.now)

    def run(self) -> Script:
        """Acquire, keep, and start again when the lease is lost."""
        yield from self.stagger(self.parameters.poll_interval)
        while True:
            yield from self._acquire()
            yield from self._keep()

    def _acquire(self) -> Script:
        parameters = self.parameters
        while self.epoch is None:
            request, sent = self.next_request(), self.clock()
            asked = Acquire(request, self.host.id, parameters.ttl, parameters.waiters == "notify")
            reply = yield from self._ask(asked)
            if type(reply) is Available:  # it has overtaken the refusal
                continue
            if reply is not None and reply.granted:
                self.hold(reply.token, self._valid_until(sent))
            elif reply is not None and reply.holder is not None:
                self.learn(reply.holder, reply.token)
            if self.epoch is None:
                yield from self._wait(reply is not None)

    def _wait(self, answered: bool) -> Script:
        """Wait until it is time to ask again, or until somebody says that the lock is free."""
        if not answered or self.parameters.waiters == "poll":
            yield Sleep(self.parameters.poll_interval)
            return
        watch = Watch(self.next_request(), self.host.id)
        yield self.call(self.server, watch, self.parameters.poll_interval)

    def _keep(self) -> Script:
        """Renew until the lease is lost or given up; a failed renewal is tried again while it lasts."""
        parameters = self.parameters
        pause = parameters.renew_interval
        self.begin_tenure(parameters.hold_for)
        while self.epoch is not None:
            yield from self.rest(pause)
            if self.is_tenure_over():
                yield from self._release()
            elif self.epoch is not None:
                renewed = yield from self._renew(self.epoch)
                pause = parameters.renew_interval if renewed else min(pause, parameters.poll_interval)

    def _renew(self, token: int) -> Script:
        sent = self.clock()
        reply = yield from self._ask(Renew(self.next_request(), token))
        if reply is None or self.epoch != token:
            return False
        if reply.renewed:
            self.hold(token, self._valid_until(sent))
        else:
            self.lose("not renewed")
        return True

    def _release(self) -> Script:
        """Stop acting first, then let go: the other order lets two act (client-go, ReleaseOnCancel)."""
        token = self.epoch
        if token is not None:
            self.lose("released")
            yield from self._ask(Release(self.next_request(), token))
            yield Sleep(self.parameters.poll_interval)

    def _valid_until(self, sent: int) -> int:
        """Return until when a lease counts that was asked for at `sent`."""
        start = self.clock() if self.parameters.validity_from == "reply" else sent
        return start + self.parameters.validity

    def _ask(self, message: Any) -> Script:
        # The news that the lock is free may overtake the refusal.
        return (yield self.call(self.server, message, self.parameters.request_timeout, but=Available))
