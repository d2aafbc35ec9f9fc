"""Paired differences between protocols."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_rel

from sim.sweep.cells import Cell
from sim.sweep.pairs import COMPARED, Difference, Pairs
from sim.sweep.tables import COLUMNS, Row, nothing


def cell(protocol: str, loss: str) -> Cell:
    """Return a cell of one scenario."""
    return Cell("toy", protocol, (("network.loss", loss),), "toy.yaml", (), b"", "")


def run_of(seed: int, **values: float | None) -> Row:
    """Return the row of a run."""
    usual: dict[str, object] = dict.fromkeys(COLUMNS["runs"])
    return tuple((usual | {"seed": seed} | values).values())


def test_interval_is_that_of_the_paired_t_test() -> None:
    """The same numbers, one by one, as scipy has at once."""
    first = [1.0, 2.0, 4.0, 8.0, 16.5]
    other = [1.5, 2.25, 3.0, 9.0, 20.0]
    difference = Difference()
    for pair in zip(first, other, strict=True):
        difference.add(*pair)
    expected = ttest_rel(other, first).confidence_interval(0.95)

    assert difference.mean == pytest.approx(0.85)
    assert difference.interval() == pytest.approx((expected.low, expected.high))


def test_run_without_a_value_is_counted_and_not_dropped_silently() -> None:
    """A protocol must not look faster because its slowest runs ended without a leader."""
    difference = Difference()
    for pair in [(1.0, None), (None, 1.0), (None, None), (1.0, 3.0)]:
        difference.add(*pair)

    assert (difference.pairs, difference.unpaired, difference.mean) == (1, 2, 2.0)
    assert difference.interval() is None


def test_pairs_are_of_the_same_seed_and_values() -> None:
    """The first protocol of each combination of values is what its own others are compared with."""
    name = COMPARED[0]
    cells = [cell("a", "0%"), cell("a", "5%"), cell("b", "0%"), cell("b", "5%")]
    pairs = Pairs(cells)
    for each, times in zip(cells, [(1.0, 2.0), (3.0, 5.0), (1.5, 2.5), (7.0, 9.0)], strict=True):
        rows = nothing()
        rows["runs"] = [run_of(seed, **{name: time}) for seed, time in enumerate(times)]
        pairs.add(each, rows)

    assert {key: found[name].mean for key, found in pairs.differences.items()} == {
        ("toy", "b", "0%"): 0.5,
        ("toy", "b", "5%"): 4.0,
    }
