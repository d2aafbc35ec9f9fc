"""What a sweep's cell comes to: quantiles with intervals, counts and shares."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.statistics import Sample, quantile
from sim.cli.console import Look
from sim.cli.screen.cells import table
from sim.sweep.cells import Cell
from sim.sweep.intervals import Lengths, estimate
from sim.sweep.summary import CellSummary
from sim.sweep.tables import COLUMNS, Row, crashed_row, nothing

CELL = Cell("toy", "raft", (("network.loss", "5%"),), "toy.yaml", ("--set", "network.loss=5%"), b"", "")


def lengths(complete: list[int], censored: list[int]) -> Lengths:
    """Return them counted."""
    return Lengths(Counter(complete), Counter(censored))


def run_of(**values: object) -> Row:
    """Return a row of a run in which nothing was counted but what is given."""
    usual: dict[str, object] = {name: 0 for name in COLUMNS["runs"]} | {
        "verdict": "pass", "reason": "", "error": "", "availability.client": None
    }  # fmt: skip
    return tuple((usual | values).values())


def election_of(service_s: float | None, end_s: float) -> Row:
    """Return a row of an election."""
    usual: dict[str, object] = dict.fromkeys(COLUMNS["elections"])
    return tuple((usual | {"service_s": service_s, "end_s": end_s}).values())


@given(
    complete=st.lists(st.integers(1, 30), max_size=30),
    censored=st.lists(st.integers(1, 30), max_size=10),
    share=st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]),
)
def test_quantile_is_the_one_of_the_analysis(complete: list[int], censored: list[int], share: float) -> None:
    """Two programs of the product-limit estimate, one over arrays of counts, agree."""
    expected = quantile(Sample(tuple(complete), tuple(censored)), share)

    assert estimate(lengths(complete, censored), share).value == expected


def test_interval_covers_the_median_as_often_as_it_says() -> None:
    """Of samples of 60 from 1..1000 evenly (median 500), about 95 % have it in their interval.

    The samples are every 17th residue of a fixed multiplicative sequence. With 200 of them, a share
    below 0.90 or above 0.99 is less likely than one in a thousand if the true one is 0.95.
    """
    value, covered = 12345, 0
    for _ in range(200):
        sample = []
        for _ in range(60):
            value = value * 48271 % 2147483647  # Park and Miller, CACM 31, 1988, with the multiplier of 1993
            sample.append(1 + value % 1000)
        found = estimate(lengths(sample, []), 0.5)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 500 <= found.high

    assert 0.90 <= covered / 200 <= 0.99


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_interval_is_the_percentile_bootstrap(share: float) -> None:
    """Its distribution is known: that quantile of a resample is at most the k-th of n values if at least
    share * n of the n draws are among the first k, which each is with probability k / n.
    """
    ranks = range(1, 101)
    upto = {k: binom.sf(share * 100 - 1, 100, k / 100) for k in ranks}
    low, high = (next(k for k in ranks if upto[k] >= bound) for bound in (0.025, 0.975))
    found = estimate(lengths(list(ranks), []), share)

    assert found.low == pytest.approx(low, abs=1)
    assert found.high == pytest.approx(high, abs=1)


def test_interval_is_open_where_censoring_hides_its_end() -> None:
    """Half of the lengths are cut off: the median may lie beyond what was seen."""
    found = estimate(lengths(list(range(1, 21)), [30] * 19), 0.5)

    assert found.value == 20
    assert found.low is not None
    assert found.low < 20
    assert found.high is None


def test_same_counts_give_the_same_interval() -> None:
    """The resampling has a seed of its own."""
    sample = lengths(list(range(100)), [50])

    assert estimate(sample, 0.99) == estimate(sample, 0.99)


def test_nothing_measured_has_no_estimate() -> None:
    """No elections at all."""
    assert estimate(Lengths(), 0.5).value is None


def test_summary_counts_runs_incidents_and_shares() -> None:
    """Two passes, one failure, one crash; shares are means over what had something to measure."""
    summary = CellSummary(CELL)
    rows = nothing()
    rows["runs"] = [
        run_of(seed=1, **{"availability.system": 1.0, "split_brain.dual_belief": 2}),
        run_of(
            seed=2, **{"availability.system": 0.5, "split_brain.dual_belief": 1, "availability.client": 0.25}
        ),
        run_of(seed=3, verdict="fail", reason="too slow", **{"availability.system": 0.0}),
        crashed_row(4, "Traceback\nZeroDivisionError: a bug\n"),
    ]
    rows["elections"] = [election_of(0.1, 1.0), election_of(0.2, 1.0), election_of(None, 1.5)]
    summary.add(rows)
    found = summary.as_dict()

    assert found["verdicts"] == {"pass": 2, "fail": 1, "inconclusive": 0, "crashed": 1}
    assert found["split_brain"]["dual_belief"] == {"incidents": 3, "runs": 2}
    assert found["availability"] == {"system": 0.5, "leadership": 0.0, "client": 0.25}
    assert found["election_time.service"]["elections"] == 3
    assert found["election_time.service"]["censored"] == 1
    assert found["election_time.service"]["p50"]["value"] == 0.2
    assert found["election_time.service"]["p99"]["value"] is None
    assert [(bad["seed"], bad["verdict"]) for bad in found["not_passed"]] == [(3, "fail"), (4, "crashed")]
    assert found["not_passed"][0]["replay"] == "leadersim run toy.yaml --seed 3 --set network.loss=5%"


def test_memory_does_not_grow_with_runs() -> None:
    """A hundred thousand different lengths below a second are kept as at most 900 for each power of ten."""
    summary = CellSummary(CELL)
    rows = nothing()
    rows["elections"] = [election_of((1000 + i) / 1e6, 1.0) for i in range(100_000)]
    summary.add(rows)

    assert summary.lengths.total == 100_000
    assert len(summary.lengths.complete) <= 3 * 900


@pytest.mark.parametrize("width", [40, 80])
def test_table_has_a_row_for_each_cell(width: int) -> None:
    """What was cut off is shown as longer than what was seen; nothing is folded or left out."""
    summary = CellSummary(CELL)
    rows = nothing()
    rows["runs"] = [run_of(verdict="fail", **{"availability.system": 0.875, "split_brain.same_epoch": 2})]
    rows["elections"] = [election_of(0.25, 1.0), election_of(None, 1.5)]
    summary.add(rows)
    head, row, *_ = table([summary], Look(width=width)).splitlines()

    assert head.split()[:4] == ["scenario", "protocol", "network.loss", "runs"]
    assert row.split() == [
        "toy", "raft", "5%", "1", "1", "fail", "250ms", "[250ms,", ">1.5s]", ">1.5s", "[250ms,", ">1.5s]",
        "50%", "SB2", "2", "87.5%", "-",
    ]  # fmt: skip
