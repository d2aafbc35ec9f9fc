"""What a sample of independent trials says of a distribution: estimates with 95 % intervals.

A trial that never came to its end counts as infinite: it is longer than every other.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Z = 1.959964
"""Quantile of the standard normal distribution that leaves 5 % outside, on both sides together."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval; without one (`low` and `high` None) where none is known."""

    value: float
    low: float | None = None
    high: float | None = None


def mean(values: Sequence[float]) -> Estimate:
    """Return the mean, with the interval of the central limit theorem; infinite if any value is."""
    count = len(values)
    if math.inf in values:
        return Estimate(math.inf)
    centre = math.fsum(values) / count
    if count == 1:
        return Estimate(centre)
    variance = math.fsum((value - centre) ** 2 for value in values) / (count - 1)
    half = Z * math.sqrt(variance / count)
    return Estimate(centre, centre - half, centre + half)


def quantile(values: Sequence[float], share: float) -> Estimate:
    """Return the smallest value that at least `share` of all do not exceed, 0 < share <= 1.

    The interval is between two of the values: how many lie below the true quantile is binomial, whatever
    the distribution (Conover, Practical Nonparametric Statistics, §3.2).
    """
    ordered, count = sorted(values), len(values)
    rank = max(1, math.ceil(share * count - 1e-9))
    half = Z * math.sqrt(count * share * (1 - share))
    low, high = math.floor(share * count - half), math.ceil(share * count + half) + 1
    return Estimate(ordered[rank - 1], ordered[max(low, 1) - 1], ordered[min(high, count) - 1])


def share(values: Sequence[float]) -> Estimate:
    """Return the share of trials that are 1 and not 0, with Wilson's score interval (JASA 22, 1927)."""
    count = len(values)
    found = sum(values) / count
    scale = 1 + Z * Z / count
    centre = (found + Z * Z / (2 * count)) / scale
    half = Z * math.sqrt(found * (1 - found) / count + Z * Z / (4 * count * count)) / scale
    # Rounding must not leave a share of exactly 0 or 1 outside of its own interval.
    return Estimate(found, max(0.0, min(found, centre - half)), min(1.0, max(found, centre + half)))


def distance(values: Sequence[float], curve: Sequence[tuple[float, float]]) -> Estimate:
    """Return how far the sample's distribution is from a curve of (share, quantile) points, at these.

    It is the statistic of Kolmogorov and Smirnov, as far as the curve is known. The interval is that of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant (Annals of Probability 18, 1990).
    """
    ordered, count = sorted(values), len(values)
    found = max(abs(bisect_right(ordered, at) / count - upto) for upto, at in curve)
    half = math.sqrt(math.log(2 / 0.05) / (2 * count))
    return Estimate(found, max(0.0, found - half), min(1.0, found + half))


def change(values: Sequence[float], baseline: Sequence[float]) -> Estimate:
    """Return by which share the mean is above (or, negative, below) that of a baseline.

    The interval is of first order in the errors of the two means, taken to be independent: samples that
    share their randomness are closer than it says.
    """
    ours, theirs = mean(values), mean(baseline)
    if math.inf in (ours.value, theirs.value) or ours.high is None or theirs.high is None:
        return Estimate(ours.value / theirs.value - 1 if math.isfinite(theirs.value) else math.nan)
    ratio = ours.value / theirs.value
    errors = ((each.high or 0.0) / each.value - 1 for each in (ours, theirs))
    half = ratio * math.hypot(*errors)
    return Estimate(ratio - 1, ratio - 1 - half, ratio - 1 + half)


STATISTICS: dict[str, Callable[[Sequence[float]], Estimate]] = {
    "min": lambda values: Estimate(min(values)),
    "p10": lambda values: quantile(values, 0.1),
    "p50": lambda values: quantile(values, 0.5),
    "p90": lambda values: quantile(values, 0.9),
    "p99.9": lambda values: quantile(values, 0.999),
    "max": lambda values: Estimate(max(values)),
    "mean": mean,
    "share": share,
}
"""Estimates by name, each from the values of all trials, of which there is at least one."""
