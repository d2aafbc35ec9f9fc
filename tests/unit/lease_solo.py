"""One process of a lease protocol alone, with a clock and a mailbox that the test holds."""

from __future__ import annotations

from typing import Any

from protocols.api import Group, NodeId, ProtocolSpec
from protocols.recording import FollowedNow, LedNow, Noted, RecordingHost, Saved, Sent

SECOND = 1_000_000_000
MS = 1_000_000


class Solo:
    """The started process of a node; effects are taken with `sent`, `saved` and `belief`."""

    def __init__(self, spec: ProtocolSpec, parameters: Any, node: NodeId = "n1", image: Any = None) -> None:
        names = {
            role.name: tuple(f"{role.prefix}{number + 1}" for number in range(role.count(parameters)))
            for role in spec.roles
        }
        group = Group(names["contender"], names.get("server", names["contender"]))
        role = next(role for role in spec.roles if role.prefix == node[0])
        self.host = RecordingHost(node)
        self.process: Any = role.create(self.host, group, parameters, image or role.storage())
        self.process.start()

    def pass_time(self, length_ns: int) -> None:
        """Let the clocks go on; no timer fires."""
        self.host.now_ns += length_ns
        self.host.wall_ns += length_ns

    def rest(self, timer: str = "script") -> int:
        """Let a timer come up, at its time; return how long it was set for."""
        after_ns = self.host.timers[timer].after_ns
        assert after_ns is not None, f"timer {timer!r} is not set"
        self.pass_time(after_ns)
        self.host.timers[timer].fire()
        return after_ns

    def hear(self, message: Any, source: NodeId = "s1") -> None:
        """Hand a message to the process."""
        self.process.handlers[type(message)](source, message)

    def sent(self) -> list[Any]:
        """Return the messages sent since the last look; whatever else happened since is forgotten."""
        return [effect.message for effect in self.host.take() if isinstance(effect, Sent)]

    def asked(self) -> Any:
        """Return the only message sent since the last look."""
        (message,) = self.sent()
        return message

    def order(self) -> list[type]:
        """Return the classes of what was sent or saved since the last look, in order."""
        effects = self.host.take()
        return [
            type(effect.message) if isinstance(effect, Sent) else type(effect.record)
            for effect in effects
            if isinstance(effect, Sent | Saved)
        ]

    def announced(self) -> tuple[int, Any]:
        """Return the token that it said it acquires since the last look, and what it sent after that."""
        said, sent = (effect for effect in self.host.take() if isinstance(effect, Sent | Noted))
        assert isinstance(said, Noted)
        assert isinstance(sent, Sent)
        assert said.kind == "acquiring"
        return said.values[0], sent.message

    def beliefs(self) -> list[int | str]:
        """Return under which epochs it began to lead, and why it stopped, since the last look."""
        effects = self.host.take()
        return [
            effect.epoch if isinstance(effect, LedNow) else effect.reason
            for effect in effects
            if isinstance(effect, LedNow | FollowedNow)
        ]
