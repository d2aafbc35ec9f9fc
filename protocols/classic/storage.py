"""What these protocols write to their disks: one number that only grows."""

from __future__ import annotations

from protocols.api import record


@record
class Highest:
    """The highest round, ballot or incarnation so far."""

    number: int


class HighestStorage:
    """The image of a disk with `Highest` records; implements `protocols.api.Storage`."""

    __slots__ = ("number",)

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def apply(self, record: Highest) -> None:
        """Take one record."""
        self.number = max(self.number, record.number)

    def copy(self) -> HighestStorage:
        """Return an independent copy."""
        return HighestStorage(self.number)
