"""A client's handle: connection, session, watches, as the programs know them (ClientCnxn.java).

It learns of the world only what a real one does: that a server is silent or gone (Disconnected), that it
is connected again (with or without its session), and, from a server alone, that its session has expired.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Host, NodeId
from protocols.connections import Connection, Connections
from protocols.zookeeper.messages import (
    Answer,
    Call,
    ClientPing,
    ClientPong,
    Connect,
    Connected,
    SetWatches,
    WatchedEvent,
)
from protocols.zookeeper.parameters import ZooKeeperParameters

MS = 1_000_000
DISCONNECTED, CONNECTED, EXPIRED = "disconnected", "connected", "expired"
CONNECTION_LOSS, SESSION_EXPIRED = "connection_loss", "session_expired"
PING_EARLY_NS = 1_000 * MS
"""A ping leaves this much before it is due, so that the next one is not missed (ClientCnxn.run)."""
PING_MAX_NS = 10_000 * MS
"""MAX_SEND_PING_INTERVAL."""

Done = Callable[[str, Any], None]
"""Called with an error ("": none) and a value."""


class ZooKeeperClient:
    """One handle: `changed(state)` is called when its state changes, `event(event)` when a watch fires."""

    def __init__(
        self,
        host: Host,
        servers: tuple[NodeId, ...],
        parameters: ZooKeeperParameters,
        changed: Callable[[str], None],
        event: Callable[[WatchedEvent], None],
    ) -> None:
        self._host = host
        self._parameters = parameters
        self._changed = changed
        self._event = event
        self.connections = Connections(host, self._delivered, self._closed, lambda service: False)
        # The list of servers begins anywhere (StaticHostProvider shuffles it).
        first = host.random.randrange(0, len(servers))
        self._servers = servers[first:] + servers[:first]
        self._next = 0
        self.state = DISCONNECTED
        self.session = 0
        self.timeout = parameters.session_timeout
        self._password = 0
        self.last_zxid = 0
        self._xid = 0
        self._connection: Connection | None = None
        self._pending: dict[int, tuple[tuple[Any, ...], Done]] = {}
        self.watched: dict[str, dict[str, None]] = {"data": {}, "exist": {}, "child": {}}
        self._sent_at = 0
        self._connect_timer = host.timer("connect", self._on_connect_timer)
        self._silence_timer = host.timer("silence", self._on_silence)
        self.ping_timer = host.timer("ping", self._on_ping_timer)
        self._packets: dict[type, Callable[[Any], None]] = {
            Connected: self._on_connected,
            Answer: self._on_answer,
            WatchedEvent: self._on_event,
            ClientPong: lambda pong: None,
        }

    @property
    def read_timeout(self) -> int:
        """Return after how long a silent server is given up: two thirds of the session's timeout."""
        return self.timeout * 2 // 3

    # Connecting ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect for the first time."""
        self._connect()

    def _connect(self) -> None:
        server = self._servers[self._next]
        self._next = (self._next + 1) % len(self._servers)
        self._connection = self.connections.open(server, "client")
        self._connection.send(Connect(self.session, self._password, self.timeout, self.last_zxid))
        self._connect_timer.set(self.timeout // len(self._servers))

    def _on_connect_timer(self) -> None:
        """The server did not answer in time, or the time to wait before connecting is over."""
        if self._connection is None:
            self._connect()
        else:
            self._lose()

    def _closed(self, connection: Connection) -> None:
        if connection is self._connection:
            self._lose()

    def _on_silence(self) -> None:
        self._lose()

    def _lose(self) -> None:
        """The connection is gone: what is under way may have happened or not; try another server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.connections.close(connection)
        self._silence_timer.cancel()
        self.ping_timer.cancel()
        low, high = self._parameters.reconnect_delay
        self._connect_timer.set(self._host.random.randrange(low, max(high, low + 1)))
        self._become(DISCONNECTED)
        self._fail_all(CONNECTION_LOSS)

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._changed(state)

    def _fail_all(self, error: str) -> None:
        pending, self._pending = self._pending, {}
        for _, done in pending.values():
            done(error, None)

    # What the server says -----------------------------------------------------------------------

    def _delivered(self, connection: Connection, payload: Any) -> None:
        if connection is self._connection:
            if self.state == CONNECTED:
                self._silence_timer.set(self.read_timeout)
            self._packets[type(payload)](payload)

    def _on_connected(self, connected: Connected) -> None:
        self._connect_timer.cancel()
        if not connected.session:
            self._expire()
            return
        self.session, self._password = connected.session, connected.password
        self.timeout = connected.timeout
        self._silence_timer.set(self.read_timeout)
        self._restore_watches()
        self._schedule_ping()
        self._become(CONNECTED)

    def _expire(self) -> None:
        """Only a server can say so. The handle is dead; what it becomes is a new session."""
        connection, self._connection = self._connection, None
        assert connection is not None
        self.connections.close(connection)
        self.session = self._password = self.last_zxid = 0
        self.timeout = self._parameters.session_timeout
        for paths in self.watched.values():
            paths.clear()
        self._become(EXPIRED)
        self._fail_all(SESSION_EXPIRED)
        self._become(DISCONNECTED)
        self._connect()

    def _restore_watches(self) -> None:
        data, exist, child = (tuple(self.watched[kind]) for kind in ("data", "exist", "child"))
        if data or exist or child:
            self._send(SetWatches(self.last_zxid, data, exist, child))

    def _on_answer(self, answer: Answer) -> None:
        self.last_zxid = max(self.last_zxid, answer.zxid)
        operation, done = self._pending.pop(answer.xid)
        self._register(operation, answer)
        done(answer.error, answer.value)

    def _register(self, operation: tuple[Any, ...], answer: Answer) -> None:
        """Remember what is watched at the server, to renew it elsewhere."""
        name = operation[0]
        if name not in _WATCHED_BY or not operation[2]:
            return
        if not answer.error:
            kind = "exist" if name == "exists" and answer.value is None else _WATCHED_BY[name]
            self.watched[kind][operation[1]] = None

    def _on_event(self, event: WatchedEvent) -> None:
        self.last_zxid = max(self.last_zxid, event.zxid)
        for kind in _KINDS[event.kind]:
            self.watched[kind].pop(event.path, None)
        self._event(event)

    # Calls and pings ----------------------------------------------------------------------------

    def call(self, operation: tuple[Any, ...], done: Done) -> None:
        """Ask the server; without a connection the answer is a connection loss at once."""
        if self.state != CONNECTED:
            done(CONNECTION_LOSS, None)
            return
        self._xid += 1
        self._pending[self._xid] = operation, done
        self._send(Call(self._xid, operation))

    def _send(self, packet: Any) -> None:
        assert self._connection is not None
        self._sent_at = self._host.now()
        self._connection.send(packet)

    def _schedule_ping(self) -> None:
        """Ping when nothing was sent for a third of the timeout, or a second less if that is long."""
        gap = min(self.read_timeout // 2, PING_MAX_NS)
        self.ping_timer.set(gap - PING_EARLY_NS if gap > 2 * PING_EARLY_NS else gap)

    def _on_ping_timer(self) -> None:
        self._send(ClientPing())
        self._schedule_ping()


_WATCHED_BY = {"exists": "data", "get_data": "data", "get_children": "child"}
_KINDS = {
    "created": ("exist", "data"),
    "changed": ("data",),
    "deleted": ("data", "exist", "child"),
    "children": ("child",),
}


class KazooClient(ZooKeeperClient):
    """kazoo 2.11's: pings a little before they are due, and gives up when the last was not answered.

    Source: kazoo/protocol/connection.py, ConnectionHandler._connect_attempt.
    """

    _unanswered = False

    def _delivered(self, connection: Connection, payload: Any) -> None:
        super()._delivered(connection, payload)
        if type(payload) is ClientPong:
            self._unanswered = False
        if self.state == CONNECTED and connection is self._connection:
            self._schedule_ping()

    def _schedule_ping(self) -> None:
        jitter = self._host.random.randrange(1, 41) * 10 * MS
        due = self._sent_at + self.read_timeout // 2 - jitter
        self.ping_timer.set(max(due - self._host.now(), jitter))

    def _on_ping_timer(self) -> None:
        if self._unanswered:
            self._unanswered = False
            self._lose()
            return
        if self._host.now() - self._sent_at >= self.read_timeout // 2 - 400 * MS:
            self._unanswered = True
            self._send(ClientPing())
        self._schedule_ping()
