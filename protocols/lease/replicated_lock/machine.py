"""The lock table as a replicated state machine: its time comes with the commands."""

from __future__ import annotations

from typing import Any

from protocols.api import NodeId, record
from protocols.lease.lock_server.messages import Acquire, Granted, Release, Renew
from protocols.lease.lock_server.table import LockTable, TableState


@record
class Timed:
    """A command, and how much time its leader saw pass on its own clock since its previous one."""

    elapsed: int
    command: Acquire | Renew | Release


@record
class LockMachineState:
    """A snapshot: the time counted so far, and the table."""

    now: int
    table: TableState


@record
class Answer:
    """What a command did: whether it did it, and who holds the lock after it, under which token."""

    done: bool
    holder: NodeId | None
    token: int


class LockMachine:
    """One lock whose clock is the sum of what the leaders saw pass.

    What passes between the leadership of two is not counted, so that leases end late and never early:
    a command that is in a new leader's log was proposed before that leader began to count.
    """

    def __init__(self) -> None:
        self.now = 0
        self.table = LockTable()

    def apply(self, command: Timed) -> Answer:
        """Let the time pass, then do it."""
        self.now += command.elapsed
        asked, table = command.command, self.table
        if isinstance(asked, Acquire):
            done = table.acquire(self.now, asked) is not None
        elif isinstance(asked, Renew):
            done = table.renew(self.now, asked.token)
        else:
            done = table.release(asked.token)
        held: Granted | None = table.holder(self.now)
        return Answer(done, held.owner if held else None, table.token)

    def snapshot(self) -> LockMachineState:
        """Return the whole state."""
        return LockMachineState(self.now, self.table.snapshot())

    def restore(self, state: Any) -> None:
        """Replace the whole state by a snapshot."""
        self.now = state.now
        self.table.restore(state.table)
