"""One metric over many runs: its value, and how sure that is.

Election times are pooled: a quantile is that of all elections of all runs, those that the end of a run
cut off included. Counts are added up, so that `== 0` says "in no run". The longest of something is
the longest in any run. Everything else (shares, rates, lengths) is averaged over the runs that
measured it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any, Protocol

from sim.metrics import METRICS, VIOLATION_PREFIX
from sim.sweep.intervals import LEVEL, Lengths, estimate
from sim.sweep.tables import PLACE, Row, Rows
from sim.tally import three_digits

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_RUN = PLACE["runs"]
_ELECTION = PLACE["elections"]
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric came to, in its unit: seconds, shares, counts.

    value: None if no run measured it; infinity if it is longer than what was seen. low, high: its
    interval; both are the value where it has none (a sum, the longest). error: the standard error.
    """

    value: float | None
    low: float | None
    high: float | None
    error: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it: null for what was not measured or not reached."""
        return {"value": self.value, "interval": [self.low, self.high]}


NOTHING = Measure(None, None, None)


class Gauge(Protocol):
    """Collects one metric, in memory that does not grow with the number of runs."""

    def add(self, rows: Rows) -> None:
        """Take in the rows of more runs."""

    def measure(self, level: float = LEVEL) -> Measure:
        """Return what they come to, with an interval of confidence `level`."""


def gauge(name: str) -> Gauge:
    """Return what collects the metric of that name, one of `METRICS` or `violations.<property>`."""
    if name.startswith("election_time."):
        return per_run(name)
    if name.startswith(VIOLATION_PREFIX) and name not in METRICS:
        return Violations(name.removeprefix(VIOLATION_PREFIX))
    if METRICS[name].unit == "count":
        return Folded(name, lambda total, value: total + value)
    if name.endswith((".longest", ".max")):
        return Folded(name, max)
    return Averaged(name)


def per_run(name: str) -> Gauge:
    """Return what collects a metric so that few runs can be compared with many: counts too are averaged."""
    group, _, rest = name.partition(".")
    definition, _, statistic = rest.partition(".")
    return ElectionTimes(definition, statistic) if group == "election_time" else Averaged(name)


@dataclass(slots=True)
class ElectionTimes:
    """A statistic of the lengths of all elections, kept with three significant digits."""

    definition: str
    statistic: str
    lengths: Lengths = field(default_factory=Lengths)

    def add(self, rows: Rows) -> None:
        """Take in the elections; one that did not end is at least as long as its run went on."""
        ended, end = _ELECTION[f"{self.definition}_s"], _ELECTION["end_s"]
        for row in rows["elections"]:
            length = row[ended]
            length_s = row[end] if length is None else length
            self.lengths.add(three_digits(round(length_s * 1e9)), length is None)

    def measure(self, level: float = LEVEL) -> Measure:
        """Return the quantile of Kaplan and Meier, the mean, or an extreme."""
        if not self.lengths.total:
            return NOTHING
        if self.statistic in _QUANTILES:
            found = estimate(self.lengths, _QUANTILES[self.statistic], level)
            error = None if found.error_ns is None else found.error_ns / SECOND_NS
            return Measure(_seconds(found.value), _seconds(found.low), _seconds(found.high), error)
        return self._mean(level) if self.statistic == "mean" else self._extreme()

    def _mean(self, level: float) -> Measure:
        if self.lengths.censored:
            return Measure(inf, inf, inf)
        moments = Moments()
        for length_ns, count in sorted(self.lengths.complete.items()):
            moments.add(length_ns / SECOND_NS, count)
        return moments.measure(level)

    def _extreme(self) -> Measure:
        complete, censored = self.lengths.complete, self.lengths.censored
        if self.statistic == "min":
            value = min(complete, default=None)
        else:
            value = None if censored else max(complete)
        return Measure(*[_seconds(value)] * 3)


def _seconds(length_ns: int | None) -> float:
    return inf if length_ns is None else length_ns / SECOND_NS


@dataclass(slots=True)
class Moments:
    """Mean and variance as they come in (Welford, Technometrics 4, 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Take in a value that was seen so many times."""
        self.count += times
        step = value - self.mean
        self.mean += step * times / self.count
        self.squares += step * (value - self.mean) * times

    def measure(self, level: float) -> Measure:
        """Return the mean with its interval by Student's t; without one for fewer than two values."""
        if not self.count:
            return NOTHING
        if self.count < 2:
            return Measure(self.mean, self.mean, self.mean)
        from scipy.stats import t

        error = sqrt(self.squares / (self.count - 1) / self.count)
        half = float(t.ppf((1 + level) / 2, self.count - 1)) * error
        return Measure(self.mean, self.mean - half, self.mean + half, error)


@dataclass(slots=True)
class Averaged:
    """The mean over the runs that measured something."""

    name: str
    moments: Moments = field(default_factory=Moments)

    def add(self, rows: Rows) -> None:
        """Take in the metric of each run."""
        place = _RUN[self.name]
        for row in rows["runs"]:
            if row[place] is not None:
                self.moments.add(row[place])

    def measure(self, level: float = LEVEL) -> Measure:
        """Return the mean."""
        return self.moments.measure(level)


@dataclass(slots=True)
class Folded:
    """The sum over all runs, or the longest of any: facts about what was seen, without an interval."""

    name: str
    fold: Callable[[float, float], float]
    value: float | None = None

    def add(self, rows: Rows) -> None:
        """Take in the metric of each run."""
        place = _RUN[self.name]
        for row in rows["runs"]:
            if row[place] is not None:
                self.value = row[place] if self.value is None else self.fold(self.value, row[place])

    def measure(self, level: float = LEVEL) -> Measure:
        """Return what was seen."""
        return Measure(*[self.value] * 3)


@dataclass(slots=True)
class Violations:
    """The number of runs that violated a property."""

    property: str
    runs: int = 0

    def add(self, rows: Rows) -> None:
        """Count the runs whose row names it."""
        self.runs += sum(self.property in _violated(row) for row in rows["runs"])

    def measure(self, level: float = LEVEL) -> Measure:
        """Return the count."""
        return Measure(*[float(self.runs)] * 3)


def _violated(row: Row) -> list[str]:
    return str(row[_RUN["violated"]]).split(", ")


def is_known(value: float | None) -> bool:
    """Return whether something was measured, and reached."""
    return value is not None and math.isfinite(value)
