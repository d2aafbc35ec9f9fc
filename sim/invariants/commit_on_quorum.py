"""Commitment needs a durable quorum (Raft §5.3, §5.4 and Figure 2).

When a leader commits an index, the disks of a majority of the servers hold that very entry. Servers
write to stable storage before they answer, so this fires at the instant of a commitment that counted
too few answers, or answers given before the fsync, long before a crash would make the loss visible.
Entries below the first one of a log are in its snapshot, and count. Only the newest entry is looked
up; the ones before it follow by Log Matching.
"""

from __future__ import annotations

from protocols.api import Entry, ReplicatedLog
from sim.invariants.base import Invariant, Report, View, show
from sim.invariants.history import History
from sim.invariants.window import same_entry


class CommitOnQuorum(Invariant):
    """A leader committed what fewer than a majority of the servers have on disk."""

    name = "commit_on_quorum"
    source = "Raft §5.3, §5.4, Figure 2"
    meaning = "What a leader commits is on the disks of a majority of the servers."
    listens = ("decided", "membership")

    def __init__(self, view: View, report: Report, history: History) -> None:
        super().__init__(view, report, history)
        # Where members change: the sets of voters of each of which the node needs a majority.
        self._voters: dict[str, tuple[tuple[str, ...], ...]] = {}

    def membership(
        self, node: str, voters: tuple[str, ...], outgoing: tuple[str, ...], learners: tuple[str, ...]
    ) -> None:
        """Another configuration is in force at a node."""
        self._voters[node] = (voters, outgoing) if outgoing else (voters,)

    def decided(self, node: str, index: int, entry: Entry) -> None:
        """Count the disks that have the entry, until they are a majority."""
        if self._voters:
            for voters in self._voters[node]:
                self._count(node, index, entry, voters)
        else:
            self._count(node, index, entry, self.view.servers)

    def _count(self, node: str, index: int, entry: Entry, servers: tuple[str, ...]) -> None:
        durable_log = self.view.durable_log
        missing = len(servers) // 2 + 1
        for server in servers:
            log = durable_log(server)
            if log is None or index > log.last_index:
                continue
            if index < log.first_index or log.entry(index) is entry or same_entry(log.entry(index), entry):
                missing -= 1
                if not missing:
                    return
        self._short(node, index, entry, servers)

    def _short(self, node: str, index: int, entry: Entry, servers: tuple[str, ...]) -> None:
        holders = tuple(s for s in servers if _holds(self.view.durable_log(s), index, entry))
        evidence = (
            f"{node}, leader of epoch {self.history.leading[node]}, committed index {index} ({show(entry)}), "
            f"durable on {len(holders)} of {len(servers)}: {', '.join(holders) or 'none'}"
        )
        self.violated((node, index), (node, *(s for s in holders if s != node)), evidence)


def _holds(log: ReplicatedLog | None, index: int, entry: Entry) -> bool:
    if log is None or index > log.last_index:
        return False
    return index < log.first_index or same_entry(log.entry(index), entry)
