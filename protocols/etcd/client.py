"""The etcd client: connections to all members, requests spread over them, watches that resume.

Source: `client/v3` (client, watch, retry_interceptor), gRPC (round_robin, connection backoff, keepalive).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.api import Handler, Host, NodeId
from protocols.connections import Connection, Connections
from protocols.etcd.asking import Answered, Asked, ClientWatch, Endpoint
from protocols.etcd.operations import Get, Txn, WatchEvent
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.rpc import (
    KeepAliveBroken,
    KeepAliveReply,
    Ping,
    Pong,
    Unary,
    UnaryReply,
    WatchCancel,
    WatchCreate,
    WatchResponse,
)

MS = 1_000_000
BACKOFF_BASE = 1000 * MS  # gRPC, doc/connection-backoff.md
BACKOFF_FACTOR = 1.6
BACKOFF_JITTER = 0.2
BACKOFF_MAXIMUM = 120_000 * MS
TOGETHER = 10 * MS
"""Connections that have been silent for nearly as long as the first are pinged with it."""
READ_RETRY = 25 * MS
"""A read is tried again after so long, elsewhere (`defaultBackoffWaitBetween`)."""


class EtcdClient:
    """One client; its owner's `keep_alive` hears of the keep-alive stream."""

    def __init__(
        self, host: Host, servers: tuple[NodeId, ...], first: int, parameters: EtcdParameters
    ) -> None:
        self.host = host
        self._parameters = parameters
        self._connections = Connections(host, self._delivered, self._closed)
        # Each client begins at another member, and goes round.
        turned = (*servers[first % len(servers) :], *servers[: first % len(servers)])
        self._endpoints = {name: Endpoint(name) for name in turned}
        self._order = [*self._endpoints.values()]
        self._asked: dict[int, Asked] = {}
        self._watches: dict[int, ClientWatch] = {}
        self._serial = 0
        self._deadline = host.timer("request deadline", self._on_deadline)
        self._retry = host.timer("request retry", self._on_retry)
        self._resume = host.timer("watch resume", self._on_resume)
        self._keep_alive = host.timer("connection keepalive", self._on_keep_alive)
        # The stream LeaseKeepAlive, of which there is one per client.
        self.on_keep_alive_reply: Callable[[KeepAliveReply], None] = lambda reply: None
        self.on_keep_alive_broken: Callable[[], None] = lambda: None
        self._stream: Endpoint | None = None
        self.handlers: Mapping[type, Handler] = self._connections.handlers
        self._payloads: dict[type, Callable[[Endpoint, Any], None]] = {
            UnaryReply: self._on_reply,
            WatchResponse: self._on_watch_response,
            KeepAliveReply: lambda endpoint, reply: self.on_keep_alive_reply(reply),
            KeepAliveBroken: lambda endpoint, broken: self._end_stream(),
            Pong: lambda endpoint, pong: None,
        }

    def start(self) -> None:
        """Connect to all members."""
        for endpoint in self._order:
            self._connect(endpoint)
        if self._parameters.keep_alive_time:
            self._keep_alive.set(self._parameters.keep_alive_time)

    # Requests ------------------------------------------------------------------------------------

    def call(self, operation: Any, then: Answered, serializable: bool = False) -> None:
        """Ask some member; a read that fails is tried elsewhere until the timeout, a write is not."""
        self._serial += 1
        deadline = self.host.now() + self._parameters.request_timeout
        self._asked[self._serial] = Asked(operation, serializable, then, deadline)
        if len(self._asked) == 1:
            self._deadline.set(self._parameters.request_timeout)
        self._attempt(self._serial)

    def forget(self) -> None:
        """Call nobody back: whoever asked does not wait any more."""
        self._asked.clear()

    def _attempt(self, serial: int) -> None:
        asked = self._asked[serial]
        endpoint = asked.endpoint = self._pick()
        if endpoint is None or endpoint.connection is None:
            self._retry.set(READ_RETRY)
        else:
            endpoint.connection.send(Unary(serial, asked.operation, asked.serializable))

    def _on_reply(self, endpoint: Endpoint, reply: UnaryReply) -> None:
        asked = self._asked.pop(reply.serial, None)
        if asked is not None:
            asked.then(reply.outcome, reply.response)

    def _on_deadline(self) -> None:
        now = self.host.now()
        over = [serial for serial, asked in self._asked.items() if asked.deadline <= now]
        for serial in over:
            asked = self._asked.pop(serial, None)
            if asked is not None:
                asked.then("timeout", None)
        if self._asked:
            self._deadline.set(max(0, min(asked.deadline for asked in self._asked.values()) - now))

    def _on_retry(self) -> None:
        for serial in [serial for serial, asked in self._asked.items() if asked.endpoint is None]:
            self._attempt(serial)

    # Watches -------------------------------------------------------------------------------------

    def watch(
        self,
        key: str,
        revision: int,
        changed: Callable[[list[WatchEvent]], None],
        compacted: Callable[[int], None],
        prefix: bool = False,
    ) -> ClientWatch:
        """Watch a key from a revision on; it goes on at another member when the connection ends."""
        self._serial += 1
        watch = self._watches[self._serial] = ClientWatch(
            self._serial, key, prefix, revision, changed, compacted
        )
        self._place(watch)
        return watch

    def unwatch(self, watch: ClientWatch) -> None:
        """Watch no more."""
        if self._watches.pop(watch.id, None) and watch.endpoint and watch.endpoint.connection:
            watch.endpoint.connection.send(WatchCancel(watch.id))

    def _place(self, watch: ClientWatch) -> None:
        # All watches of a client are on one stream, and so at one member.
        places = (each.endpoint for each in self._watches.values() if each.endpoint is not None)
        endpoint = watch.endpoint = next(places, None) or self._pick()
        if endpoint is None or endpoint.connection is None:
            self._resume.set(READ_RETRY)
        else:
            create = WatchCreate(watch.id, watch.key, watch.prefix, watch.next_revision)
            endpoint.connection.send(create)

    def _on_resume(self) -> None:
        for watch in [watch for watch in self._watches.values() if watch.endpoint is None]:
            self._place(watch)

    def _on_watch_response(self, endpoint: Endpoint, response: WatchResponse) -> None:
        watch = self._watches.get(response.watch)
        if watch is None or watch.endpoint is not endpoint:
            return
        if response.compact_revision:
            del self._watches[watch.id]
            watch.compacted(response.compact_revision)
            return
        # After it resumed elsewhere nothing comes twice: a watch begins where the last one ended.
        watch.next_revision = response.events[-1].kv.mod_revision + 1
        watch.changed(list(response.events))

    # The keep-alive stream -----------------------------------------------------------------------

    def open_stream(self) -> bool:
        """Begin a keep-alive stream at some member; return whether there is one."""
        self._stream = self._pick()
        return self._stream is not None

    def send_keep_alive(self, message: Any) -> None:
        """Send on the stream; lost where it has just ended."""
        if self._stream is not None and self._stream.connection is not None:
            self._stream.connection.send(message)

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream = None
            self.on_keep_alive_broken()

    # Connections ---------------------------------------------------------------------------------

    def _pick(self) -> Endpoint | None:
        """Return the next member that is connected, or else the next that may become so."""
        now = self.host.now()
        for endpoint in self._order:
            if endpoint.connection is None and endpoint.retry_at <= now:
                self._connect(endpoint)
        connected = [each for each in self._order if each.connection is not None]
        ready = [each for each in connected if each.connection is not None and each.connection.opened]
        chosen = next(iter(ready or connected), None)
        if chosen is not None:
            self._order.remove(chosen)
            self._order.append(chosen)
        return chosen

    def _connect(self, endpoint: Endpoint) -> None:
        endpoint.connection = self._connections.open(endpoint.name)
        endpoint.pinged_at = 0

    def _delivered(self, connection: Connection, payload: Any) -> None:
        endpoint = self._endpoints[connection.peer]
        if endpoint.connection is connection:
            endpoint.failures = endpoint.pinged_at = 0
            self._payloads[type(payload)](endpoint, payload)

    def _closed(self, connection: Connection) -> None:
        """Go on elsewhere: watches and reads; a write may or may not have been done."""
        endpoint = self._endpoints[connection.peer]
        if endpoint.connection is not connection:
            return
        self._back_off(endpoint)
        for watch in self._watches.values():
            if watch.endpoint is endpoint:
                watch.endpoint = None
        self._resume.set(0)
        lost = [(serial, asked) for serial, asked in self._asked.items() if asked.endpoint is endpoint]
        for serial, asked in lost:
            asked.endpoint = None
            if not isinstance(asked.operation, Get) and not _reads(asked.operation):
                del self._asked[serial]
                asked.then("unavailable", None)
        self._retry.set(0)
        if self._stream is endpoint:
            self._end_stream()

    def _back_off(self, endpoint: Endpoint) -> None:
        wait = min(BACKOFF_BASE * BACKOFF_FACTOR**endpoint.failures, BACKOFF_MAXIMUM)
        jitter = 1 + BACKOFF_JITTER * (2 * self.host.random.random() - 1)
        endpoint.connection = None
        endpoint.failures += 1
        endpoint.retry_at = self.host.now() + int(wait * jitter)

    def _on_keep_alive(self) -> None:
        """Ping the connections that are silent, and give up those that stay so (gRPC keepalive)."""
        now, every = self.host.now(), self._parameters.keep_alive_time
        patience, at = self._parameters.keep_alive_timeout, now + every
        for endpoint in self._order:
            connection = endpoint.connection
            if connection is None:
                continue
            if connection.heard_at > endpoint.pinged_at:
                endpoint.pinged_at = 0
            if endpoint.pinged_at and now - endpoint.pinged_at >= patience:
                self._connections.close(connection)
                self._closed(connection)
            elif not endpoint.pinged_at and now - connection.heard_at >= every - TOGETHER:
                endpoint.pinged_at = now
                connection.send(Ping())
            pinged_at = endpoint.pinged_at
            at = min(at, pinged_at + patience if pinged_at else connection.heard_at + every)
        self._keep_alive.set(max(MS, at - now))


def _reads(operation: Any) -> bool:
    return isinstance(operation, Txn) and all(
        isinstance(each, Get) for each in (*operation.success, *operation.failure)
    )
