"""What a lock server finds on its disk after a crash."""

from __future__ import annotations

from copy import copy

from protocols.lease.lock_server.messages import Freed, Granted


class LockStorage:
    """The last grant, and whether it was given up."""

    __slots__ = ("freed", "granted")

    def __init__(self) -> None:
        self.granted: Granted | None = None
        self.freed = True

    def apply(self, record: Granted | Freed) -> None:
        """Fold one record."""
        if isinstance(record, Granted):
            self.granted, self.freed = record, False
        elif self.granted is not None and record.token == self.granted.token:
            self.freed = True

    def copy(self) -> LockStorage:
        """Return an independent copy."""
        return copy(self)
