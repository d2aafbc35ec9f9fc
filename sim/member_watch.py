"""From what members report of their configuration to the milestones that the analysis needs."""

from __future__ import annotations

from sim.records import MembersChanged
from sim.trace import Trace

Members = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class MemberWatch:
    """Writes MembersChanged: the first configuration of all, and each new one of the newest leader."""

    __slots__ = ("_known", "_leader", "_trace", "_written")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._known: dict[str, Members] = {}  # what is in force at each node
        self._written: Members | None = None
        self._leader = ("", -1)
        trace.listen("membership", self.membership)
        trace.listen("led", self.led)

    def membership(
        self, node: str, voters: tuple[str, ...], outgoing: tuple[str, ...], learners: tuple[str, ...]
    ) -> None:
        """A node has taken a configuration from its log."""
        self._known[node] = voters, outgoing, learners
        if self._written is None or node == self._leader[0]:
            self._write(node)

    def led(self, node: str, epoch: int) -> None:
        """What the newest leader has in its log is in force."""
        if epoch > self._leader[1]:
            self._leader = node, epoch
            if node in self._known:
                self._write(node)

    def _write(self, node: str) -> None:
        members = self._known[node]
        if members != self._written:
            self._written = members
            self._trace.milestone(MembersChanged(self._trace.now, node, *members))
