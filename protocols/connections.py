"""Connections: reliable, ordered messages over a network that loses, repeats and reorders.

What TCP does for the clients of a coordination service. A connection is opened by one side, carries
messages both ways, and ends when a side closes it, when its process ends, or when nothing is
acknowledged for too long. Deviations from TCP: no window and no congestion control, acknowledgements
are not delayed, and TLS and HTTP/2 cost no round trips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.api import Handler, Host, NodeId, Refused
from protocols.connection import Connection
from protocols.segments import Acknowledged, Close, Closed, Open, Opened, Reset, Segment

__all__ = ["Connection", "Connections"]


class Connections:
    """All connections of one process; `handlers` are to be among those of the process."""

    __slots__ = (
        "_accepted",
        "_closed",
        "_delivered",
        "_last_id",
        "_leaving",
        "_offers",
        "_open",
        "_timer",
        "_timer_at",
        "_waiting",
        "handlers",
        "host",
    )

    def __init__(
        self,
        host: Host,
        delivered: Callable[[Connection, Any], None],
        closed: Callable[[Connection], None],
        offers: Callable[[str], bool] = lambda service: True,
    ) -> None:
        self.host = host
        self._offers = offers  # whether connections to that service are taken just now
        self._delivered = delivered
        self._closed = closed
        # By peer and number; those that the peer opened apart from our own.
        self._open: dict[tuple[NodeId, int], Connection] = {}
        self._accepted: dict[tuple[NodeId, int], Connection] = {}
        self._waiting: dict[Connection, None] = {}  # something is to be sent again if nothing comes
        self._leaving: dict[tuple[NodeId, int, bool], Connection] = {}
        self._last_id = 0
        self._timer = host.timer("retransmission", self._on_timer)
        self._timer_at = 0  # 0: not set
        self.handlers: Mapping[type, Handler] = {
            Open: self.on_open,
            Opened: self.on_opened,
            Segment: self.on_segment,
            Acknowledged: self.on_acknowledged,
            Close: self.on_close,
            Closed: self.on_closed,
            Reset: self.on_reset,
            Refused: self.on_refused,
        }

    def __iter__(self) -> Any:
        """Iterate over the connections, the oldest first."""
        return iter([*self._open.values(), *self._accepted.values()])

    def open(self, peer: NodeId, service: str = "") -> Connection:
        """Return a new connection to `peer`; what is sent on it waits until the peer agrees."""
        # Unique in all incarnations of this process: its clock goes on.
        self._last_id = max(self._last_id + 1, self.host.now())
        connection = Connection(self, peer, self._last_id, True, service)
        self._open[peer, self._last_id] = connection
        self.host.connect(peer)
        connection.open()
        return connection

    def close(self, connection: Connection) -> None:
        """End a connection from this side; `closed` is not called."""
        if connection.is_open:
            self._forget(connection)
            if connection.opened:
                self._leaving[connection.peer, connection.id, connection.opener] = connection
                connection.leave()
            else:
                self.host.send(connection.peer, Reset(connection.id, connection.opener))

    def expect(self, connection: Connection) -> None:
        """Send again at its deadline, unless it is acknowledged by then."""
        self._waiting[connection] = None
        deadline = connection.deadline
        if not self._timer_at or deadline < self._timer_at:
            self._look_at(deadline)

    def rest(self, connection: Connection) -> None:
        """Everything is acknowledged, or does not matter any more."""
        self._waiting.pop(connection, None)
        if not self._waiting and self._timer_at:
            self._timer_at = 0
            self._timer.cancel()

    def _look_at(self, deadline: int) -> None:
        self._timer_at = deadline
        self._timer.set(max(0, deadline - self.host.now()))

    def on_open(self, source: NodeId, message: Open) -> None:
        """Agree to a connection, or refuse it."""
        key = source, message.connection
        if key not in self._accepted:
            if not self._offers(message.service):
                self.host.send(source, Reset(message.connection, False))
                return
            self._accepted[key] = Connection(self, source, message.connection, False, message.service)
            self.host.connect(source)
        self.host.send(source, Opened(message.connection))

    def on_opened(self, source: NodeId, message: Opened) -> None:
        """Begin to use a connection."""
        connection = self._find(source, message.connection, False)
        if connection is not None:
            connection.on_opened()

    def on_segment(self, source: NodeId, message: Segment) -> None:
        """Deliver what is in order."""
        connection = self._find(source, message.connection, message.from_opener)
        if connection is None:
            return
        if connection.is_next(message.number):  # nearly always
            self._delivered(connection, message.payload)
            return
        for payload in connection.on_segment(message.number, message.payload):
            if connection.is_open:
                self._delivered(connection, payload)

    def on_acknowledged(self, source: NodeId, message: Acknowledged) -> None:
        """Forget what arrived."""
        connection = self._find(source, message.connection, message.from_opener)
        if connection is not None:
            connection.on_acknowledged(message.number)

    def on_close(self, source: NodeId, message: Close) -> None:
        """End a connection that the peer has closed, and say so: also when its word comes again."""
        self.host.send(source, Closed(message.connection, message.from_opener))
        connection = self._tables(not message.from_opener).get((source, message.connection))
        if connection is not None:
            self._end(connection)

    def on_closed(self, source: NodeId, message: Closed) -> None:
        """Forget a connection of which the peer knows that it is over."""
        connection = self._leaving.pop((source, message.connection, message.from_opener), None)
        if connection is not None:
            self.rest(connection)

    def on_reset(self, source: NodeId, message: Reset) -> None:
        """End a connection that the peer does not have."""
        connection = self._tables(not message.from_opener).get((source, message.connection))
        if connection is not None:
            self._end(connection)

    def on_refused(self, source: NodeId, refused: Refused) -> None:
        """End all connections with a process that is gone."""
        for connection in [each for each in self if each.peer == source]:
            if connection.is_open:
                self._end(connection)
        for key in [key for key in self._leaving if key[0] == source]:
            self.rest(self._leaving.pop(key))

    def _end(self, connection: Connection) -> None:
        self._forget(connection)
        self._closed(connection)

    def _forget(self, connection: Connection) -> None:
        connection.is_open = False
        self.rest(connection)
        self._tables(connection.opener).pop((connection.peer, connection.id), None)

    def _tables(self, opener: bool) -> dict[tuple[NodeId, int], Connection]:
        return self._open if opener else self._accepted

    def _find(self, source: NodeId, id: int, from_opener: bool) -> Connection | None:
        connection = (self._accepted if from_opener else self._open).get((source, id))
        if connection is None:
            self.host.send(source, Reset(id, not from_opener))
        else:
            connection.heard_at = self.host.now()
        return connection

    def _on_timer(self) -> None:
        now, self._timer_at = self.host.now(), 0
        waiting = self._waiting
        for connection in tuple(waiting):
            if connection in waiting and connection.deadline <= now and not connection.send_again():
                if connection.leaving:
                    del self._leaving[connection.peer, connection.id, connection.opener]
                    self.rest(connection)
                else:
                    self._end(connection)
        if waiting:
            self._look_at(min(each.deadline for each in waiting))
