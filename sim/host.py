"""The host: all that a process can do, and the outbox that makes a save a barrier."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.api import NOTES
from sim.clock import NodeTimer
from sim.disk import DiskFull

if TYPE_CHECKING:
    from sim.network.network import Routes
    from sim.node import Node
    from sim.rng import Stream
    from sim.trace import Listener


class NodeHost:
    """What one incarnation of a process can do; implements `protocols.api.Host`."""

    __slots__ = (
        "_barrier", "_disk", "_durable", "_listeners", "_node", "_outbox", "_routes", "_saved", "_saving",
        "_synced", "_timers", "id", "now", "random", "wall",
    )  # fmt: skip

    def __init__(self, node: Node, routes: Routes, random: Stream) -> None:
        self.id = node.name
        self.random = random
        self.now = node.clock.now
        self.wall = node.clock.wall
        self._node = node
        self._routes = routes
        self._disk = node.disk
        # Asked for only now: to whom a kind is told is mostly settled by then, and need not be copied.
        self._listeners = listeners = node.trace.of_node(node.name)
        self._timers: dict[str, NodeTimer] = {}
        self._saving = listeners["saving"]
        self._synced = listeners["saved"]
        self._saved = 0  # records handed to the disk, and not durable at once
        self._durable = 0  # of these, durable
        self._barrier = False  # whether some are not
        self._outbox: deque[tuple[int, str, Any]] = deque()  # what waits for the disk, and for how much
        node.disk.durable = self._on_durable

    def send(self, to: str, message: Any) -> None:
        """Send once everything saved before is durable."""
        if self._barrier:
            self._outbox.append((self._saved, to, message))
        else:
            self._routes[to](message)

    def save(self, record: Any) -> None:
        """Hand a record to the disk; what is sent from now on waits for it."""
        if self._saving:
            for listener in self._saving:
                listener(self.id, record)
        disk = self._disk
        if disk.flawless:  # `Disk.save`, spelled out
            disk.fsyncs += 1
            disk.image.apply(record)
            if self._synced:
                for listener in self._synced:
                    listener(self.id, 1)
            return
        self._saved += 1
        self._barrier = True
        try:
            disk.save(record)
        except DiskFull:
            self._node.dies("disk full")

    def _on_durable(self, count: int) -> None:
        self._durable += count
        self._barrier = self._durable < self._saved
        for listener in self._synced:
            listener(self.id, count)
        outbox, durable, routes = self._outbox, self._durable, self._routes
        while outbox and outbox[0][0] <= durable:
            _, to, message = outbox.popleft()
            routes[to](message)

    def timer(self, name: str, callback: Callable[[], None]) -> NodeTimer:
        """Return the timer of that name; the first callback given to a name stays."""
        found = self._timers.get(name)
        if found is None:
            found = self._timers[name] = self._node.timer(name, callback)
        return found

    def connect(self, to: str) -> None:
        """Be refused when the process at `to` ends while its machine is up."""
        self._node.network.connect(self._node, to)

    def lead(self, epoch: int) -> None:
        """Believe in the own leadership."""
        self._node.believe(epoch)

    def follow(self, reason: str) -> None:
        """Stop believing."""
        self._node.disbelieve(reason)

    def note(self, kind: str, *values: Any) -> None:
        """Tell those who listen to `kind`."""
        for listener in self._listeners[kind]:
            listener(self.id, *values)

    def noter(self, kind: str) -> Callable[..., None]:
        """Return a function that tells those who listen to `kind`, now or later."""
        return _NOTERS[len(NOTES[kind])](self.id, self._listeners[kind])


# One function for each number of values: packing them up would cost as much as the rest.


def _note_one(node: str, listeners: list[Listener]) -> Callable[..., None]:
    def note(value: Any) -> None:
        for listener in listeners:
            listener(node, value)

    return note


def _note_two(node: str, listeners: list[Listener]) -> Callable[..., None]:
    def note(one: Any, two: Any) -> None:
        for listener in listeners:
            listener(node, one, two)

    return note


def _note_three(node: str, listeners: list[Listener]) -> Callable[..., None]:
    def note(one: Any, two: Any, three: Any) -> None:
        for listener in listeners:
            listener(node, one, two, three)

    return note


_NOTERS = {1: _note_one, 2: _note_two, 3: _note_three}
