"""A session: a lease that the client keeps alive, and the news that it is over.

Source: `client/v3/lease.go` (sendKeepAliveLoop, recvKeepAlive, deadlineLoop),
`client/v3/concurrency/session.go`.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.etcd.client import EtcdClient
from protocols.etcd.operations import NO_LEASE, LeaseId, LeaseRevoke
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.rpc import KeepAlive, KeepAliveReply

MS = 1_000_000
RETRY_WAIT = 500 * MS
"""A stream that broke is opened again after so long; keep-alives are sent at most so often."""
DEADLINE_INTERVAL = 1000 * MS
FIRST_DEADLINE = 5000 * MS
"""A first keep-alive must be answered so soon, whatever the TTL (`defaultTTL`)."""


class Session:
    """Keeps one lease at a time alive until it is lost; then `done(reason)` is called, once."""

    def __init__(self, client: EtcdClient, parameters: EtcdParameters, done: Callable[[str], None]) -> None:
        host = self._host = client.host
        self._client = client
        self._by_request = parameters.deadline == "request"
        self._validity = parameters.validity
        self._done = done
        self.lease: LeaseId = NO_LEASE
        self.over = True
        self._deadline = self._next = 0
        self._number = host.now()  # of the last keep-alive
        self._sent_at: dict[int, int] = {}  # when those were sent that are not answered
        # Made once: a process has one timer of a name, and that keeps its first callback.
        self._send_loop = host.timer("keep-alive loop", self._on_send_loop)
        self._deadline_loop = host.timer("deadline loop", self._on_deadline_loop)
        self._reconnect = host.timer("keep-alive reconnect", self._on_reconnect)
        client.on_keep_alive_reply = self._on_reply
        client.on_keep_alive_broken = self._on_broken

    def begin(self, lease: LeaseId, asked_at: int) -> None:
        """Keep a lease alive that was granted, and asked for at `asked_at` on the local clock."""
        self.orphan()
        self.lease, self.over = lease, False
        now = self._next = self._host.now()
        if self._by_request:
            self._deadline = asked_at + self._validity
            self._deadline_loop.set(max(0, self._deadline - now))
        else:
            self._deadline = now + FIRST_DEADLINE
            self._deadline_loop.set(DEADLINE_INTERVAL)
        self._on_reconnect()

    @property
    def alive(self) -> bool:
        """Return whether the lease still counts: to whoever asks, at the instant of asking."""
        return not self.over and not (self._by_request and self._host.now() >= self._deadline)

    def close(self) -> None:
        """Stop, and revoke the lease; whether that succeeds does not matter, since it would expire."""
        self.orphan()
        self._client.call(LeaseRevoke(self.lease), lambda outcome, response: None)

    def orphan(self) -> None:
        """Stop without a word to anybody."""
        self.over = True
        self._sent_at.clear()
        for timer in (self._send_loop, self._deadline_loop, self._reconnect):
            timer.cancel()

    def _end(self, reason: str) -> None:
        self.orphan()
        self._done(reason)

    def _on_send_loop(self) -> None:
        now = self._host.now()
        self._send_loop.set(_turns(RETRY_WAIT, self._next - now))
        if self._next <= now:
            self._number += 1
            self._sent_at[self._number] = now
            self._client.send_keep_alive(KeepAlive(self.lease, self._number))

    def _on_reply(self, reply: KeepAliveReply) -> None:
        # What an earlier stream was sent does not count: nobody listens to it any more.
        sent_at = self._sent_at.pop(reply.number, None)
        if sent_at is None or reply.lease != self.lease or self.over:
            return
        if reply.ttl_ns <= 0:
            self._end("lease expired")
            return
        now = self._host.now()
        self._next = now + reply.ttl_ns // 3
        if self._by_request:
            self._deadline = max(self._deadline, sent_at + self._validity)
            self._deadline_loop.set(max(0, self._deadline - now))
        else:
            self._deadline = now + reply.ttl_ns

    def _on_deadline_loop(self) -> None:
        now = self._host.now()
        # The product's loop asks whether the deadline is before now; ours must end at the deadline itself.
        if self._deadline < now or (self._by_request and self._deadline == now):
            self._end("keep-alive deadline")
        else:
            self._deadline_loop.set(_turns(DEADLINE_INTERVAL, self._deadline + 1 - now))

    def _on_broken(self) -> None:
        if self.over:
            return
        self._send_loop.cancel()
        self._sent_at.clear()
        self._reconnect.set(RETRY_WAIT)

    def _on_reconnect(self) -> None:
        if self._client.open_stream():
            self._on_send_loop()
        else:
            self._reconnect.set(RETRY_WAIT)


def _turns(length: int, until: int) -> int:
    """Return how long a loop sleeps that looks every `length`, if it has nothing to do before `until`."""
    return max(1, -(-until // length)) * length
