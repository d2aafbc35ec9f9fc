"""Client operations, summed up while the run goes on, in memory that does not grow with its length."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What is below 1000 keeps its units, what is below 10,000 its tens, and so on.
_THOUSANDS: list[int] = [10**digits for digits in range(3, 20)]
_COUNTS = ("bound_ns", "ok", "fail", "info", "good", "attempts")
_UNITS: list[int] = [10**digits for digits in range(18)]


def three_digits(value_ns: int) -> int:
    """Return `value_ns` rounded to three significant digits, so that few distinct values remain.

    >>> three_digits(123_456), three_digits(99), three_digits(1_995)
    (123000, 99, 2000)
    """
    unit = _UNITS[bisect_right(_THOUSANDS, value_ns)]
    return (value_ns + unit // 2) // unit * unit


@dataclass(slots=True)
class OperationTally:
    """Counts, latencies (three significant digits) and client outages of one run.

    An operation is *good* if it succeeded within the bound. Outages are intervals between
    invocations, found in order of invocation: from the first bad one to the next good one.
    """

    bound_ns: int
    ok: int = 0
    fail: int = 0
    info: int = 0
    good: int = 0
    attempts: int = 0
    latencies: dict[int, int] = field(default_factory=dict)
    outages: list[tuple[int, int]] = field(default_factory=list)
    _open_since: int = -1
    _pending: deque[list[int]] = field(default_factory=deque)

    def invoked(self, at_ns: int) -> list[int]:
        """Register an operation; the returned slot is handed back to `completed`."""
        slot = [at_ns, -1]
        self._pending.append(slot)
        return slot

    def completed(self, slot: list[int], at_ns: int, outcome: str) -> None:
        """Count the end of the operation in `slot`: outcome "ok", "fail" or "info"."""
        latency = at_ns - slot[0]
        good = 0
        if outcome == "ok":
            self.ok += 1
            rounded = three_digits(latency)
            self.latencies[rounded] = self.latencies.get(rounded, 0) + 1
            good = latency <= self.bound_ns
        elif outcome == "fail":
            self.fail += 1
        else:
            self.info += 1
        self.good += good
        slot[1] = good
        if slot is self._pending[0]:
            self._settle()

    def _settle(self) -> None:
        pending = self._pending
        while pending and pending[0][1] >= 0:
            invoked_at, good = pending.popleft()
            if good and self._open_since >= 0:
                self.outages.append((self._open_since, invoked_at))
                self._open_since = -1
            elif not good and self._open_since < 0:
                self._open_since = invoked_at

    def finish(self, at_ns: int) -> None:
        """Close at the end of the run: what is open for longer than the bound is unknown (`info`)."""
        for slot in self._pending:
            if slot[1] < 0 and at_ns - slot[0] > self.bound_ns:
                self.info += 1
                slot[1] = 0
        # What is open for less long is neither good nor bad, and hides nothing that came after it.
        self._pending = deque(slot for slot in self._pending if slot[1] >= 0)
        self._settle()
        if self._open_since >= 0:
            self.outages.append((self._open_since, at_ns))
            self._open_since = -1

    def as_dict(self) -> dict[str, Any]:
        """Return a finished tally for JSON: counts, [latency, how often] pairs, [from, to] outages."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, "latencies": sorted(self.latencies.items()), "outages": self.outages}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> OperationTally:
        """Return the tally that `as_dict` told of.

        Raises:
            KeyError, TypeError, ValueError: it is not of that shape.
        """
        latencies = {int(latency): int(count) for latency, count in told["latencies"]}
        outages = [(int(since), int(to)) for since, to in told["outages"]]
        bound_ns, ok, fail, info, good, attempts = (int(told[name]) for name in _COUNTS)
        return cls(bound_ns, ok, fail, info, good, attempts, latencies, outages)

    @property
    def ended(self) -> int:
        """Number of operations with an outcome."""
        return self.ok + self.fail + self.info


@dataclass(slots=True)
class Costs:
    """What the run cost; bytes only if `weigh`: asking every message for its size takes time."""

    weigh: bool = False
    messages: int = 0
    bytes: int = 0
    fsyncs: int = 0
