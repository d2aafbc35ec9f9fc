"""Statistics with censoring against scipy's product-limit estimator."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics import Sample, distribution, mean, quantile, weighted_quantile

LENGTHS = st.lists(st.integers(1, 12), max_size=12).map(tuple)


@settings(deadline=None)  # the first call pays for imports
@given(complete=LENGTHS.filter(bool), censored=LENGTHS, percent=st.integers(1, 100))
def test_quantiles_are_those_of_scipy(
    complete: tuple[int, ...], censored: tuple[int, ...], percent: int
) -> None:
    """`scipy.stats.ecdf` of right-censored data, inverted: the first step that reaches the share."""
    estimated = stats.ecdf(stats.CensoredData(uncensored=complete, right=censored)).cdf
    steps = [
        (x, p) for x, p in zip(estimated.quantiles, estimated.probabilities, strict=True) if x in complete
    ]
    reached = [int(x) for x, p in steps if p >= percent / 100 - 1e-9]

    sample = Sample(complete, censored)
    assert [length for length, _ in distribution(sample)] == [int(x) for x, _ in steps]
    assert [upto for _, upto in distribution(sample)] == pytest.approx([p for _, p in steps])
    assert quantile(sample, percent / 100) == (reached[0] if reached else None)


@settings(deadline=None)  # the first call pays for imports
@given(complete=LENGTHS.filter(bool), censored=LENGTHS)
def test_the_mean_is_the_area_below_the_survival_of_scipy(
    complete: tuple[int, ...], censored: tuple[int, ...]
) -> None:
    """It exists if survival comes down to 0."""
    survival = stats.ecdf(stats.CensoredData(uncensored=complete, right=censored)).sf
    edges = [0.0, *survival.quantiles]
    heights = [1.0, *survival.probabilities]
    area = sum((b - a) * h for a, b, h in zip(edges, edges[1:], heights, strict=False))
    expected = area if math.isclose(heights[-1], 0, abs_tol=1e-9) else None

    assert mean(Sample(complete, censored)) == (None if expected is None else pytest.approx(expected))


@settings(deadline=None)  # the first call pays for imports
@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=30), percent=st.integers(1, 100))
def test_quantile_of_counts_is_the_quantile_of_the_values(values: list[int], percent: int) -> None:
    """Counting equal values changes nothing."""
    counts = {value: values.count(value) for value in values}

    assert weighted_quantile(counts, percent / 100) == quantile(Sample(tuple(values)), percent / 100)
