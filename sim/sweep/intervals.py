"""Quantiles of right-censored lengths, with bootstrap intervals, from counts.

The estimate is the product-limit one of `analysis.statistics`. The interval is Efron's percentile
bootstrap for censored data (JASA 76, 1981): pairs (length, whether it was censored) are drawn with
replacement. Drawing n of them is drawing how often each distinct pair comes up, so the work does not
grow with the number of runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RESAMPLES = 999
LEVEL = 0.95
SEED = 1  # of the resampling: the same rows give the same interval
_TOLERANCE = 1e-9
_AT_ONCE = 200_000


@dataclass(slots=True)
class Lengths:
    """How often each length was seen whole, and how often one was cut off after so long; in ns."""

    complete: Counter[int] = field(default_factory=Counter)
    censored: Counter[int] = field(default_factory=Counter)

    def add(self, length_ns: int, is_censored: bool) -> None:
        """Count one."""
        (self.censored if is_censored else self.complete)[length_ns] += 1

    @property
    def total(self) -> int:
        """How many there are."""
        return self.complete.total() + self.censored.total()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantile in ns and its interval; None where censoring hides it: it is longer than what was seen.

    error_ns: the standard error, of the same resamples; None if any of them does not reach the quantile.
    """

    value: int | None
    low: int | None
    high: int | None
    error_ns: float | None = None


def estimate(lengths: Lengths, share: float, level: float = LEVEL) -> Estimate:
    """Return the quantile and its interval of confidence `level`; all None if there are no lengths."""
    if not lengths.total:
        return Estimate(None, None, None)
    at = np.array(sorted(lengths.complete | lengths.censored), dtype=np.int64)
    ended = np.array([lengths.complete[each] for each in at.tolist()], dtype=np.int64)
    cut_off = np.array([lengths.censored[each] for each in at.tolist()], dtype=np.int64)
    value = _quantiles(ended[None, :], cut_off[None, :], at, share)[0]
    drawn = np.sort(_resampled(ended, cut_off, at, share))
    low, high = (drawn[_rank(each)] for each in ((1 - level) / 2, (1 + level) / 2))
    error_ns = None if np.isinf(drawn[-1]) else float(drawn.std())
    value, low, high = (None if np.isinf(each) else int(each) for each in (value, low, high))
    return Estimate(value, low, high, error_ns)


def _rank(share: float) -> int:
    return min(RESAMPLES - 1, int(share * RESAMPLES))


def _resampled(ended: Any, cut_off: Any, at: Any, share: float) -> Any:
    from scipy.stats import multinomial

    pairs = np.concatenate([ended, cut_off])
    total = int(pairs.sum())
    step = max(1, _AT_ONCE // len(pairs))
    found = []
    for first in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - first)
        draws = multinomial.rvs(total, pairs / total, size=count, random_state=SEED + first)
        draws = draws.reshape(count, len(pairs))
        found.append(_quantiles(draws[:, : len(at)], draws[:, len(at) :], at, share))
    return np.concatenate(found)


def _quantiles(ended: Any, cut_off: Any, at: Any, share: float) -> Any:
    """Return the product-limit quantile of each row of counts; infinity where it is not reached."""
    gone = np.cumsum(ended + cut_off, axis=1)
    under_way = gone[:, -1:] - gone + ended + cut_off
    lasting = np.cumprod(1 - ended / np.maximum(under_way, 1), axis=1)
    # A quantile is a length that was seen whole, so a column of which none ended is no candidate.
    reached = (1 - lasting >= share - _TOLERANCE) & (ended > 0)
    return np.where(reached.any(axis=1), at[reached.argmax(axis=1)].astype(float), np.inf)
