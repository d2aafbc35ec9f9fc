"""Estimates lie where the truth is, and their intervals hold it as often as they say."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from analysis.estimates import STATISTICS, Estimate, change, distance, mean, quantile, share
from sim.rng import Seed

SAMPLES = 400


def samples(draw: Callable[[float], float], size: int, seed: int = 1) -> list[list[float]]:
    """Return many samples of a distribution, given by its quantile function."""
    stream = Seed(seed).stream("estimates")
    return [[draw(stream.random()) for _ in range(size)] for _ in range(SAMPLES)]


def covered(found: list[Estimate], truth: float) -> float:
    """Return the share of intervals that hold the truth."""
    inside = [
        each.low <= truth <= each.high for each in found if each.low is not None and each.high is not None
    ]
    return sum(inside) / len(found)


def exponential(share_below: float) -> float:
    """Return a quantile of the exponential distribution of mean 1."""
    return -math.log(1 - share_below)


@pytest.mark.parametrize(
    ("estimate", "truth"),
    [
        (mean, 1.0),
        (lambda values: quantile(values, 0.5), math.log(2)),
        (lambda values: quantile(values, 0.9), math.log(10)),
    ],
)
def test_intervals_hold_the_truth(estimate: Callable[[list[float]], Estimate], truth: float) -> None:
    """95 % of 400; 92 % is three standard deviations less. Not all of them: then they would be too wide."""
    found = [estimate(values) for values in samples(exponential, 200)]

    assert 0.92 <= covered(found, truth) < 0.995


def test_interval_of_a_share_holds_the_truth() -> None:
    found = [share(values) for values in samples(lambda u: float(u < 0.1), 200)]

    assert 0.92 <= covered(found, 0.1) < 0.995


def test_distance_of_a_sample_from_its_own_distribution() -> None:
    """It is small, and the interval of Dvoretzky, Kiefer and Wolfowitz reaches down to none at all."""
    curve = [(at, exponential(at)) for at in (0.1, 0.5, 0.9)]
    found = [distance(values, curve) for values in samples(exponential, 200)]

    assert covered(found, 0.0) >= 0.95
    assert max(each.value for each in found) < 0.2


def test_distance_is_the_largest_difference() -> None:
    """Half of the sample lies below 1, where the curve has nothing, and below 3, where it has 0.9."""
    assert distance([0.0, 5.0], [(0.0, 1.0), (0.9, 3.0)]).value == 0.5


def test_what_never_came_is_longer_than_everything() -> None:
    values = [1.0, 2.0, math.inf]

    assert mean(values).value == math.inf
    assert quantile(values, 0.5).value == 2.0
    assert quantile(values, 0.9).value == math.inf


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_one_trial_has_every_statistic(name: str) -> None:
    assert STATISTICS[name]([1.0]).value == 1.0


def test_share_of_all_or_none_is_inside_its_interval() -> None:
    """Rounding leaves 0 and 1 where they are."""
    for value in (0.0, 1.0):
        found = share([value] * 150)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.value <= found.high


def test_interval_of_a_change_holds_the_truth() -> None:
    """Samples of mean 0.5 against samples of mean 1: half."""
    pairs = zip(
        samples(lambda u: exponential(u) / 2, 200), samples(lambda u: 2 * u, 200, seed=2), strict=True
    )
    found = [change(ours, theirs) for ours, theirs in pairs]

    assert 0.92 <= covered(found, -0.5) < 0.995


def test_change_against_what_never_came_is_no_number() -> None:
    assert math.isnan(change([1.0, 2.0], [1.0, math.inf]).value)
    assert change([1.0, math.inf], [1.0, 2.0]).value == math.inf
