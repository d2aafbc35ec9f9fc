"""Committed entries are immutable (Raft §5.3: "durable and will eventually be executed").

An incarnation never truncates at or below its own commit index, and an index that was committed once
is never committed with another entry, by any node. *Its own* commit index: a node that does not know
yet that an entry is committed may still drop it on the word of an old leader, as long as a majority
keeps it (Raft §5.4.2, Figure 8).
"""

from __future__ import annotations

from sim.invariants.base import Invariant, show
from sim.invariants.window import same_entry


class CommittedImmutable(Invariant):
    """A committed entry was truncated, or replaced."""

    name = "committed_immutable"
    source = "Raft §5.3, §5.4.2"
    meaning = "An entry that a node knows as committed is never removed there, nor replaced anywhere."
    listens = ("committed", "truncated")

    def committed(self, node: str, index: int, epoch: int) -> None:
        """Compare what the node commits now with what was committed there first."""
        log = self.history.log
        if log is None:
            return
        items = self.history.commits.items
        for i in self.history.fresh:
            known = items.get(i)
            if known is None:
                continue
            entry = log.entry(i)
            if known[0] is not entry and not same_entry(known[0], entry):
                evidence = f"index {i}: {known[2]} committed {show(known[0])}, {node} committed {show(entry)}"
                self.violated((i, node), (known[2], node), evidence)

    def truncated(self, node: str, from_index: int) -> None:
        """Require that only what is not committed goes."""
        commit_index = self.history.commit_index.get(node, 0)
        if from_index <= commit_index:
            evidence = f"{node} truncated from index {from_index} on, but had committed up to {commit_index}"
            self.violated((node, from_index), (node,), evidence)
