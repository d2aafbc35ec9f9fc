"""A processor that takes time: one piece of work after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.network.draws import Lengths

if TYPE_CHECKING:
    from sim.node import Node


class Cpu:
    """Serves a node's messages and timers one at a time, in order of arrival."""

    __slots__ = ("_factor", "_generation", "_held", "_node", "_service", "_waiting")

    def __init__(self, node: Node, service: Lengths, factor: float) -> None:
        self._node = node
        self._service: Lengths | None = service
        self._factor = factor
        self._held = False  # a piece of work ended during a pause
        self._generation = 0
        self._waiting: deque[Callable[[], None]] = deque()

    def set_speed(self, service: Lengths | None, factor: float) -> None:
        """Serve what is begun from now on at this speed, in order with what waits; None: in no time."""
        self._service = service
        self._factor = factor

    def clear(self) -> None:
        """Forget everything: the process has crashed."""
        self._waiting.clear()
        self._held = False
        self._generation += 1

    def add(self, work: Callable[[], None]) -> None:
        """Serve `work` after what waits already."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            self._begin()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._held:
            self._held = False
            self._done(self._generation)

    def _begin(self) -> None:
        length = 0 if self._service is None else int(self._service.draw() * self._factor)
        self._node.kernel.call_at(self._node.now + length, self._done, self._generation)

    def _done(self, generation: int) -> None:
        if generation != self._generation:
            return
        if self._node.paused:
            self._held = True
            return
        work = self._waiting.popleft()
        if self._waiting:
            self._begin()
        work()
