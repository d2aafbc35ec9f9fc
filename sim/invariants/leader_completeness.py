"""Leader Completeness (Raft §5.4 and Figure 3).

An entry that was committed in an epoch is in the logs of the leaders of all higher epochs. It is
checked when a node begins to lead, over the retained window of committed entries. *Higher* matters: a
candidate whose votes were long on the way may begin to lead an old epoch while a newer one commits,
which is legal, since nobody follows it any more.

The epoch of a commitment is that of the first node that reports it. That is the leader, or somebody
who heard it from the leader in that epoch or later, which can only make the check more lenient.
"""

from __future__ import annotations

from protocols.api import ReplicatedLog
from sim.invariants.base import Invariant, show
from sim.invariants.window import same_entry


class LeaderCompleteness(Invariant):
    """A leader lacks an entry that was committed in an earlier epoch."""

    name = "leader_completeness"
    source = "Raft §5.4, Figure 3"
    meaning = "The log of a leader has every entry that was committed in an earlier epoch."
    listens = ("led", "service_led")

    def service_led(self, node: str, epoch: int) -> None:
        """Look at the leader of a service's members: the log is theirs."""
        self.led(node, epoch)

    def led(self, node: str, epoch: int) -> None:
        """Look for the first committed entry that the new leader lacks."""
        log = self.view.log(node)
        if log is None:
            return
        # Entries below the log's first one are in the leader's snapshot.
        first = log.first_index
        for index, (entry, committed_in, by) in self.history.commits.items.items():
            if committed_in >= epoch or index < first:
                continue
            if index > log.last_index or not same_entry(log.entry(index), entry):
                evidence = (
                    f"{node} leads epoch {epoch} without index {index} ({show(entry)}, committed in epoch "
                    f"{committed_in} by {by}): {_instead(log, index)}"
                )
                self.violated((node, epoch), (node, by), evidence)
                return


def _instead(log: ReplicatedLog, index: int) -> str:
    if index > log.last_index:
        return f"its log ends at index {log.last_index}"
    return f"it has {show(log.entry(index))}"
