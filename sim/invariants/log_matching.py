"""Log Matching (Raft §5.3 and Figure 3).

If two logs have an entry with the same index and epoch, they are identical up to that index. It is
checked by induction, as the paper proves it: everywhere and at all times, (index, epoch) determines
the command and the epoch of the predecessor. Two logs with the same entry then have the same
predecessor, and so on down to index 1. That the predecessor is the one that was claimed is checked on
the node's own log.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.api import Entry
from sim.invariants.base import Invariant, show
from sim.invariants.window import same_entry


class LogMatching(Invariant):
    """The same index and epoch stand for different commands, or for different histories."""

    name = "log_matching"
    source = "Raft §5.3, Figure 3"
    meaning = "Logs that have an entry with the same index and epoch are identical up to that index."
    listens = ("appended",)

    def appended(self, node: str, prev_index: int, prev_epoch: int, entries: Sequence[Entry]) -> None:
        """Compare each entry, and its predecessor, with what others had there."""
        if self.history.ends.get(node) != (prev_index, prev_epoch):
            self._check_predecessor(node, prev_index, prev_epoch)
        epoch = prev_epoch
        for index, entry in enumerate(entries, prev_index + 1):
            self._compare(node, index, epoch, entry)
            epoch = entry.epoch

    def _check_predecessor(self, node: str, index: int, epoch: int) -> None:
        log = self.view.log(node)
        if log is None or not log.first_index <= index <= log.last_index:
            return
        own = log.entry(index).epoch
        if own != epoch:
            evidence = f"{node} appended after index {index} of epoch {epoch}, but has epoch {own} there"
            self.violated((node, index, epoch), (node,), evidence)

    def _compare(self, node: str, index: int, prev_epoch: int, entry: Entry) -> None:
        known = self.history.appended_at(index, entry.epoch)
        if known is not None and (known[1] != prev_epoch or not same_entry(known[0], entry)):
            evidence = (
                f"index {index}, epoch {entry.epoch}: {show(known[0].command)} after epoch {known[1]} "
                f"on {known[2]}, {show(entry.command)} after epoch {prev_epoch} on {node}"
            )
            self.violated((index, entry.epoch), (known[2], node), evidence)
