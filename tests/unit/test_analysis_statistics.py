"""Statistics of samples of which some lengths are censored; small ones, worked by hand."""

from __future__ import annotations

import pytest

from analysis.statistics import (
    STATISTICS,
    Sample,
    at_least,
    distribution,
    mean,
    quantile,
    shortest,
    weighted_quantile,
)


def test_quantiles_without_censoring_are_order_statistics() -> None:
    """The smallest length that at least the share does not exceed; the median of two is the smaller."""
    ten = Sample(tuple(range(10, 110, 10)))

    assert [quantile(ten, share) for share in (0.1, 0.11, 0.5, 0.9, 0.91, 0.99, 1.0)] == [
        10, 20, 50, 90, 100, 100, 100,
    ]  # fmt: skip
    assert quantile(Sample((30, 10)), 0.5) == 10


def test_product_limit_worked_by_hand() -> None:
    """1 of 5 ends at 1; one is lost at 2; 1 of 3 ends at 3: 1 - 4/5 x 2/3 = 7/15; 5 is censored, 4 ends."""
    sample = Sample((1, 3, 4), (2, 5))

    assert [length for length, _ in distribution(sample)] == [1, 3, 4]
    assert [upto for _, upto in distribution(sample)] == pytest.approx([1 / 5, 7 / 15, 1 - 8 / 15 / 2])
    assert (quantile(sample, 0.5), quantile(sample, 0.73), quantile(sample, 0.74)) == (4, 4, None)


def test_one_censored_at_the_length_of_another_was_still_under_way() -> None:
    """Of two, one ends at 3: half."""
    assert list(distribution(Sample((3,), (3,)))) == [(3, 0.5)]


def test_shares_that_floats_miss_count_as_reached() -> None:
    """Seven of ten are 0.7, though ten factors of floats may give a little less."""
    for n in range(1, 60):
        sample = Sample(tuple(range(1, n + 1)))
        assert [quantile(sample, k / n) for k in range(1, n + 1)] == list(range(1, n + 1))


def test_the_mean_is_that_of_the_estimated_distribution() -> None:
    """Plain without censoring; with 2 of 4 ending at 2, one lost at 3, one ending at 6: (2 + 6) / 2."""
    assert mean(Sample((1, 2, 6))) == 3
    assert mean(Sample((2, 2, 6), (3,))) == pytest.approx(4)


def test_what_the_longest_leaves_open_is_none() -> None:
    """The mean and the maximum of a sample whose longest is censored, the minimum of none complete."""
    sample = Sample((1, 3), (9,))

    assert {name: of(sample) for name, of in STATISTICS.items()} == {
        "min": 1, "mean": None, "p50": 3, "p90": None, "p99": None, "max": None,
    }  # fmt: skip
    assert shortest(Sample((), (4,))) is None
    assert mean(Sample((), (4,))) is None


def test_statistics_of_nothing_are_none() -> None:
    """And nothing is known of them."""
    assert {of(Sample(())) for of in STATISTICS.values()} == {None}
    assert at_least(Sample(()), "p99") is None


def test_what_a_censored_statistic_cannot_be_less_than() -> None:
    """Censored lengths count as if they had ended when they were lost."""
    sample = Sample((1, 2), (9,))

    assert {name: at_least(sample, name) for name in ("mean", "p99", "max")} == {
        "mean": 4,
        "p99": 9,
        "max": 9,
    }
    assert at_least(Sample((), (4, 7)), "min") == 4


def test_quantile_of_counts() -> None:
    """Ninety-nine at 1, one at 50."""
    counts = {50: 1, 1: 99}

    assert [weighted_quantile(counts, share) for share in (0.5, 0.99, 1.0)] == [1, 1, 50]
    assert weighted_quantile({}, 0.5) is None
