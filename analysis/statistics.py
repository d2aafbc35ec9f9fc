"""Statistics of lengths of which some are only known to be longer than what was seen of them.

A run that ends without a leader gives a *right-censored* length. To drop it would make slow elections
vanish. So the distribution is estimated by the product-limit method (Kaplan and Meier, JASA 53, 1958):
with n lengths still under way just before t and d of them ending at t, the share that lasts
beyond t shrinks by the factor 1 - d / n. One censored at t counts as under way at t. Without
censoring this is the plain empirical distribution.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil

# Products of floats miss exact shares like 9/10 by a few units in the last place.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """Lengths in one unit: those seen whole, and those cut off after the given length."""

    complete: tuple[int, ...]
    censored: tuple[int, ...] = ()


def distribution(sample: Sample) -> Iterator[tuple[int, float]]:
    """Yield (length, estimated share of lengths that are at most that long) at each complete length.

    In increasing order. The last share is below 1 if the longest is censored.
    """
    ended = Counter(sample.complete)
    cut_off = Counter(sample.censored)
    under_way = len(sample.complete) + len(sample.censored)
    lasting = 1.0
    for length in sorted(ended | cut_off):
        if ended[length]:
            lasting *= 1 - ended[length] / under_way
            yield length, 1 - lasting
        under_way -= ended[length] + cut_off[length]


def quantile(sample: Sample, share: float) -> int | None:
    """Return the smallest complete length that at least `share` (0 < share <= 1) of all do not exceed.

    None when the estimate does not get there: too many of the longest are censored, or none is complete.
    No interpolation: the result is one of the lengths, so the median of two is the smaller.
    """
    if not sample.censored:  # the plain empirical distribution
        ordered = sorted(sample.complete)
        rank = ceil((share - _TOLERANCE) * len(ordered))
        return ordered[max(rank, 1) - 1] if ordered else None
    return next((length for length, upto in distribution(sample) if upto >= share - _TOLERANCE), None)


def shortest(sample: Sample) -> int | None:
    """Return the shortest complete length, None if there is none."""
    return min(sample.complete, default=None)


def mean(sample: Sample) -> float | None:
    """Return the mean of the estimated distribution, None if it is empty or its longest is censored.

    It is the area below the share that lasts; without censoring, the arithmetic mean.
    """
    if not sample.censored:
        return sum(sample.complete) / len(sample.complete) if sample.complete else None
    steps = list(distribution(sample))
    if not steps or steps[-1][1] < 1 - _TOLERANCE:
        return None
    befores = [0.0] + [upto for _, upto in steps]
    return sum(length * (upto - before) for (length, upto), before in zip(steps, befores, strict=False))


STATISTICS: dict[str, Callable[[Sample], float | int | None]] = {
    "min": shortest,
    "mean": mean,
    "p50": partial(quantile, share=0.5),
    "p90": partial(quantile, share=0.9),
    "p99": partial(quantile, share=0.99),
    "max": partial(quantile, share=1.0),
}


def at_least(sample: Sample, statistic: str) -> float | int | None:
    """Return what a statistic that is None for its censored lengths cannot be less than.

    None if the sample is empty. So "p99 below 1 s" is known to be false of a run that stayed without a
    leader for 20 s, though its p99 is not known.
    """
    lengths = sample.complete + sample.censored
    if not lengths:
        return None
    if statistic == "min":
        return min(lengths)
    return sum(lengths) / len(lengths) if statistic == "mean" else max(lengths)


def weighted_quantile(counts: Mapping[int, int], share: float) -> int | None:
    """Return the smallest value that at least `share` of all do not exceed; `counts`: value -> how often."""
    wanted = share * sum(counts.values()) - _TOLERANCE
    upto = 0
    for value in sorted(counts):
        upto += counts[value]
        if upto >= wanted:
            return value
    return None
