"""Several processes of one protocol without a world, for tests of a few messages between them.

Nothing here happens by itself: a test fires the timers, delivers the messages and lets the disks
write, in the order that it wants to look at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from protocols.api import Group, NodeId, Process, ProtocolSpec, Role, Storage
from protocols.recording import Effect, RecordingHost, Saved, Sent


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """A message under way; two with equal contents are still two."""

    source: NodeId
    target: NodeId
    message: Any


class Bench:
    """Processes of one protocol with a list as their network, and disks that write at once.

    What is sent to a node without a process (a client) ends up in `mail`. `effects` are those of all
    processes since the beginning, each with its node.
    """

    def __init__(self, spec: ProtocolSpec, parameters: Any) -> None:
        names = {
            role.name: tuple(f"{role.prefix}{number + 1}" for number in range(role.count(parameters)))
            for role in spec.roles
        }
        contenders = names.get("contender", ())
        self.group = Group(contenders=contenders, servers=names.get("server", contenders))
        self.parameters = parameters
        self.now_ns = 0  # what the clock of a process shows that starts
        self.network: list[Envelope] = []
        self.mail: list[Envelope] = []
        self.effects: list[tuple[NodeId, Effect]] = []
        self.hosts: dict[NodeId, RecordingHost] = {}
        self.processes: dict[NodeId, Process] = {}
        self.storages: dict[NodeId, Storage] = {}
        self._roles: dict[NodeId, Role] = {}
        self._outboxes: dict[NodeId, deque[Effect]] = {}
        self._stalled: set[NodeId] = set()
        for role in spec.roles:
            for name in names[role.name]:
                self._roles[name] = role
                self.storages[name] = role.storage()
        for name in self._roles:
            self.restart(name)

    def restart(self, node: NodeId) -> None:
        """Start a process from what is durable."""
        assert node not in self.processes, f"{node} is running"
        host = self.hosts[node] = RecordingHost(node)
        host.now_ns = self.now_ns
        self._outboxes[node] = deque()
        create = self._roles[node].create
        self.processes[node] = create(host, self.group, self.parameters, self.storages[node].copy())
        self.processes[node].start()
        self._perform(node)

    def crash(self, node: NodeId) -> None:
        """End the process: what is not durable is lost, and so is what waits for it."""
        del self.processes[node]
        self._outboxes[node].clear()
        self._stalled.discard(node)

    def stall_disk(self, node: NodeId) -> None:
        """Let nothing become durable, and nothing leave that waits for it, until `resume_disk`."""
        self._stalled.add(node)

    def resume_disk(self, node: NodeId) -> None:
        """Write what was saved, and send what waited for it."""
        self._stalled.discard(node)
        self._perform(node)

    def fire(self, node: NodeId, timer: str) -> None:
        """Let a timer that is set come up."""
        self.hosts[node].timers[timer].fire()
        self._perform(node)

    def tell(self, source: NodeId, target: NodeId, message: Any) -> None:
        """Hand a message to a process at once, whoever sent it; nothing happens when it is down."""
        process = self.processes.get(target)
        handler = process.handlers.get(type(message)) if process else None
        if handler is not None:
            handler(source, message)
            self._perform(target)

    def pending(
        self, kind: type | None = None, source: NodeId | None = None, target: NodeId | None = None
    ) -> list[Envelope]:
        """Return what is under way, oldest first, of that class, from and to those nodes."""
        return [
            envelope
            for envelope in self.network
            if (kind is None or isinstance(envelope.message, kind))
            and source in (None, envelope.source)
            and target in (None, envelope.target)
        ]

    def deliver(self, *envelopes: Envelope) -> None:
        """Deliver these, in this order."""
        for envelope in envelopes:
            self.network.remove(envelope)
            self.tell(envelope.source, envelope.target, envelope.message)

    def drop(self, *envelopes: Envelope) -> None:
        """Lose these; all that is under way when none is named."""
        for envelope in envelopes or self.network.copy():
            self.network.remove(envelope)

    def duplicate(self, envelope: Envelope) -> Envelope:
        """Put a copy of what is under way behind everything else, and return it."""
        copy = Envelope(envelope.source, envelope.target, envelope.message)
        self.network.append(copy)
        return copy

    def settle(self, among: Collection[NodeId] | None = None) -> None:
        """Deliver, oldest first, until nothing is under way between the nodes `among`; None: all."""
        for _ in range(10_000):
            ready = (e for e in self.network if among is None or (e.source in among and e.target in among))
            envelope = next(ready, None)
            if envelope is None:
                return
            self.deliver(envelope)
        raise RuntimeError("10,000 deliveries and still messages under way")

    def _perform(self, node: NodeId) -> None:
        outbox = self._outboxes[node]
        self._collect(node)
        while outbox and not (node in self._stalled and isinstance(outbox[0], Saved)):
            effect = outbox.popleft()
            if isinstance(effect, Saved):
                self.storages[node].apply(effect.record)
            elif isinstance(effect, Sent):
                self._send(node, effect)

    def _send(self, node: NodeId, sent: Sent) -> None:
        if sent.to == node:
            handler = self.processes[node].handlers.get(type(sent.message))
            if handler is not None:
                handler(node, sent.message)
                self._collect(node)
        elif sent.to in self._roles:
            self.network.append(Envelope(node, sent.to, sent.message))
        else:
            self.mail.append(Envelope(node, sent.to, sent.message))

    def _collect(self, node: NodeId) -> None:
        for effect in self.hosts[node].take():
            self.effects.append((node, effect))
            if isinstance(effect, Sent | Saved):
                self._outboxes[node].append(effect)
