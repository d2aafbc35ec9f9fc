"""Epochs of protocols whose own have no order.

A fencing token or a term says who came later. A random value (Redlock) or a record version (DynamoDB's
lock client) only tells acquisitions apart; records and checkers then count them in the order in which
they happened, while a resource still sees the value that the protocol has.
"""

from __future__ import annotations


class AcquisitionOrder:
    """Numbers the acquisitions of one run from 1."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}

    def begin(self, value: int) -> int:
        """Return the number of the acquisition that `value` stands for, the next one if it is new."""
        return self._numbers.setdefault(value, len(self._numbers) + 1)

    def of(self, value: int) -> int:
        """Return its number, or the next one if it is none yet: that of a candidate."""
        return self._numbers.get(value, len(self._numbers) + 1)
