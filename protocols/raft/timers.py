"""Election timers that know when a leader was last heard of: continuous, in ticks, or polled.

Each stands for the plain timer of `RaftState`: `set` is what a message of the leader does, `rearm` what
everything else does that resets the timer. All times are local nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import Timer

NEVER = -(1 << 62)
SLACK_NS = 1_000
"""A tick counts as over so much before its time: an alarm may come a rounding error early."""


class ContactTimer:
    """A timer that is reset at each contact, as in the paper; implements `protocols.api.Timer`."""

    __slots__ = ("_now", "_timer", "heard_at")

    def __init__(self, timer: Timer, now: Callable[[], int]) -> None:
        self._timer = timer
        self._now = now
        self.heard_at = NEVER  # the last contact with a leader

    def set(self, after_ns: int) -> None:
        """Note a contact with the leader, and start anew."""
        self.heard_at = self._now()
        self._timer.set(after_ns)

    def rearm(self, after_ns: int) -> None:
        """Start anew without a contact."""
        self._timer.set(after_ns)

    def cancel(self) -> None:
        """Do not fire."""
        self._timer.cancel()

    def heard_within(self, length_ns: int) -> bool:
        """Return whether the last contact is younger than that."""
        return self._now() - self.heard_at < length_ns

    def postpones(self, length_ns: int) -> bool:
        """Return whether the alarm that just came up does not count."""
        return False


class PolledTimer(ContactTimer):
    """A timer that no contact resets: when it is due, the age of the last contact decides.

    As in hashicorp/raft (`runFollower`): a random timer, and a look at `LastContact` when it fires, so
    that a silent leader is noticed after one to three timeouts instead of one to two.
    """

    __slots__ = ()

    def set(self, after_ns: int) -> None:
        """Note a contact with the leader."""
        self.heard_at = self._now()

    def postpones(self, length_ns: int) -> bool:
        """Return whether the alarm that just came up does not count: the contact is young enough."""
        return self.heard_within(length_ns)


class Ticks:
    """A process's ticks: one every `tick_ns`, at a phase that never changes in its life (etcd)."""

    __slots__ = ("now", "phase_ns", "tick_ns")

    def __init__(self, now: Callable[[], int], tick_ns: int, phase_ns: int) -> None:
        self.now = now
        self.tick_ns = tick_ns
        self.phase_ns = (now() + phase_ns) % tick_ns

    def count(self) -> int:
        """Return how many ticks there were so far."""
        return (self.now() - self.phase_ns + SLACK_NS) // self.tick_ns

    def until(self, ticks: int) -> int:
        """Return the time until the tick that is the `ticks`-th from now, the next one being the first."""
        now = self.now()
        passed = (now - self.phase_ns + SLACK_NS) // self.tick_ns
        return (passed + ticks) * self.tick_ns + self.phase_ns - now


class TickTimer:
    """A timer that counts whole ticks; implements `protocols.api.Timer`."""

    __slots__ = ("_ticks", "_timer")

    def __init__(self, timer: Timer, ticks: Ticks) -> None:
        self._timer = timer
        self._ticks = ticks

    def set(self, after_ns: int) -> None:
        """Fire at the tick at which so many ticks as fit into `after_ns` are over, the next one at least."""
        ticks = self._ticks  # `until`, spelled out
        tick_ns, phase_ns = ticks.tick_ns, ticks.phase_ns
        now = ticks.now()
        passed = (now - phase_ns + SLACK_NS) // tick_ns
        self._timer.set((passed + (after_ns // tick_ns or 1)) * tick_ns + phase_ns - now)

    def cancel(self) -> None:
        """Do not fire."""
        self._timer.cancel()


class TickedContactTimer(ContactTimer):
    """An election timer in ticks: what counts is how many ticks came since the last contact (etcd)."""

    __slots__ = ("_ticks",)

    def __init__(self, timer: Timer, ticks: Ticks, now: Callable[[], int]) -> None:
        super().__init__(timer, now)
        self._ticks = ticks

    def set(self, after_ns: int) -> None:
        """Note a contact with the leader, and start anew."""
        ticks = self._ticks  # `count` and `until`, spelled out: each heartbeat comes here
        tick_ns, phase_ns = ticks.tick_ns, ticks.phase_ns
        now = self._now()
        passed = self.heard_at = (now - phase_ns + SLACK_NS) // tick_ns
        self._timer.set((passed + after_ns // tick_ns) * tick_ns + phase_ns - now)

    def rearm(self, after_ns: int) -> None:
        """Start anew without a contact."""
        self._timer.set(self._ticks.until(after_ns // self._ticks.tick_ns))

    def heard_within(self, length_ns: int) -> bool:
        """Return whether fewer ticks than that came since the last contact."""
        return self._ticks.count() - self.heard_at < length_ns // self._ticks.tick_ns
