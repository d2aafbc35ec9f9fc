"""One metric over many runs: pooled, added up, the longest, or averaged, and how sure that is."""

from __future__ import annotations

from math import inf, sqrt
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.sweep.measures import Measure, Moments, gauge, per_run
from sim.sweep.tables import Row, nothing
from tests.unit.test_sweep_summary import election_of, run_of


def measured(name: str, runs: list[Row] | None = None, elections: list[Row] | None = None) -> Measure:
    """Return what a metric comes to, taken in row by row."""
    collector = gauge(name)
    for table, rows in (("runs", runs or []), ("elections", elections or [])):
        for row in rows:
            collector.add(nothing() | {table: [row]})
    return collector.measure()


def test_counts_are_added_up() -> None:
    """So that `== 0` says: in no run."""
    runs = [run_of(**{"split_brain.dual_belief": count}) for count in (0, 2, 1)]

    assert measured("split_brain.dual_belief", runs) == Measure(3, 3, 3)


def test_the_longest_is_the_longest_of_any_run() -> None:
    """A run that measured nothing does not count."""
    runs = [run_of(**{"outages.client.longest": length}) for length in (0.25, None, 1.5, 0.5)]

    assert measured("outages.client.longest", runs) == Measure(1.5, 1.5, 1.5)


def test_shares_are_averaged_over_the_runs_that_have_them() -> None:
    """With Student's interval: t(0.975, 2 degrees of freedom) = 4.303 (tables), error = s / sqrt(n)."""
    runs = [run_of(**{"availability.client": share}) for share in (0.5, 0.7, None, 0.9)]

    found = measured("availability.client", runs)

    assert found.value == pytest.approx(0.7)
    assert found.error == pytest.approx(0.2 / sqrt(3))
    assert found.low == pytest.approx(0.7 - 4.303 * 0.2 / sqrt(3), abs=1e-3)
    assert found.high == pytest.approx(0.7 + 4.303 * 0.2 / sqrt(3), abs=1e-3)


def test_election_times_are_pooled_with_those_that_did_not_end() -> None:
    """Three of four ended: the median is among them, the longest is not reached."""
    rows = [election_of(service_s, 9.0) for service_s in (0.2, 0.1, None, 0.3)]

    assert measured("election_time.service.p50", elections=rows).value == 0.2
    assert measured("election_time.service.p99", elections=rows).value == inf
    assert measured("election_time.service.mean", elections=rows).value == inf
    assert measured("election_time.service.max", elections=rows).value == inf
    assert measured("election_time.service.min", elections=rows).value == 0.1
    assert measured("election_time.service.mean", elections=rows[:2]).value == pytest.approx(0.15)


def test_a_property_counts_the_runs_that_violated_it() -> None:
    """By its whole name."""
    runs = [run_of(violated=names) for names in ("", "fencing", "dual_effect, fencing", "not_fencing")]

    assert measured("violations.fencing", runs).value == 2


@pytest.mark.parametrize(
    "name", ["election_time.belief.p50", "availability.system", "latency.max", "cost.messages_per_second"]
)
def test_nothing_measured_is_none(name: str) -> None:
    """And no zero."""
    assert measured(name) == Measure(None, None, None)


def test_per_run_averages_counts_too() -> None:
    """Fifty runs can then be compared with four hundred."""
    collector = per_run("leader_changes")
    collector.add(nothing() | {"runs": [run_of(leader_changes=1), run_of(leader_changes=2)]})

    assert collector.measure().value == 1.5


@given(values=st.lists(st.tuples(st.floats(-100, 100), st.integers(1, 5)), min_size=2, max_size=20))
def test_moments_are_mean_and_deviation(values: list[tuple[float, int]]) -> None:
    """Each value as often as it was seen."""
    moments = Moments()
    for value, times in values:
        moments.add(value, times)
    spread = [value for value, times in values for _ in range(times)]

    found = moments.measure(0.95)

    assert found.value == pytest.approx(mean(spread), abs=1e-9)
    assert found.error == pytest.approx(stdev(spread) / sqrt(len(spread)), abs=1e-7)
