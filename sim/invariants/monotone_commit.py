"""The commit index only grows (Raft Figure 2: "increases monotonically").

Within one incarnation it never decreases, and it never exceeds the node's own log: a node cannot have
committed what it does not have, so a follower bounds its leader's commit index by its last new entry.
"""

from __future__ import annotations

from sim.invariants.base import Invariant


class MonotoneCommit(Invariant):
    """A commit index went back, or beyond the end of the log."""

    name = "monotone_commit"
    source = "Raft §5.3, Figure 2"
    meaning = "The commit index of a process never decreases and never exceeds its own log."
    listens = ("committed",)

    def committed(self, node: str, index: int, epoch: int) -> None:
        """Compare with the commit index before, and with the own log."""
        history = self.history
        before = history.before
        if index < before:
            evidence = f"{node} had committed up to index {before}, and then up to {index}"
            self.violated((node, index), (node,), evidence)
        elif history.log is not None and index > history.log.last_index:
            evidence = f"{node} committed up to index {index}, but its log ends at {history.log.last_index}"
            self.violated((node, index), (node,), evidence)
