"""One end of a connection: what was sent and not acknowledged, what came before its turn, and when to resend.

Source: RFC 9293, RFC 6298 (retransmission).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocols.api import NodeId
from protocols.segments import Acknowledged, Close, Open, Segment

if TYPE_CHECKING:
    from protocols.connections import Connections

MS = 1_000_000
FIRST_RTO = 1000 * MS  # RFC 6298 (2.1): before any round trip was measured
MINIMUM_RTO = 200 * MS  # Linux, TCP_RTO_MIN
MAXIMUM_RTO = 120_000 * MS  # Linux, TCP_RTO_MAX
RETRIES = 15  # Linux, net.ipv4.tcp_retries2
CLOSE_RETRIES = 8  # Linux, net.ipv4.tcp_orphan_retries: what 0 stands for


class Connection:
    """One end of a connection; `opened` is false until the other side has agreed."""

    __slots__ = (
        "_ahead", "_expected", "_number", "_resent", "_rto", "_sent_at", "_unacknowledged", "deadline",
        "ends", "heard_at", "id", "is_open", "leaving", "opened", "opener", "owner", "peer", "service",
    )  # fmt: skip

    def __init__(self, ends: Connections, peer: NodeId, id: int, opener: bool, service: str) -> None:
        self.ends = ends
        self.peer = peer
        self.id = id
        self.opener = opener
        self.service = service
        self.owner: Any = None  # whatever the process wants to find again
        self.is_open = True
        self.leaving = False  # closed here, and the peer has not said that it knows
        self.opened = not opener
        self.heard_at = ends.host.now()  # when the peer last said anything, on the local clock
        self._number = 0  # of the next segment
        self._unacknowledged: dict[int, Any] = {}
        self._expected = 0
        self._ahead: dict[int, Any] = {}  # segments that came before their turn
        self._rto = FIRST_RTO
        self._sent_at = 0
        self.deadline = 0  # when to send again, on the local clock
        self._resent = 0  # how often, since something was acknowledged

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

    def leave(self) -> None:
        """Say that it is over, until the peer knows."""
        self.leaving = True
        self._restart()
        self.ends.host.send(self.peer, Close(self.id, self.opener))

    def on_opened(self) -> None:
        """Send what waited for the connection."""
        if self.opened:
            return
        self.opened = True
        self._measure()
        if self._unacknowledged:
            self._restart()
        else:
            self.ends.rest(self)
        for number, payload in self._unacknowledged.items():
            self.ends.host.send(self.peer, Segment(self.id, self.opener, number, payload))

    def is_next(self, number: int) -> bool:
        """Return whether a segment is the next, and no later one is here; then acknowledge it."""
        if number != self._expected or self._ahead:
            return False
        self._expected = number + 1
        self.ends.host.send(self.peer, Acknowledged(self.id, self.opener, number + 1))
        return True

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
        waiting = self._unacknowledged
        if self._number == number and waiting:  # nearly always: everything that was sent
            waiting.clear()
        else:
            arrived = [each for each in waiting if each < number]
            if not arrived:
                return
            for each in arrived:
                del waiting[each]
        self._measure()
        if waiting:
            self._restart()
        else:
            self.ends.rest(self)

    def send_again(self) -> bool:
        """Send all that was not acknowledged; return False when it was done too often."""
        self._resent += 1
        if self._resent > (CLOSE_RETRIES if self.leaving else RETRIES):
            return False
        self._rto = min(2 * self._rto, MAXIMUM_RTO)
        self.deadline = self.ends.host.now() + self._rto
        if self.leaving:
            self.ends.host.send(self.peer, Close(self.id, self.opener))
            return True
        if not self.opened:
            self.ends.host.send(self.peer, Open(self.id, self.service))
            return True
        for number, payload in self._unacknowledged.items():
            self.ends.host.send(self.peer, Segment(self.id, self.opener, number, payload))
        return True

    def _restart(self) -> None:
        self._resent = 0
        self._sent_at = self.ends.host.now()
        self.deadline = self._sent_at + self._rto
        self.ends.expect(self)

    def _measure(self) -> None:
        # One sample at a time, and none from what was sent twice (RFC 6298 (3)): the first one makes
        # SRTT + 4 RTTVAR = 3 R (2.2), and so does each later one here.
        if not self._resent:
            self._rto = max(MINIMUM_RTO, 3 * (self.ends.host.now() - self._sent_at))
