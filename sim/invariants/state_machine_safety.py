"""State Machine Safety (Raft §5.4.3 and Figure 3).

No two nodes ever apply different entries at the same index, and each incarnation applies its log in
order and without gaps, from index 1 or from the snapshot that it restored.

Memory: per index the entry that was applied first, pruned below the slowest server (`window.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.api import Entry
from sim.invariants.base import Invariant, Report, View, show
from sim.invariants.history import History
from sim.invariants.window import Window, same_entry


class StateMachineSafety(Invariant):
    """Two nodes applied different entries at one index, or one node skipped or repeated some."""

    name = "state_machine_safety"
    source = "Raft §5.4.3, Figure 3"
    meaning = "No two nodes apply different entries at one index, and each applies them in order."
    listens = ("applied", "restored", "crashed")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        self.window: Window[tuple[Entry, str]] = Window()
        self._items = self.window.items
        self._next: dict[str, int] = {}
        self._reached: dict[str, int] = {}

    def applied(self, node: str, first_index: int, entries: Sequence[Entry]) -> None:
        """Compare with what was applied there first."""
        if first_index != self._next.get(node, 1):
            self._out_of_order(node, first_index)
        items = self._items
        index = first_index
        for entry in entries:
            known = items.get(index)
            if known is None or known[0] is not entry:
                self._compare(node, index, entry)
            index += 1
        self._next[node] = index

    def restored(self, node: str, index: int, epoch: int) -> None:
        """The state machine jumped to a snapshot; it goes on behind it."""
        self._next[node] = index + 1

    def crashed(self, node: str) -> None:
        """The state machine is volatile (Raft Figure 2); the next incarnation begins again."""
        self._reached[node] = max(self._next.pop(node, 1) - 1, self._reached.get(node, 0))

    def _out_of_order(self, node: str, first_index: int) -> None:
        expected = self._next.get(node, 1)
        evidence = f"{node} applied index {first_index} when {expected} was next"
        self.violated((node, first_index, expected), (node,), evidence)

    def _compare(self, node: str, index: int, entry: Entry) -> None:
        known = self._items.get(index)
        if known is None:
            if self.window.put(index, (entry, node)):
                self.window.prune(min(map(self._progress, self.view.servers)))
        elif not same_entry(known[0], entry):
            evidence = f"index {index}: {known[1]} applied {show(known[0])}, {node} applied {show(entry)}"
            self.violated((index, node), (known[1], node), evidence)

    def _progress(self, node: str) -> int:
        return max(self._next.get(node, 1) - 1, self._reached.get(node, 0))
