"""Connections: reliable, ordered messages over a network that loses, repeats and reorders.

What TCP does for the clients of a coordination service. A connection is opened by one side, carries
messages both ways, and ends when a side closes it, when its process ends, or when nothing is
acknowledged for too long. Deviations from TCP: no window and no congestion control, acknowledgements
are not delayed, and TLS and HTTP/2 cost no round trips.
Source: RFC 9293, RFC 6298 (retransmission).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.api import Handler, Host, NodeId, Refused
from protocols.segments import Acknowledged, Open, Opened, Reset, Segment

__all__ = ["Acknowledged", "Connection", "Connections", "Open", "Opened", "Reset", "Segment"]

MS = 1_000_000
FIRST_RTO = 1000 * MS  # RFC 6298 (2.1): before any round trip was measured
MINIMUM_RTO = 200 * MS  # Linux, TCP_RTO_MIN
MAXIMUM_RTO = 120_000 * MS  # Linux, TCP_RTO_MAX
RETRIES = 15  # Linux, net.ipv4.tcp_retries2


class Connection:
    """One end of a connection; `opened` is false until the other side has agreed."""

    __slots__ = (
        "_ahead", "_deadline", "_expected", "_number", "_resent", "_rto", "_sent_at", "_unacknowledged",
        "ends", "heard_at", "id", "is_open", "opened", "opener", "owner", "peer", "service",
    )  # fmt: skip

    def __init__(self, ends: Connections, peer: NodeId, id: int, opener: bool, service: str) -> None:
        self.ends = ends
        self.peer = peer
        self.id = id
        self.opener = opener
        self.service = service
        self.owner: Any = None  # whatever the process wants to find again
        self.is_open = True
        self.opened = not opener
        self.heard_at = ends.host.now()  # when the peer last said anything, on the local clock
        self._number = 0  # of the next segment
        self._unacknowledged: dict[int, Any] = {}
        self._expected = 0
        self._ahead: dict[int, Any] = {}  # segments that came before their turn
        self._rto = FIRST_RTO
        self._sent_at = self._deadline = 0
        self._resent = 0  # how often, since something was acknowledged

    @property
    def waits(self) -> bool:
        """Return whether something is to be sent again if nothing comes."""
        return bool(self._unacknowledged) or not self.opened

    @property
    def deadline(self) -> int:
        """When to send again, on the local clock."""
        return self._deadline

    def send(self, payload: Any) -> None:
        """Send a message; it arrives once and in order, or the connection ends (or has ended)."""
        if not self.is_open:
            return
        number = self._number
        self._number += 1
        if not self._unacknowledged:
            self._restart()
        self._unacknowledged[number] = payload
        if self.opened:
            self.ends.host.send(self.peer, Segment(self.id, self.opener, number, payload))

    def open(self) -> None:
        """Ask for the connection."""
        self._restart()
        self.ends.host.send(self.peer, Open(self.id, self.service))

    def on_opened(self) -> None:
        """Send what waited for the connection."""
        if self.opened:
            return
        self.opened = True
        self._measure()
        self._restart()
        for number, payload in self._unacknowledged.items():
            self.ends.host.send(self.peer, Segment(self.id, self.opener, number, payload))

    def on_segment(self, number: int, payload: Any) -> list[Any]:
        """Return what can be delivered now, in order, and acknowledge it."""
        if number >= self._expected:
            self._ahead[number] = payload
        ready = []
        while self._expected in self._ahead:
            ready.append(self._ahead.pop(self._expected))
            self._expected += 1
        self.ends.host.send(self.peer, Acknowledged(self.id, self.opener, self._expected))
        return ready

    def on_acknowledged(self, number: int) -> None:
        """Forget what arrived."""
        arrived = [each for each in self._unacknowledged if each < number]
        if not arrived:
            return
        for each in arrived:
            del self._unacknowledged[each]
        self._measure()
        self._restart()

    def send_again(self) -> bool:
        """Send all that was not acknowledged; return False when it was done too often."""
        self._resent += 1
        if self._resent > RETRIES:
            return False
        self._rto = min(2 * self._rto, MAXIMUM_RTO)
        self._deadline = self.ends.host.now() + self._rto
        if not self.opened:
            self.ends.host.send(self.peer, Open(self.id, self.service))
            return True
        for number, payload in self._unacknowledged.items():
            self.ends.host.send(self.peer, Segment(self.id, self.opener, number, payload))
        return True

    def _restart(self) -> None:
        self._resent = 0
        self._sent_at = self.ends.host.now()
        self._deadline = self._sent_at + self._rto
        self.ends.expect(self._deadline)

    def _measure(self) -> None:
        # One sample at a time, and none from what was sent twice (RFC 6298 (3)): the first one makes
        # SRTT + 4 RTTVAR = 3 R (2.2), and so does each later one here.
        if not self._resent:
            self._rto = max(MINIMUM_RTO, 3 * (self.ends.host.now() - self._sent_at))


class Connections:
    """All connections of one process; `handlers` are to be among those of the process."""

    __slots__ = (
        "_accepted",
        "_closed",
        "_delivered",
        "_last_id",
        "_offers",
        "_open",
        "_timer",
        "_timer_at",
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
        self._last_id = 0
        self._timer = host.timer("retransmission", self._on_timer)
        self._timer_at = 0  # 0: not set
        self.handlers: Mapping[type, Handler] = {
            Open: self.on_open,
            Opened: self.on_opened,
            Segment: self.on_segment,
            Acknowledged: self.on_acknowledged,
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
            self.host.send(connection.peer, Reset(connection.id, connection.opener))

    def expect(self, deadline: int) -> None:
        """Look at `deadline` for what was not acknowledged."""
        if not self._timer_at or deadline < self._timer_at:
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
        for payload in connection.on_segment(message.number, message.payload):
            if connection.is_open:
                self._delivered(connection, payload)

    def on_acknowledged(self, source: NodeId, message: Acknowledged) -> None:
        """Forget what arrived."""
        connection = self._find(source, message.connection, message.from_opener)
        if connection is not None:
            connection.on_acknowledged(message.number)

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

    def _end(self, connection: Connection) -> None:
        self._forget(connection)
        self._closed(connection)

    def _forget(self, connection: Connection) -> None:
        connection.is_open = False
        self._tables(connection.opener).pop((connection.peer, connection.id), None)

    def _tables(self, opener: bool) -> dict[tuple[NodeId, int], Connection]:
        return self._open if opener else self._accepted

    def _find(self, source: NodeId, id: int, from_opener: bool) -> Connection | None:
        connection = self._tables(not from_opener).get((source, id))
        if connection is None:
            self.host.send(source, Reset(id, not from_opener))
        else:
            connection.heard_at = self.host.now()
        return connection

    def _on_timer(self) -> None:
        now, self._timer_at = self.host.now(), 0
        for connection in self:
            if (
                connection.is_open
                and connection.waits
                and connection.deadline <= now
                and not connection.send_again()
            ):
                self._end(connection)
        waiting = [connection.deadline for connection in self if connection.waits]
        if waiting:
            self.expect(min(waiting))
