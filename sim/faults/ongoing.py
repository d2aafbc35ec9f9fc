"""A fault that was applied, and what it takes to undo it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.faults.claims import Claims, Key
from sim.faults.targets import Moment, Names
from sim.network.network import Mode, Pair
from sim.scenario.faults import Fault

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node


class Ongoing:
    """One fault that was applied: its targets, and how to undo it."""

    def __init__(self, fault: Fault, groups: tuple[Names, ...], moment: Moment, claims: Claims) -> None:
        self.fault = fault
        self.groups = groups
        self.claims = claims
        self.cluster: Cluster = moment.cluster
        self.stream = moment.stream
        self._undo: list[Callable[[], None]] = []

    @property
    def targets(self) -> Names:
        """Everyone whom the fault names, once."""
        return tuple(dict.fromkeys(node for group in self.groups for node in group))

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the first group."""
        return [self.cluster.nodes[name] for name in self.groups[0]]

    @property
    def everyone(self) -> Names:
        """All nodes, clients and resources too."""
        return tuple(self.cluster.nodes)

    def end(self) -> None:
        """Undo it, the last step first."""
        while self._undo:
            self._undo.pop()()

    def at_end(self, undo: Callable[[], None]) -> None:
        """Remember how to undo a step."""
        self._undo.append(undo)

    def hold(self, key: Key, undo: Callable[[], None]) -> None:
        """Hold `key`; when the last fault that holds it ends, that one undoes it."""
        self.claims.add(key, self)

        def release() -> None:
            if self.claims.release(key, self):
                undo()

        self.at_end(release)

    def replace(self, key: Key, value: Any, apply: Callable[[Any], None]) -> None:
        """Hold `key` with a value; if it is the newest at the end, apply the newest one left, or None."""
        self.claims.add(key, self, value)

        def release() -> None:
            was_newest = self.claims.holder(key) is self
            self.claims.release(key, self)
            if was_newest:
                apply(self.claims.newest(key))

        self.at_end(release)

    def cut(self, pairs: list[Pair], hold: bool) -> None:
        """Cut links until the fault ends."""
        network = self.cluster.network
        mode: Mode = "hold" if hold else "drop"
        network.cut(self, pairs, mode)
        self.at_end(lambda: network.heal(self))
