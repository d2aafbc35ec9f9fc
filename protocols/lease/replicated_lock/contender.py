"""A client of the replicated lock service: that of the lock server, which looks for the leader."""

from __future__ import annotations

from typing import Any, ClassVar

from protocols.lease.lock_server.contender import LockContender
from protocols.lease.lock_server.messages import AcquireReply, Available, Released, RenewReply
from protocols.lease.replicated_lock.service import Elsewhere
from protocols.script import Script


class ReplicatedLockContender(LockContender):
    """Asks the server that it takes for the leader; a hint is followed at once, silence turns to the next."""

    replies: ClassVar[tuple[type, ...]] = (AcquireReply, RenewReply, Released, Available, Elsewhere)

    def _ask(self, message: Any) -> Script:
        """Return the leader's reply; None when nobody that was asked is the leader, or it is silent."""
        for _ in self.servers:
            reply = yield self.call(self.server, message, self.parameters.request_timeout, Available)
            if not isinstance(reply, Elsewhere):
                if reply is None:
                    self._turn()
                return reply
            if reply.leader is None or reply.leader == self.server:
                self._turn()
                return None
            self.server = reply.leader
        return None

    def _turn(self) -> None:
        self.server = self.servers[(self.servers.index(self.server) + 1) % len(self.servers)]
