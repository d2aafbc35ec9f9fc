"""A processor that takes time: one piece of work after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.network.draws import Lengths

if TYPE_CHECKING:
    from sim.node import Node


class Cpu:
    """Serves a node's messages and timers one at a time, in order of arrival."""

    __slots__ = ("_factor", "_held", "_node", "_service", "_waiting")

    def __init__(self, node: Node, service: Lengths, factor: float) -> None:
        self._node = node
        self._service = service
        self._factor = factor
        self._held = False  # a piece of work ended during a pause
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()

    def add(self, work: Callable[[], None]) -> None:
        """Serve `work` after what waits already."""
        self._waiting.append((self._node.incarnation, work))
        if len(self._waiting) == 1:
            self._begin()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._held:
            self._held = False
            self._done(None)

    def _begin(self) -> None:
        length = int(self._service.draw() * self._factor)
        self._node.kernel.call_at(self._node.now + length, self._done)

    def _done(self, _: Any) -> None:
        node = self._node
        if node.paused:
            self._held = True
            return
        incarnation, work = self._waiting.popleft()
        if self._waiting:
            self._begin()
        if node.process is not None and node.incarnation == incarnation:
            work()
