"""Sequential clients as generator scripts, which read like the code that they model.

A script yields what it waits for: `Sleep(ns)` on the local clock, or `Call(to, message, timeout)`,
whose value is the reply, or None when the time is up; `Gather` is a call to many. Example:

    def hold(host):
        lease = yield Call("s1", Acquire(ttl), timeout_ns)
        while lease is not None:
            yield Sleep(ttl // 3)
            lease = yield Call("s1", Renew(lease.token), timeout_ns)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from protocols.api import Host, NodeId


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so long on the local clock."""

    ns: int


@dataclass(frozen=True, slots=True)
class Call:
    """Send a message and wait for a reply to it, up to `timeout_ns` on the local clock.

    `matches(source, reply)` tells replies to this call from late ones to earlier calls.
    """

    to: NodeId
    message: Any
    timeout_ns: int
    matches: Callable[[NodeId, Any], bool]


@dataclass(frozen=True, slots=True)
class Gather:
    """Send a message to many and collect their replies, until they are enough or the time is up.

    The value is the first matching reply of each, by node. `enough(replies)` is asked after each.
    """

    to: tuple[NodeId, ...]
    message: Any
    timeout_ns: int
    matches: Callable[[NodeId, Any], bool]
    enough: Callable[[dict[NodeId, Any]], bool]


Script = Generator[Sleep | Call | Gather, Any, Any]
"""What it returns is for the script that delegates to it with `yield from`."""


class ScriptRunner:
    """Runs one script on a host; `on_reply` must be fed every message that may be a reply."""

    __slots__ = ("_host", "_replies", "_script", "_timer", "_waiting", "done")

    def __init__(self, host: Host, script: Script, name: str = "script") -> None:
        self._host = host
        self._script = script
        self._timer = host.timer(name, self._on_timer)
        self._waiting: Call | Gather | None = None
        self._replies: dict[NodeId, Any] = {}
        self.done = False

    def start(self) -> None:
        """Run up to the first wait."""
        self._resume(None)

    def on_reply(self, source: NodeId, reply: Any) -> None:
        """Resume the script if this is what it waits for; ignore it otherwise."""
        waiting = self._waiting
        if waiting is None or not waiting.matches(source, reply):
            return
        if isinstance(waiting, Gather):
            self._replies.setdefault(source, reply)
            if not waiting.enough(self._replies):
                return
            reply = self._replies
        self._timer.cancel()
        self._resume(reply)

    def on_refused(self, source: NodeId) -> None:
        """End the wait for a reply of that node, whose process is not running: there will be none."""
        if isinstance(self._waiting, Call) and self._waiting.to == source:
            self.wake()

    def wake(self) -> None:
        """End the wait under way at once, as when its time is up; not to be called by the script."""
        self._timer.cancel()
        if not self.done:
            self._on_timer()

    def _on_timer(self) -> None:
        self._resume(self._replies if isinstance(self._waiting, Gather) else None)

    def _resume(self, value: Any) -> None:
        self._waiting = None
        try:
            step = self._script.send(value)
        except StopIteration:
            self.done = True
            return
        if isinstance(step, Sleep):
            self._timer.set(step.ns)
        else:
            self._waiting = step
            self._timer.set(step.timeout_ns)
            self._replies = {}
            for node in (step.to,) if isinstance(step, Call) else step.to:
                self._host.send(node, step.message)
