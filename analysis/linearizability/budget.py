"""How long a search may go on, and how much it may remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class OutOfBudget(Exception):
    """The search has to stop; `reason` is "time" or "memory"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one check.

    configurations: so many are kept in memory at once at most; one takes about 300 bytes.
    seconds: None: no limit. The time is told by `clock`, a monotonic one in seconds, handed in since
        what analysis returns must not depend on the time of day.
    """

    configurations: int = 3_000_000
    seconds: float | None = None
    clock: Callable[[], float] | None = None


class Meter:
    """Says when a budget is used up, counted from now on."""

    __slots__ = ("_clock", "_deadline", "_limit", "configurations", "kept")

    def __init__(self, budget: Budget) -> None:
        self._clock = budget.clock if budget.seconds is not None else None
        self._limit = budget.configurations
        self._deadline = 0.0
        if self._clock is not None and budget.seconds is not None:
            self._deadline = self._clock() + budget.seconds
        self.configurations = 0  # in all
        self.kept = 0  # at present

    def restart(self) -> None:
        """Begin another search, for which nothing is kept yet; the time goes on."""
        self.kept = 0
        self.check_time()

    def keep(self) -> None:
        """Count a configuration that is to be kept; raise `OutOfBudget` if it is too many."""
        if self.kept >= self._limit:
            raise OutOfBudget("memory")
        self.kept += 1
        self.configurations += 1

    def check_time(self) -> None:
        """Raise `OutOfBudget` if the time is over."""
        if self._clock is not None and self._clock() >= self._deadline:
            raise OutOfBudget("time")
