"""From events to milestones: what the analysis needs to know of a protocol, kept at every level."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sim.records import Answered, Campaigned, LeaderKnown, Served, Stalled
from sim.trace import Trace

if TYPE_CHECKING:
    from protocols.api import Group
    from sim.epochs import AcquisitionOrder
    from sim.node import Node


class Watch:
    """Listens to a run and writes Campaigned, LeaderKnown, Served, Answered and Stalled.

    All of them are about the contenders: what the members of a service tell of their own election
    shows in a full trace.
    """

    __slots__ = (
        "_answered", "_bound_ns", "_group", "_leader", "_nodes", "_numbering", "_pending", "_served",
        "_trace",
    )  # fmt: skip

    def __init__(
        self,
        trace: Trace,
        nodes: dict[str, Node],
        bound_ns: int,
        group: Group,
        numbering: AcquisitionOrder | None,
    ) -> None:
        self._group = group
        self._numbering = numbering
        self._trace = trace
        self._nodes = nodes
        self._bound_ns = bound_ns
        self._served = -1
        self._answered = -1
        # Of the newest leader: what it appended and did not commit yet, as (index, time).
        self._leader = ("", -1)
        self._pending: deque[tuple[int, int]] = deque()
        trace.listen("campaigned", self.campaigned)
        trace.listen("leader_known", self.leader_known)
        trace.listen("led", self.led)
        trace.listen("followed", self.followed)
        trace.listen("effect", self.effect)

    def campaigned(self, node: str, epoch: int) -> None:
        """A candidacy."""
        if node in self._group.contenders:
            self._trace.milestone(Campaigned(self._trace.now, node, self._number(epoch)))

    def leader_known(self, node: str, leader: str, epoch: int) -> None:
        """A node learns who leads."""
        if node in self._group.contenders:
            self._trace.milestone(LeaderKnown(self._trace.now, node, leader, self._number(epoch)))

    def _number(self, epoch: int) -> int:
        return epoch if self._numbering is None else self._numbering.of(epoch)

    def led(self, node: str, epoch: int) -> None:
        """A leader of a higher epoch takes the place of the one watched for stalls."""
        if not hasattr(self._nodes[node].process, "log"):
            # Whoever keeps no log serves by what it does to a resource; without one, by leading.
            if not self._group.resources:
                self._serve(node, epoch)
        elif epoch > self._leader[1]:
            self.followed(self._leader[0], "")
            self._leader = node, epoch
            listeners = self._trace.of_node(node)
            listeners["appended"].append(self.appended)
            listeners["committed"].append(self.committed)

    def followed(self, node: str, reason: str) -> None:
        """What a fallen leader had not committed is not a stall but part of the election."""
        if node and node == self._leader[0]:
            self._leader = "", self._leader[1]
            self._pending.clear()
            listeners = self._trace.of_node(node)
            listeners["appended"].remove(self.appended)
            listeners["committed"].remove(self.committed)

    def appended(self, node: str, prev_index: int, prev_epoch: int, entries: tuple[object, ...]) -> None:
        """The leader took a command."""
        self._pending.append((prev_index + len(entries), self._trace.kernel._now))

    def committed(self, node: str, index: int, epoch: int) -> None:
        """A commit: the first of its leader, or one that was long in coming."""
        if epoch > self._served and self._nodes[node].belief == epoch:
            self._serve(node, epoch)
        pending = self._pending
        if pending and pending[0][0] <= index:
            self._stalled_since(pending[0][1])
            while pending and pending[0][0] <= index:
                pending.popleft()

    def effect(self, resource: str, node: str, epoch: int, accepted: bool, fenced: bool) -> None:
        """An effect: the first that is accepted is the service of a leader that keeps no log."""
        if accepted and epoch > self._served:
            leader = self._nodes[node]
            if leader.belief == epoch and not hasattr(leader.process, "log"):
                self._serve(node, epoch)

    def _serve(self, node: str, epoch: int) -> None:
        if epoch > self._served:
            self._served = epoch
            self._trace.milestone(Served(self._trace.now, node, epoch))

    def _stalled_since(self, since_ns: int) -> None:
        now = self._trace.now
        if now - since_ns > self._bound_ns:
            self._trace.milestone(Stalled(now, *self._leader, since_ns))

    def answered(self, client: str, node: str, epoch: int) -> None:
        """A client saw a success from that epoch."""
        if epoch > self._answered:
            self._answered = epoch
            self._trace.milestone(Answered(self._trace.now, client, node, epoch))

    def finish(self) -> None:
        """At the end of the run: a command that waits still may have waited too long."""
        if self._pending:
            self._stalled_since(self._pending[0][1])
