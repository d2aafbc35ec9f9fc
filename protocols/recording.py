"""A host without a world: it only records what a process does, for tests of one process alone.

Nothing here happens by itself: the test fires the timers. `protocols.bench` joins several of these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from protocols.api import NodeId, Random

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sent:
    """`Host.send` was called."""

    to: NodeId
    message: Any


@dataclass(frozen=True, slots=True)
class Saved:
    """`Host.save` was called: a barrier for what is sent after it."""

    record: Any


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer was set to fire after so many nanoseconds."""

    name: str
    after_ns: int


@dataclass(frozen=True, slots=True)
class TimerCancelled:
    """A timer was cancelled."""

    name: str


@dataclass(frozen=True, slots=True)
class Connected:
    """`Host.connect` was called."""

    to: NodeId


@dataclass(frozen=True, slots=True)
class LedNow:
    """The process believes that it leads."""

    epoch: int


@dataclass(frozen=True, slots=True)
class FollowedNow:
    """The process no longer believes that it leads."""

    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The process reported an event of `protocols.api.NOTES`."""

    kind: str
    values: tuple[Any, ...]


Effect = Sent | Saved | TimerSet | TimerCancelled | Connected | LedNow | FollowedNow | Noted


def unbarriered(effects: Sequence[Effect]) -> list[Sent]:
    """Return what is sent before anything is saved: it waits for no disk."""
    saves = [position for position, effect in enumerate(effects) if isinstance(effect, Saved)]
    return [effect for effect in effects[: saves[0] if saves else None] if isinstance(effect, Sent)]


def barriers(effects: Sequence[Effect]) -> list[tuple[Sent, tuple[Any, ...]]]:
    """Return everything that is sent, each with the records that must be durable before it leaves."""
    saved: list[Any] = []
    waiting: list[tuple[Sent, tuple[Any, ...]]] = []
    for effect in effects:
        if isinstance(effect, Saved):
            saved.append(effect.record)
        elif isinstance(effect, Sent):
            waiting.append((effect, tuple(saved)))
    return waiting


class ScriptedRandom:
    """Draws that a test chooses; implements `protocols.api.Random`.

    `fractions`, each in [0, 1), are used up one per draw; after them, every draw is the lowest one.
    """

    def __init__(self) -> None:
        self.fractions: deque[float] = deque()

    def random(self) -> float:
        """Return the next fraction."""
        return self.fractions.popleft() if self.fractions else 0.0

    def randrange(self, start: int, stop: int) -> int:
        """Return the integer at that fraction of [start, stop)."""
        return start + int(self.random() * (stop - start))

    def choice(self, items: Sequence[T]) -> T:
        """Return the item at that fraction of `items`."""
        return items[self.randrange(0, len(items))]


class RecordingTimer:
    """A timer that fires when the test says so; `after_ns` is None while it is not set."""

    def __init__(self, name: str, callback: Callable[[], None], effects: list[Effect]) -> None:
        self.name = name
        self.after_ns: int | None = None
        self._callback = callback
        self._effects = effects

    def set(self, after_ns: int) -> None:
        """Record it."""
        self.after_ns = after_ns
        self._effects.append(TimerSet(self.name, after_ns))

    def cancel(self) -> None:
        """Record it."""
        self.after_ns = None
        self._effects.append(TimerCancelled(self.name))

    def fire(self) -> None:
        """Call back, as the host does when the time is over."""
        assert self.after_ns is not None, f"timer {self.name!r} is not set"
        self.after_ns = None
        self._callback()


class RecordingHost:
    """Records what a process does, in order, in `effects`; implements `protocols.api.Host`."""

    def __init__(self, id: NodeId) -> None:
        self.id = id
        self.script = ScriptedRandom()
        self.random: Random = self.script
        self.effects: list[Effect] = []
        self.timers: dict[str, RecordingTimer] = {}
        self.now_ns = 0
        self.wall_ns = 0

    def send(self, to: NodeId, message: Any) -> None:
        """Record it."""
        self.effects.append(Sent(to, message))

    def save(self, record: Any) -> None:
        """Record it."""
        self.effects.append(Saved(record))

    def timer(self, name: str, callback: Callable[[], None]) -> RecordingTimer:
        """Return the timer of that name, which is also in `timers`; its first callback stays."""
        timer = self.timers.get(name)
        if timer is None:
            timer = self.timers[name] = RecordingTimer(name, callback, self.effects)
        return timer

    def now(self) -> int:
        """Return `now_ns`, which is the test's to set."""
        return self.now_ns

    def wall(self) -> int:
        """Return `wall_ns`, which is the test's to set."""
        return self.wall_ns

    def connect(self, to: NodeId) -> None:
        """Record it."""
        self.effects.append(Connected(to))

    def lead(self, epoch: int) -> None:
        """Record it."""
        self.effects.append(LedNow(epoch))

    def follow(self, reason: str) -> None:
        """Record it."""
        self.effects.append(FollowedNow(reason))

    def note(self, kind: str, *values: Any) -> None:
        """Record it."""
        self.effects.append(Noted(kind, values))

    def noter(self, kind: str) -> Callable[..., None]:
        """Return a function that records events of that kind."""
        return partial(self.note, kind)

    def take(self) -> list[Effect]:
        """Return the effects since the last call, in order, and forget them."""
        effects = self.effects.copy()
        self.effects.clear()
        return effects
