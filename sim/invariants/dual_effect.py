"""Dual effect (level SB3 of split brain): the damage that two leaders do.

A resource, fenced or not, accepts an effect of a lower epoch after one of a higher epoch: a deposed
leader still writes. What the nodes believed is irrelevant here; only the history of the resource is.
"""

from __future__ import annotations

from sim.invariants.base import Invariant, Report, View
from sim.invariants.history import History


class DualEffect(Invariant):
    """A resource accepted an effect of a deposed leader."""

    name = "dual_effect"
    source = "Kleppmann, How to do distributed locking, 2016"
    meaning = "A resource never accepts an effect of a lower epoch after one of a higher epoch."
    listens = ("effect",)

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self._highest: dict[str, tuple[int, str]] = {}

    def effect(self, resource: str, node: str, epoch: int, accepted: bool, fenced: bool) -> None:
        """Compare with the highest epoch that the resource accepted before."""
        if not accepted:
            return
        highest, holder = self._highest.get(resource, (epoch, node))
        if epoch < highest:
            evidence = f"{resource} accepted epoch {epoch} of {node} after epoch {highest} of {holder}"
            self.violated((resource, node, epoch), (resource, node, holder), evidence)
        else:
            self._highest[resource] = (epoch, node)
