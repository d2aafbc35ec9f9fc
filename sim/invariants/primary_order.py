"""Primary order (Zab, DSN 2011, §III): local and global primary order, and primary integrity.

A process delivers the transactions of a primary in the order in which it broadcast them, without gaps, and
those of a later primary after those of an earlier one. Transactions carry their zxid: the epoch of the
primary in the high half, a counter in the low one.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.api import Entry
from sim.invariants.base import Invariant, Report, View, show
from sim.invariants.history import History

COUNTER_BITS = 32


class PrimaryOrder(Invariant):
    """A process applied a transaction before, or without, one that its primary had broadcast earlier."""

    name = "primary_order"
    source = "Zab, DSN 2011, §III (primary order, primary integrity)"
    meaning = (
        "Each process applies the transactions of each epoch in order and without gaps, epochs in order."
    )
    listens = ("applied", "restored", "crashed")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._last: dict[str, int | None] = {}  # by node: the newest zxid; None: that of a snapshot

    def applied(self, node: str, first_index: int, entries: Sequence[Entry]) -> None:
        """Compare each zxid with the one before it."""
        last = self._last.get(node, 0)
        for entry in entries:
            zxid: int = entry.command.zxid
            if zxid >> COUNTER_BITS != entry.epoch:
                self.violated((node, zxid), (node,), f"{show(entry)} is not of its epoch")
            if last is not None:
                self._compare(node, last, zxid)
            last = zxid
        self._last[node] = last

    def _compare(self, node: str, last: int, zxid: int) -> None:
        same = zxid >> COUNTER_BITS == last >> COUNTER_BITS
        first_of_epoch = zxid & ((1 << COUNTER_BITS) - 1) == 1
        if zxid == last + 1 if same else zxid > last and first_of_epoch:
            return
        self.violated((node, last, zxid), (node,), f"{node} applied zxid {zxid:#x} after {last:#x}")

    def restored(self, node: str, index: int, epoch: int) -> None:
        """A snapshot says which epoch it ends in, and not which zxid."""
        self._last[node] = None

    def crashed(self, node: str) -> None:
        """What was applied is volatile; the next incarnation begins again."""
        self._last.pop(node, None)
