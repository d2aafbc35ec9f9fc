"""Who believed when that it leads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.table_module import TableModule
from sim.records import Crashed, Followed, Led, Record


@dataclass(frozen=True, slots=True)
class Leadership:
    """One maximal interval in which `node` believes that it leads under `epoch`.

    ended_by: "crash"; "new epoch" (it goes on leading under another); "end" (of the run); otherwise
    the reason that the protocol gave.
    """

    node: str
    epoch: int
    from_ns: int
    to_ns: int
    ended_by: str

    @property
    def length_ns(self) -> int:
        """How long it lasted."""
        return self.to_ns - self.from_ns


def leaderships(records: Sequence[Record]) -> list[Leadership]:
    """Return the intervals of belief, in order of their beginning.

    The belief is false while the node is crashed and frozen while it is paused, since the process
    may wake up in mid-step. One that begins and ends at one instant is listed, with length 0: its
    epoch was won.
    """
    book = _Book()
    for record in records:
        kind = type(record)
        if kind is Led:
            book.begin(record)
        elif kind is Followed:
            book.end(record.node, record.at_ns, record.reason)
        elif kind is Crashed:
            book.crash(record)
    for node in list(book.open):
        book.end(node, records[-1].at_ns, "end")
    return sorted(book.closed, key=lambda found: (found.from_ns, found.epoch, found.node))


class _Book:
    __slots__ = ("closed", "open")

    def __init__(self) -> None:
        self.open: dict[str, Led] = {}
        self.closed: list[Leadership] = []

    def begin(self, led: Led) -> None:
        before = self.open.get(led.node)
        if before is not None and before.epoch == led.epoch:
            return
        self.end(led.node, led.at_ns, "new epoch")
        self.open[led.node] = led

    def end(self, node: str, at_ns: int, reason: str) -> None:
        led = self.open.pop(node, None)
        if led is not None:
            self.closed.append(Leadership(node, led.epoch, led.at_ns, at_ns, reason))

    def crash(self, record: Crashed) -> None:
        self.end(record.node, record.at_ns, "crash")
        # A crash is often preceded, at the same instant, by a Followed of its own.
        for i in range(len(self.closed) - 1, -1, -1):
            if self.closed[i].to_ns != record.at_ns:
                break
            if self.closed[i].node == record.node:
                self.closed[i] = replace(self.closed[i], ended_by="crash")


sys.modules[__name__].__class__ = TableModule
