"""Comparisons on the same seeds, and intervals that cover what they should."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from analysis import frames
from analysis.frames.nines import interval
from sim.errors import UserError


def table(**columns: object) -> pd.DataFrame:
    """Return four runs: two protocols under two seeds."""
    return pd.DataFrame(
        {"scenario": "s", "protocol": ["a", "a", "b", "b"], "seed": [1, 2, 1, 2], "m": 0.0} | columns
    )


def test_pairs_are_made_by_seed_not_by_place() -> None:
    """Rows in any order; differences 1 and 3."""
    found = frames.compare(table(m=[10.0, 20.0, 23.0, 11.0], seed=[1, 2, 2, 1]), metrics=["m"]).iloc[0]

    assert (found["pairs"], found["difference"], found["low"], found["high"]) == (2, 2, 1, 3)
    assert (found["baseline_mean"], found["other_mean"], found["ratio"]) == (15, 17, pytest.approx(17 / 15))
    assert found["lower_share"] == 0


def test_run_that_measured_nothing_is_counted_not_averaged() -> None:
    """b elected nobody under seed 2."""
    found = frames.compare(table(m=[10.0, 20.0, 5.0, math.nan]), metrics=["m"]).iloc[0]

    assert (found["pairs"], found["unpaired"], found["difference"]) == (1, 1, -5)
    assert math.isnan(found["low"])
    assert found["lower_share"] == 1


def test_settings_are_compared_within_each_protocol() -> None:
    """Varied values other than the one compared belong to what a pair has in common."""
    runs = table(**{"vary.x": ["1", "2", "1", "2"], "seed": 1, "m": [1.0, 4.0, 2.0, 5.0]})
    found = frames.compare(runs, by="vary.x", baseline="2", metrics=["m"]).iloc[0]

    assert (found["other"], found["baseline"], found["pairs"], found["difference"]) == ("1", "2", 2, -3)


def test_what_cannot_be_compared_is_refused() -> None:
    """No such value, no such column, and runs that nothing tells apart."""
    with pytest.raises(UserError, match="baseline 'c' is not one of a, b"):
        frames.compare(table(), baseline="c", metrics=["m"])
    with pytest.raises(UserError, match="no column nothing in the table of runs"):
        frames.compare(table(), metrics=["nothing"])
    with pytest.raises(UserError, match="nothing tells them apart"):
        frames.compare(table(seed=1), metrics=["m"])


def test_bootstrap_interval_of_a_mean_is_near_the_normal_one() -> None:
    """For 400 values spread evenly over [0, 1]: 0.5 +- 1.96 * 0.2887 / 20."""
    low, high = interval([i / 399 for i in range(400)], 0.95)

    assert (low, high) == pytest.approx((0.4717, 0.5283), abs=0.004)


def test_nothing_is_claimed_of_values_that_are_all_alike() -> None:
    """A thousand runs without an outage do not prove that there is none: no interval, not an empty one."""
    assert all(map(math.isnan, interval([1.0] * 1000, 0.95)))
    assert all(map(math.isnan, interval([0.5], 0.95)))


def test_availability_of_several_runs() -> None:
    """Means over runs, sums of outages, and nines."""
    one: dict[str, list[float]] = {f"outages.{view}": [1, 2] for view in ("system", "leadership", "client")}
    one |= {f"outages.{view}.longest": [1.0, 3.0] for view in ("system", "leadership", "client")}
    one |= {f"outages.{view}.total": [1.0, 4.0] for view in ("system", "leadership", "client")}
    one |= {f"availability.{view}": [0.99, 0.95] for view in ("system", "leadership", "client")}
    runs = pd.DataFrame(
        {
            "scenario": "s",
            "protocol": "a",
            "seed": [1, 2],
            "outages.justified": 1.0,
            "outages.unjustified": 2.0,
        }
        | one
    )
    system = frames.availability(runs).iloc[0]

    assert system["availability"] == pytest.approx(0.97)
    assert system["nines"] == pytest.approx(-math.log10(0.03))
    assert (system["low"], system["high"]) == pytest.approx((0.95, 0.99))
    assert system[["outages", "longest_s", "total_s", "justified_s", "unjustified_s"]].tolist() == [
        3,
        3,
        5,
        2,
        4,
    ]
