"""When sessions expire: on a grid of ticks, so that one look expires many (SessionTrackerImpl.java)."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.api import Timer


class SessionTracker:
    """The leader's clock of all sessions. Counts on the monotonic clock (ZOOKEEPER-1366)."""

    def __init__(self, tick_ns: int, phase_ns: int, timer: Timer) -> None:
        self._tick_ns = tick_ns
        self._phase_ns = phase_ns  # of the grid, which is that of the machine's clock, against ours
        self._timer = timer
        self._timeouts: dict[int, int] = {}
        self._bucket_of: dict[int, int] = {}
        self._buckets: dict[int, dict[int, None]] = {}
        self.owners: dict[int, int] = {}  # which server each session is at

    def start(self, now: int, sessions: Iterable[tuple[int, int]]) -> None:
        """Give every session its full timeout: a new leader does not know when they were heard from."""
        for session, timeout in sessions:
            self.track(now, session, timeout)

    def track(self, now: int, session: int, timeout: int) -> None:
        """Begin with a session."""
        self._timeouts[session] = timeout
        self.touch(now, session)

    def touch(self, now: int, session: int) -> bool:
        """Begin its timeout anew; return False when it is not known, or about to be closed."""
        timeout = self._timeouts.get(session)
        if timeout is None:
            return False
        bucket = self.round_up(now + timeout)
        old = self._bucket_of.get(session)
        if bucket == old:
            return True
        if old is not None:
            self._buckets[old].pop(session)
        self._bucket_of[session] = bucket
        self._buckets.setdefault(bucket, {})[session] = None
        self._arm(now)
        return True

    def round_up(self, time_ns: int) -> int:
        """Return the first instant of the grid after `time_ns` (ExpiryQueue.roundToNextInterval)."""
        return ((time_ns + self._phase_ns) // self._tick_ns + 1) * self._tick_ns - self._phase_ns

    def forget(self, session: int) -> None:
        """The session was closed."""
        self._timeouts.pop(session, None)
        self.owners.pop(session, None)
        bucket = self._bucket_of.pop(session, None)
        if bucket is not None:
            self._buckets[bucket].pop(session)

    def expired(self, now: int) -> tuple[int, ...]:
        """Return the sessions whose time is over, each once, and look again later."""
        due = sorted(bucket for bucket in self._buckets if bucket <= now)
        sessions = tuple(session for bucket in due for session in self._buckets.pop(bucket))
        for session in sessions:
            del self._bucket_of[session]
            del self._timeouts[session]
        self._arm(now)
        return sessions

    def _arm(self, now: int) -> None:
        if self._buckets:
            self._timer.set(max(0, min(self._buckets) - now))
