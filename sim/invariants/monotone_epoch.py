"""Epochs only grow (Raft §5.1: current terms increase monotonically).

Within one incarnation the node's own epoch never decreases; across a restart it may, since an epoch
that was not yet durable is lost with the memory. The epoch under which a node *leads* never decreases
at all: whoever leads has a majority (or the lock service) behind it that will never again accept a
lower epoch, so not even a node that forgot its own epoch in a crash can be elected below it.
Leading the same epoch again is allowed: a lease that was doubted and then renewed keeps its token.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History


class MonotoneEpoch(Invariant):
    """A node went back to an earlier epoch."""

    name = "monotone_epoch"
    source = "Raft §5.1"
    meaning = "The epoch that a process has seen, and the one that a node leads, never decrease."
    listens = ("epoch_seen", "led", "service_led", "crashed")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._seen: dict[str, int] = {}
        self._led: dict[str, int] = {}

    def epoch_seen(self, node: str, epoch: int) -> None:
        """Compare with the epoch that this incarnation was in."""
        self._advance(self._seen, node, epoch, "was in")

    def led(self, node: str, epoch: int) -> None:
        """Compare with the epoch that this node led before, in any incarnation."""
        self._advance(self._led, node, epoch, "led")

    def service_led(self, node: str, epoch: int) -> None:
        """Do the same for the leader of a service's members."""
        self.led(node, epoch)

    def crashed(self, node: str) -> None:
        """The next incarnation goes on from what its disk knows."""
        self._seen.pop(node, None)

    def _advance(self, epochs: dict[str, int], node: str, epoch: int, verb: str) -> None:
        before = epochs.get(node, epoch)
        if epoch < before:
            evidence = f"{node} {verb} epoch {before}, and then epoch {epoch}"
            self.violated((node, verb, before, epoch), (node,), evidence)
        epochs[node] = epoch
