"""A database, as far as one row is concerned: one writer at a time, durable commits, maybe a standby.

Source: PostgreSQL documentation, "Transaction Isolation" (Read Committed), "Date/Time Functions: Current
Date/Time" and "High Availability: Log-Shipping Standby Servers".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from copy import copy
from typing import Any

from protocols.api import Group, Handler, Host, NodeId
from protocols.lease.database_row.messages import (
    Claim,
    Committed,
    Extend,
    KeepAlive,
    Overwrite,
    Promoted,
    Row,
    RowReply,
    Select,
    Statement,
    Surrender,
    Wal,
    WalAck,
)
from protocols.lease.database_row.parameters import DatabaseRowParameters
from protocols.lease.database_row.row import EMPTY, STATEMENTS, is_free


class DatabaseStorage:
    """The row, and which timeline this server is on; None: it was never started."""

    __slots__ = ("place", "row")

    def __init__(self) -> None:
        self.row = EMPTY
        self.place: Promoted | None = None

    def apply(self, record: Row | Promoted) -> None:
        """Fold one record."""
        if isinstance(record, Row):
            self.row = record
        else:
            self.place = record

    def copy(self) -> DatabaseStorage:
        """Return an independent copy."""
        return copy(self)


class Database:
    """Runs statements one after the other, and ships commits to its standby."""

    def __init__(
        self, host: Host, group: Group, parameters: DatabaseRowParameters, image: DatabaseStorage
    ) -> None:
        self.host = host
        self.parameters = parameters
        self.row = image.row
        place = image.place or Promoted(1, host.id == group.servers[0], True)
        self.timeline, self.primary, self.synced = place.timeline, place.primary, place.synced
        self.standby = next((server for server in group.servers if server != host.id), None)
        self.connected = self.primary  # whether commits wait for the standby
        self._locked = False  # while a commit is on its way to the disk
        self._waiting: deque[tuple[NodeId, Statement, int]] = deque()  # for the lock, since when
        self._unacknowledged: deque[tuple[int, NodeId, RowReply]] = deque()  # by the standby
        self._ship = host.timer("ship", self._on_ship)
        self._alive = host.timer("keep alive", self._on_keep_alive)
        self._silence = host.timer("silence", self._promote)
        self.handlers: Mapping[type, Handler] = {
            **dict.fromkeys((Claim, Extend, Select, Overwrite, Surrender), self.on_statement),
            Committed: self.on_committed,
            Wal: self.on_wal,
            WalAck: self.on_wal_ack,
            KeepAlive: self.on_keep_alive,
        }

    def start(self) -> None:
        """Serve, or follow."""
        if self.standby is None:
            return
        if self.primary:
            self._lead()
        else:
            self._listen()

    # Statements ---------------------------------------------------------------------------------

    def on_statement(self, source: NodeId, statement: Statement) -> None:
        """Begin a transaction of one statement; it may have to wait for the lock on the row."""
        if not self.primary:
            self.host.send(source, RowReply(statement.request, False, None))
            return
        began = self.host.wall()
        if self._locked and not isinstance(statement, Select):
            self._waiting.append((source, statement, began))
        else:
            self._execute(source, statement, began)

    def _execute(self, source: NodeId, statement: Any, began: int) -> None:
        now = self._time(statement, began)
        row = STATEMENTS[type(statement)](self.row, statement, now)
        if row is not None:
            self._commit(row)
        changed = is_free(self.row, now) if isinstance(statement, Select) else row is not None
        self._answer(source, RowReply(statement.request, changed, self.row), row is not None)

    def _time(self, statement: Any, began: int) -> int:
        """Return what the statement takes for the present."""
        if getattr(statement, "now", None) is not None:
            return int(statement.now)
        return began if self.parameters.time == "transaction" else self.host.wall()

    def _commit(self, row: Row) -> None:
        self.row = row
        self._locked = True
        self.host.save(row)
        self.host.send(self.host.id, Committed(row.serial))

    def on_committed(self, itself: NodeId, committed: Committed) -> None:
        """Let the next one have the lock on the row."""
        self._locked = False
        if self.standby is not None and self.primary:
            self._ship_later()
        while self._waiting and not self._locked:
            source, statement, began = self._waiting.popleft()
            if self.primary:
                self._execute(source, statement, began)

    def _answer(self, source: NodeId, reply: RowReply, written: bool) -> None:
        if written and self.connected and self.parameters.synchronous and self.standby is not None:
            self._unacknowledged.append((self.row.serial, source, reply))
        else:
            self.host.send(source, reply)

    # Replication --------------------------------------------------------------------------------

    def _ship_later(self) -> None:
        if self.parameters.replication_delay:
            self._ship.set(self.parameters.replication_delay)
        else:
            self._on_ship()

    def _on_ship(self) -> None:
        if self.standby is not None and self.primary:
            self.host.send(self.standby, Wal(self.timeline, self.row))

    def _on_keep_alive(self) -> None:
        if self.standby is not None and self.primary:
            self.host.send(self.standby, KeepAlive(self.timeline, self.row.serial, self.connected))
            self._alive.set(self.parameters.promote_after // 4)

    def on_keep_alive(self, source: NodeId, message: KeepAlive) -> None:
        """The primary is there: ask for what is missing. An older one is told nothing."""
        if not self._follow(message.timeline):
            return
        if message.connected and not self.synced:
            self.synced = True
            self.host.save(Promoted(self.timeline, False, True))
        if self.row.serial < message.serial:
            self.host.send(source, WalAck(self.timeline, self.row.serial))

    def on_wal(self, source: NodeId, wal: Wal) -> None:
        """Keep a commit of the primary, and tell it when it is durable."""
        if not self._follow(wal.timeline):
            return
        if wal.row.serial > self.row.serial:
            self.row = wal.row
            self.host.save(wal.row)
        self.host.send(source, WalAck(wal.timeline, wal.row.serial))

    def on_wal_ack(self, source: NodeId, ack: WalAck) -> None:
        """Answer whose commits the standby has; send what it lacks."""
        if not self.primary or ack.timeline != self.timeline:
            return
        if ack.serial < self.row.serial:
            self._ship_later()
        else:
            self.connected = True
        while self._unacknowledged and self._unacknowledged[0][0] <= ack.serial:
            _, client, reply = self._unacknowledged.popleft()
            self.host.send(client, reply)

    # Fail-over ----------------------------------------------------------------------------------

    def _follow(self, timeline: int) -> bool:
        """Listen to the primary of that timeline; false, and nothing happens, if it is an older one."""
        if timeline < self.timeline or (self.primary and timeline == self.timeline):
            return False
        if timeline > self.timeline or self.primary:
            self._step_down(timeline)
        self._listen()
        return True

    def _step_down(self, timeline: int) -> None:
        """Rewind to the new primary: what this one alone has is gone."""
        self.timeline, self.primary, self.connected, self.synced = timeline, False, False, False
        self._waiting.clear()
        self._unacknowledged.clear()
        self.row = EMPTY
        self.host.save(Promoted(timeline, False, False))
        self.host.save(EMPTY)
        self._alive.cancel()
        self.host.follow("newer timeline")

    def _listen(self) -> None:
        self._silence.set(self.parameters.promote_after)

    def _promote(self) -> None:
        """Become the primary, with what has arrived; nobody asks the old one.

        Where commits are synchronous, only a standby that they wait for may.
        """
        if self.parameters.synchronous and not self.synced:
            self._listen()
            return
        self.timeline += 1
        self.primary, self.connected = True, False
        self.host.save(Promoted(self.timeline, True, False))
        self._lead()

    def _lead(self) -> None:
        self.host.lead(self.timeline)
        self._on_keep_alive()
