"""Exclusive belief (level SB1 of split brain), for protocols that promise it.

Two nodes never believe at the same time that they lead. A lease promises that as long as its
assumptions on clock rates and pauses hold (Gray and Cheriton, "Leases", SOSP 1989); a quorum protocol
such as Raft does not, so there this is measured, not judged. Beliefs count as they are: a paused node
still believes, a crashed one does not. Two beliefs that change hands at the same instant overlap if
the new one begins first, because whoever asked in between would have seen both.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History


class ExclusiveBelief(Invariant):
    """Two nodes believed at once that they lead."""

    name = "exclusive_belief"
    source = "Gray and Cheriton, Leases, SOSP 1989"
    meaning = "No two nodes believe at the same time that they lead."
    listens = ("led", "followed", "crashed")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._leading: dict[str, int] = {}

    def led(self, node: str, epoch: int) -> None:
        """Compare with all who believe now."""
        for other, led in self._leading.items():
            if other != node:
                evidence = f"{other} believes that it leads epoch {led}, {node} that it leads epoch {epoch}"
                self.violated((other, led, node, epoch), (other, node), evidence)
        self._leading[node] = epoch

    def followed(self, node: str, reason: str) -> None:
        """The belief ends."""
        self._leading.pop(node, None)

    def crashed(self, node: str) -> None:
        """The dead believe nothing."""
        self._leading.pop(node, None)
