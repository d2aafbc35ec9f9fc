"""Virtual time: a SimPy environment in integer nanoseconds with a fast lane for plain calls.

The queue holds `(time_ns, key, function, argument)`. Messages, timers and disk completions are such
calls; SimPy's own events ride in the same queue, so processes, resources and stores work unchanged.
The key orders what happens at one instant: in order of insertion, or, with `seeded_keys`, in an order
drawn from the seed.

Only this module imports simpy. `Kernel.queue` and `Kernel.next_key` are public for the three hot
callers (links, timers, disks), which push by themselves: a method call per event costs 15 %.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from types import MethodType
from typing import Any, NoReturn

from simpy import AllOf, AnyOf, Environment, Event, Process, Timeout
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT

Call = Callable[[Any], None]

# SimPy's URGENT events precede all others of their instant: their keys are this much lower.
_PRIORITY_STEP = 1 << 62


class Kernel(Environment):
    """The clock and the queue of one simulated world; starts at 0 ns."""

    _now: int
    queue: list[tuple[int, int, Call, Any]]
    next_key: Callable[[], int]

    def __init__(self, next_key: Callable[[], int] | None = None) -> None:
        """Create an empty world; `next_key` must return distinct integers in [0, 2**62)."""
        super().__init__(0)
        self.queue = self._queue = []  # type: ignore[assignment]
        self.next_key = next_key or count().__next__
        # SimPy binds its event classes to the instance early, but for its own class only; without
        # this every `process()` or `event()` of a subclass would be 12 % slower.
        for name, event_class in _EVENT_CLASSES:
            setattr(self, name, MethodType(event_class, self))

    def call_at(self, time_ns: int, function: Call, argument: Any = None) -> None:
        """Call `function(argument)` at `time_ns`, an integer that is not in the past."""
        if time_ns.__class__ is not int or time_ns < self._now:
            _refuse_time(time_ns, self._now)
        heappush(self.queue, (time_ns, self.next_key(), function, argument))

    def schedule(self, event: Event, priority: int = NORMAL, delay: int = 0) -> None:  # type: ignore[override]
        """Queue a SimPy event; called by SimPy itself."""
        time_ns = self._now + delay
        if time_ns.__class__ is not int:
            _refuse_time(time_ns, self._now)
        if priority == 1:  # NORMAL, spelled out: a look-up less for every event
            heappush(self.queue, (time_ns, self.next_key(), _process_event, event))
        else:
            key = (priority - NORMAL) * _PRIORITY_STEP + self.next_key()
            heappush(self.queue, (time_ns, key, _process_event, event))

    def step(self) -> None:
        """Do the next thing; raises `simpy.core.EmptySchedule` if there is none."""
        if not self.queue:
            raise EmptySchedule
        self._now, _, function, argument = heappop(self.queue)
        function(argument)

    def run(self, until: int | Event | None = None) -> Any:  # type: ignore[override]
        """Run up to, and without, what is due at `until`; or until that event; or to the end.

        Returns the event's value. Raises ValueError for a time that is not in the future and
        RuntimeError if nothing is left to do and the event did not happen.
        """
        if isinstance(until, Event):
            if until.callbacks is None:
                return until.value
            until.callbacks.append(StopSimulation.callback)
        elif until is not None:
            self._stop_at(until)
        queue, pop = self.queue, heappop
        try:
            while queue:
                self._now, _, function, argument = pop(queue)
                function(argument)
        except StopSimulation as stop:
            return stop.args[0]
        if until is not None:
            raise RuntimeError(f"No scheduled events left but {until!r} was not reached")
        return None

    def stop(self) -> None:
        """End `run` before the next event; what is queued stays queued."""
        heappush(self.queue, (self._now, -2 * _PRIORITY_STEP + self.next_key(), _raise_stop, None))

    def _stop_at(self, until: int) -> None:
        if until.__class__ is not int:
            _refuse_time(until, self._now)
        if until <= self._now:
            raise ValueError(f"until ({until}) must be greater than the current simulation time")
        heappush(self.queue, (until, self.next_key() - _PRIORITY_STEP, _raise_stop, None))


class _Timeout(Timeout):
    """SimPy's timeout, which queues itself: what a process does most must not cost a call more."""

    def __init__(self, env: Kernel, delay: int, value: Any = None) -> None:
        if delay.__class__ is not int or delay < 0:
            super().__init__(env, delay, value)  # refuses it, as SimPy and `Kernel.schedule` do
            return
        self.env = env
        self.callbacks = []
        self._value = value
        self._delay = delay
        self._ok = True
        heappush(env.queue, (env._now + delay, env.next_key(), _process_event, self))

    def _desc(self) -> str:
        return super()._desc().lstrip("_")  # like SimPy's own in messages


_EVENT_CLASSES: tuple[tuple[str, type], ...] = (
    ("process", Process),
    ("timeout", _Timeout),
    ("event", Event),
    ("all_of", AllOf),
    ("any_of", AnyOf),
)


def _refuse_time(time_ns: object, now_ns: float) -> NoReturn:
    if time_ns.__class__ is not int:
        raise TypeError(f"time is an integer number of nanoseconds, not {time_ns!r}")
    raise ValueError(f"{time_ns} ns is in the past: it is {now_ns} ns")


def _raise_stop(_: Any) -> None:
    raise StopSimulation(None)


def _process_event(event: Event) -> None:
    """Run a SimPy event's callbacks, with SimPy's rules for stops and for failures."""
    callbacks = event.callbacks
    event.callbacks = None  # type: ignore[assignment]
    try:
        for callback in callbacks:
            callback(event)
    except StopSimulation:
        event.callbacks = callbacks[callbacks.index(callback) + 1 :]
        event.env.schedule(event, URGENT - 1)  # type: ignore[arg-type]
        raise
    if not event._ok and not hasattr(event, "_defused"):
        failure = event._value
        raise type(failure)(*failure.args) from failure


def seeded_keys(key: int) -> Callable[[], int]:
    """Return a source of tie-breaking keys: a permutation of [0, 2**61) chosen by `key`.

    Distinct counters give distinct keys, since adding, multiplying by an odd number modulo a power
    of two and x ^= x >> s can all be undone.
    """
    mask = (1 << 61) - 1
    counter = count(key & mask).__next__

    def next_key() -> int:
        mixed = counter() * 0x1BF58476D1CE4E5B & mask
        mixed = (mixed ^ (mixed >> 29)) * 0x14D049BB133111EB & mask
        return mixed ^ (mixed >> 31)

    return next_key
