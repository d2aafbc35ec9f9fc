"""Leader Append-Only (Raft §5.3 and Figure 3).

A leader never overwrites or deletes entries in its log; it only appends. Where the log ended is known
from the notes, and not from the log itself, since a note may come after the change that it tells of.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.api import Entry
from sim.invariants.base import Invariant


class LeaderAppendOnly(Invariant):
    """A leader truncated its log, or wrote over a part of it."""

    name = "leader_append_only"
    source = "Raft §5.3, Figure 3"
    meaning = "A node that leads never truncates or overwrites its own log."
    listens = ("appended", "truncated")

    def appended(self, node: str, prev_index: int, prev_epoch: int, entries: Sequence[Entry]) -> None:
        """Require that a leader appends at the end."""
        end = self.history.ends.get(node)
        if end is not None and prev_index < end[0]:
            self._changed(node, prev_index + 1, f"overwrote its log, which ended at index {end[0]},")

    def truncated(self, node: str, from_index: int) -> None:
        """Require that only followers do."""
        self._changed(node, from_index, "truncated its log")

    def _changed(self, node: str, index: int, what: str) -> None:
        epoch = self.history.leading.get(node)
        if epoch is not None:
            self.violated(
                (node, index), (node,), f"{node}, leader of epoch {epoch}, {what} from index {index} on"
            )
