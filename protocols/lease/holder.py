"""Contenders whose belief ends by itself, on their own clock."""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import Host
from protocols.lease.contender import Contender

PPM = 1_000_000


def shortened(length_ns: int, rate_bound: float) -> int:
    """Return how long a holder may count on a lease of that length, in ns on its own clock.

    With all clocks within `rate_bound` of true time (0.001: 1,000 ppm) that time ends before the
    grantor, whose clock is the fastest, sees the end of `length_ns`, even if the holder's is the
    slowest: V / (1 - r) <= T / (1 + r).

    Source: Gray and Cheriton, Leases, SOSP 1989 (the term is shortened by the error of the clocks).
    """
    ppm = round(rate_bound * PPM)
    return length_ns * (PPM - ppm) // (PPM + ppm)


class LeaseHolder(Contender):
    """A contender that compares its clock with the end of its lease, and has a timer for it too."""

    def __init__(self, host: Host, clock: Callable[[], int]) -> None:
        super().__init__(host, clock)
        self.valid_until = 0
        self._end = host.timer("lease end", self._on_end)

    def leads(self) -> int | None:
        """Return the epoch of the lease if it is valid at this moment on the own clock."""
        return self.epoch if self.epoch is not None and self.clock() < self.valid_until else None

    def hold(self, epoch: int, until_ns: int) -> None:
        """Believe, under `epoch`, until the own clock shows `until_ns`; not at all if it does."""
        left = until_ns - self.clock()
        if left > 0:
            self.valid_until = until_ns
            self._end.set(left)
            self.lead(epoch)

    def lose(self, reason: str) -> None:
        """Believe no longer; harmless if the belief is over already."""
        self._end.cancel()
        super().lose(reason)

    def _on_end(self) -> None:
        left = self.valid_until - self.clock()
        if left > 0:  # the wall clock was set back meanwhile
            self._end.set(left)
        else:
            self.lose("expired")
            self._script.wake()
