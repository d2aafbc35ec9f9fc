"""Local clocks and the timers that run on them.

Each node has a monotonic clock, whose rate may be wrong, and a wall clock on top of it, which may
also step. A rate error moves timers, since they count local time; a step moves only the wall clock.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush

from sim.kernel import Kernel

BILLION = 1_000_000_000
STOPPED_PPB = -BILLION
"""The rate error of a clock that stands still."""

WALL_EPOCH_NS = 1_700_000_000 * BILLION
"""Every wall clock shows this much at the start of a run, plus its own offset."""

_NEVER = 1 << 62  # a time that does not come
_OVERDUE = -2  # instead of a deadline


class Clock:
    """The clocks of one node; survives its crashes."""

    __slots__ = (
        "_frozen", "_kernel", "_local_base", "_slew_ppb", "_true_base", "_worst_error_ns",
        "own_ppb", "rate_ppb", "timers", "wall_offset_ns", "worst_ppb",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, rate_ppb: int = 0, wall_offset_ns: int = 0) -> None:
        self._kernel = kernel
        self._true_base = 0
        self._local_base = 0
        self.rate_ppb = rate_ppb  # what it runs at just now
        self.own_ppb = rate_ppb  # the same without slewing, and unless it is frozen
        self._slew_ppb = 0
        self._frozen = False
        self.wall_offset_ns = wall_offset_ns
        self.timers: list[NodeTimer] = []
        self.worst_ppb = abs(rate_ppb)  # the largest rate error so far, fast or slow
        self._worst_error_ns = 0

    def now(self) -> int:
        """Return the monotonic clock, in local nanoseconds since the start of the run."""
        elapsed: int = self._kernel._now - self._true_base
        if not self.rate_ppb:
            return self._local_base + elapsed
        return self._local_base + elapsed * (BILLION + self.rate_ppb) // BILLION

    def wall(self) -> int:
        """Return the wall clock, in nanoseconds since 1970."""
        return WALL_EPOCH_NS + self.wall_offset_ns + self.now()

    def error_ns(self) -> int:
        """Return how far the wall clock is ahead of the truth."""
        return self.wall() - WALL_EPOCH_NS - self._kernel._now

    def true_delay(self, local_ns: int) -> int:
        """Return the true nanoseconds in which this clock advances by at least `local_ns`."""
        if self.rate_ppb == 0:
            return local_ns
        if self.rate_ppb == STOPPED_PPB:
            return _NEVER
        return -(-local_ns * BILLION // (BILLION + self.rate_ppb))

    def step(self, by_ns: int) -> None:
        """Step the wall clock."""
        self._worst_error_ns = self.worst_error_ns()
        self.wall_offset_ns += by_ns

    def worst_error_ns(self) -> int:
        """Return how far from the truth the wall clock was at worst: now, or just before a step."""
        return max(self._worst_error_ns, abs(self.error_ns()))

    def set_rate(self, rate_ppb: int) -> None:
        """Change the own rate error from now on; timers that are running fire earlier or later."""
        self.own_ppb = rate_ppb
        self._change_rate()

    def slew(self, by_ppb: int) -> None:
        """Run faster or slower by so much until told otherwise, whatever the own rate error is."""
        self._slew_ppb = by_ppb
        self._change_rate()

    def freeze(self) -> None:
        """Stand still until `thaw`; timers do not fire."""
        self._frozen = True
        self._change_rate()

    def thaw(self) -> None:
        """Go on from where the clock stood."""
        self._frozen = False
        self._change_rate()

    def _change_rate(self) -> None:
        rate_ppb = STOPPED_PPB if self._frozen else max(STOPPED_PPB, self.own_ppb + self._slew_ppb)
        if rate_ppb != self.rate_ppb:
            self._run_at(rate_ppb)

    def _run_at(self, rate_ppb: int) -> None:
        left = [timer.local_left() for timer in self.timers]
        self._local_base = self.now()
        self._true_base = self._kernel._now
        self.rate_ppb = rate_ppb
        self.worst_ppb = max(self.worst_ppb, abs(rate_ppb))
        for timer, local_ns in zip(self.timers, left, strict=True):
            if local_ns is not None:
                timer.set(local_ns)


class NodeTimer:
    """A resettable timer with at most one live queue entry; implements `protocols.api.Timer`.

    Being reset (at every heartbeat) only moves the deadline. The entry that comes up before the
    deadline queues itself again, so that 500 resets leave one entry and not 500.
    """

    __slots__ = ("_clock", "_deadline", "_entry", "_held", "_kernel", "callback", "divert", "name")

    def __init__(self, name: str, kernel: Kernel, clock: Clock, callback: Callable[[], None]) -> None:
        self.name = name
        self.callback = callback
        self.divert: Callable[[NodeTimer], None] | None = None  # what to do instead of calling back
        self._kernel = kernel
        self._clock = clock
        self._deadline = -1  # -1: not set
        self._entry = _NEVER  # the time of the queue entry that counts
        self._held = 0  # what is left, while the clock stands still
        clock.timers.append(self)

    def set(self, after_ns: int) -> None:
        """Fire `after_ns` local nanoseconds from now, in place of what was set before."""
        if self._clock.rate_ppb:
            self._held = after_ns
            after_ns = self._clock.true_delay(after_ns)
        kernel = self._kernel
        self._deadline = deadline = kernel._now + after_ns
        if deadline < self._entry:
            self._entry = deadline
            heappush(kernel.queue, (deadline, kernel.next_key(), self._due, deadline))

    def cancel(self) -> None:
        """Do not fire."""
        self._deadline = -1

    def local_left(self) -> int | None:
        """Return the local nanoseconds to go, or None if it is not set."""
        if self._deadline < 0:
            return None
        if self._clock.rate_ppb == STOPPED_PPB:
            return self._held
        left = self._deadline - self._kernel._now
        # Rounded up, as in `true_delay`: no change of rate may make a timer fire before its time.
        return -(-left * (BILLION + self._clock.rate_ppb) // BILLION)

    def postpone(self) -> None:
        """Remember that the timer came due and did not call back, until it is set or cancelled."""
        self._deadline = _OVERDUE

    def take_overdue(self) -> bool:
        """Return whether the timer was postponed, and neither set nor cancelled since; forget it."""
        overdue = self._deadline == _OVERDUE
        if overdue:
            self._deadline = -1
        return overdue

    def _due(self, entry: int) -> None:
        if entry != self._entry:
            return
        self._entry = _NEVER
        deadline = self._deadline
        if deadline == entry:
            self._deadline = -1
            if self.divert is None:
                self.callback()
            else:
                self.divert(self)
        elif 0 <= deadline < _NEVER:
            self._entry = deadline
            heappush(self._kernel.queue, (deadline, self._kernel.next_key(), self._due, deadline))
