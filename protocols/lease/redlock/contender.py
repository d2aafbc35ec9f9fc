"""Redlock's client: lock a majority of independent nodes, count what is left, release what is not enough.

Source: Redis documentation, "Distributed Locks with Redis", "The Redlock Algorithm", steps 1 to 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Group, Host
from protocols.lease.holder import LeaseHolder
from protocols.lease.redlock.messages import DeleteIfEqual, Done, ExtendIfEqual, SetIfAbsent
from protocols.lease.redlock.parameters import RedlockParameters
from protocols.script import Script, Sleep


class RedlockContender(LeaseHolder):
    """A client: it leads while its lock is valid; the random value of the lock names its leadership."""

    replies = (Done,)

    def __init__(self, host: Host, group: Group, parameters: RedlockParameters, image: Any) -> None:
        self.parameters = parameters
        self.servers = group.servers
        super().__init__(host, host.wall if parameters.client_clock == "wall" else host.now)

    def run(self) -> Script:
        """Lock, keep, and start again when the lock is lost."""
        yield from self.stagger(self.parameters.retry_delay)
        while True:
            yield from self._lock()
            if self.epoch is None:
                # Random, so that clients which locked a part each do not do it again and again (step 5).
                yield from self.stagger(self.parameters.retry_delay)
            else:
                yield from self._keep(self.epoch)

    def _lock(self) -> Script:
        """Steps 1 to 5."""
        value = self.host.random.randrange(1, 1 << 62)
        self.host.note("acquiring", value)
        start = self.clock()
        locked = yield from self._ask_all(lambda request: SetIfAbsent(request, value, self.parameters.ttl))
        if locked >= self.parameters.majority:
            self.hold(value, self._valid_until(start))
        if self.epoch is None and self.parameters.release_failed:
            yield from self._unlock(value)

    def _keep(self, value: int) -> Script:
        """Extend in time until the lock is lost or given up; a failed extension is tried again."""
        parameters = self.parameters
        pause = parameters.renew_interval
        self.begin_tenure(parameters.hold_for)
        while self.epoch is not None:
            yield from self.rest(pause)
            if self.is_tenure_over():
                self.lose("released")
            elif self.epoch is not None:
                extended = yield from self._extend(value)
                pause = parameters.renew_interval if extended else min(pause, parameters.retry_delay)
        yield from self._unlock(value)
        yield Sleep(parameters.retry_delay)

    def _extend(self, value: int) -> Script:
        start = self.clock()
        extended = yield from self._ask_all(
            lambda request: ExtendIfEqual(request, value, self.parameters.ttl)
        )
        if extended < self.parameters.majority or self.epoch != value:
            return False
        self.hold(value, self._valid_until(start))
        return True

    def _unlock(self, value: int) -> Script:
        """Release all nodes, those too that seemed not to grant it: their answers may be lost."""
        yield from self._ask_all(lambda request: DeleteIfEqual(request, value))

    def _ask_all(self, command: Callable[[tuple[int, int]], Any]) -> Script:
        """Ask one node after the other (step 2); return how many said yes."""
        agreed = 0
        for server in self.servers:
            reply = yield self.call(server, command(self.next_request()), self.parameters.node_timeout)
            agreed += reply is not None and reply.ok
        return agreed

    def _valid_until(self, start: int) -> int:
        """Return until when a lock is valid whose first node was asked at `start` (step 4)."""
        if self.parameters.count_elapsed:
            return start + self.parameters.ttl - self.parameters.drift
        return self.clock() + self.parameters.ttl
