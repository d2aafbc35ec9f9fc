"""Fencing works (Kleppmann, "How to do distributed locking", 2016; sequencers in Chubby, OSDI 2006, §2.4).

The epochs that a *fenced* resource accepts never decrease, whatever becomes of the leaders and of the
resource itself: its highest epoch has to survive its own restarts, so a crash of the resource resets
nothing here. Unlike `dual_effect`, this judges the mechanism and not the damage: it says nothing
about resources that do not fence.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History


class Fencing(Invariant):
    """A fenced resource let a stale epoch through."""

    name = "fencing"
    source = "Kleppmann, How to do distributed locking, 2016; Chubby §2.4"
    meaning = "The epochs that a fenced resource accepts never decrease, not even across its restarts."
    listens = ("effect",)

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._highest: dict[str, int] = {}

    def effect(self, resource: str, node: str, epoch: int, accepted: bool, fenced: bool) -> None:
        """Compare with the highest epoch that the resource ever accepted."""
        if not (accepted and fenced):
            return
        highest = self._highest.get(resource, epoch)
        if epoch < highest:
            evidence = f"{resource} is fenced at epoch {highest} and accepted epoch {epoch} of {node}"
            self.violated((resource, node, epoch), (resource, node), evidence)
        else:
            self._highest[resource] = epoch
