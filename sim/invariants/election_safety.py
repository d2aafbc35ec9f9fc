"""Election Safety (Raft §5.2 and Figure 3; level SB2 of split brain).

At most one node ever leads in an epoch: not two at once, and not one after the other either. This
holds for every protocol whose epochs are terms, revisions or fencing tokens, and nothing excuses it.
The latest 20,000 epochs are remembered.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History

EPOCHS_MAX = 20_000


class ElectionSafety(Invariant):
    """Two nodes led in the same epoch."""

    name = "election_safety"
    source = "Raft §5.2, Figure 3"
    meaning = "At most one node ever leads in an epoch."
    listens = ("led", "service_led")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self.leaders: dict[int, str] = {}
        self.service_leaders: dict[int, str] = {}

    def led(self, node: str, epoch: int) -> None:
        """Compare with whoever led in that epoch before."""
        self._compare(self.leaders, node, epoch)

    def service_led(self, node: str, epoch: int) -> None:
        """Do the same for the members of a service, whose epochs are their own."""
        self._compare(self.service_leaders, node, epoch)

    def _compare(self, leaders: dict[int, str], node: str, epoch: int) -> None:
        leader = leaders.setdefault(epoch, node)
        if leader != node:
            self.violated(
                (epoch, leader, node), (leader, node), f"epoch {epoch}: led by {leader} and by {node}"
            )
        elif len(leaders) > EPOCHS_MAX:
            del leaders[next(iter(leaders))]
