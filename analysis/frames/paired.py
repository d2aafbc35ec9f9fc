"""Protocols or settings compared on the same seeds: what is common to both runs cancels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.frames.nines import interval
from analysis.frames.run_rows import OUTCOME, runs
from analysis.frames.sources import Source
from sim.errors import UserError
from sim.metrics import METRICS

COMPARED = (
    "election_time.service.p50",
    "election_time.service.max",
    "availability.system",
    "availability.client",
    "outages.unjustified",
    "cost.messages_per_second",
)
COLUMNS = {
    "metric": "string", "unit": "string", "other": "string", "baseline": "string", "pairs": "int64",
    "unpaired": "int64", "baseline_mean": "float64", "other_mean": "float64", "difference": "float64",
    "low": "float64", "high": "float64", "ratio": "float64", "lower_share": "float64",
}  # fmt: skip


def compare(
    source: Source,
    by: str = "protocol",
    baseline: str | None = None,
    metrics: Sequence[str] = COMPARED,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return paired differences of metrics between the values of a column, under the same seeds.

    A pair is two runs that are alike in scenario, seed and every varied value, but not in `by`
    ("protocol", "vary.network.loss"). One row per value other than `baseline` (by default the first one) and
    metric: metric, unit, other, baseline, pairs, unpaired (runs of which only one side measured it: one that
    elected nobody is the slowest of all, and no pair shows it), baseline_mean, other_mean and difference
    (other minus baseline, in the unit), low and high (its percentile bootstrap interval; NaN for fewer than
    two pairs or where all are alike), ratio of the means, and lower_share: the share of pairs in which other
    is lower, ties counted half; 0.5 is no effect, 0 and 1 the largest there are.

    Raises:
        UserError: no such column, value or metric.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"scenario": "s", "protocol": ["a", "a", "b", "b"], "seed": [1, 2, 1, 2],
    ...     "availability.system": [0.90, 0.80, 0.95, 0.87]})
    >>> found = compare(table, metrics=["availability.system"])
    >>> found[["other", "pairs", "difference", "low", "high", "lower_share"]].round(3)
      other  pairs  difference   low  high  lower_share
    0     b      2        0.06  0.05  0.07          0.0
    """
    table = runs(source)
    values = _values(table, by, metrics)
    if baseline is None:
        baseline = values[0] if values else ""
    elif baseline not in values:
        raise UserError(f"baseline {baseline!r} is not one of {', '.join(values)}")
    others = [value for value in values if value != baseline]
    shared = [name for name in table.columns if name not in {*METRICS, *OUTCOME, *metrics, by}]
    first = _indexed(table, by, baseline, shared)
    rows = [
        _row(first, _indexed(table, by, other, shared), metric, level)
        | {"other": other, "baseline": baseline}
        for other in others
        for metric in metrics
    ]
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.DataFrame(rows)[[*COLUMNS]].astype(COLUMNS)


def _values(table: pd.DataFrame, by: str, metrics: Sequence[str]) -> list[str]:
    missing = [name for name in (by, *metrics) if name not in table.columns]
    if missing:
        raise UserError(f"no column {', '.join(missing)} in the table of runs")
    return [str(value) for value in table[by].unique()]


def _indexed(table: pd.DataFrame, by: str, value: str, shared: list[str]) -> pd.DataFrame:
    """Return the rows of one value, indexed by what a pair has in common."""
    found = table[table[by].astype("string") == value].set_index(shared)
    if not found.index.is_unique:
        alike = f"the same {', '.join(shared)}: nothing tells them apart"
        raise UserError(f"several runs have {by} {value}, and {alike}")
    return found


def _row(first: pd.DataFrame, other: pd.DataFrame, metric: str, level: float) -> dict[str, Any]:
    both = pd.DataFrame({"first": first[metric].astype("float64"), "other": other[metric].astype("float64")})
    pairs = both.dropna()
    difference = (pairs["other"] - pairs["first"]).to_numpy()
    low, high = interval(difference, level)
    lower = (difference < 0).mean() + (difference == 0).mean() / 2 if len(difference) else float("nan")
    means = pairs.mean()
    return {
        "metric": metric, "unit": METRICS[metric].unit if metric in METRICS else "", "pairs": len(pairs),
        "unpaired": int((both["first"].isna() != both["other"].isna()).sum()),
        "baseline_mean": means["first"], "other_mean": means["other"],
        "difference": difference.mean() if len(difference) else float("nan"),
        "low": low, "high": high,
        "ratio": means["other"] / means["first"] if means["first"] else float("nan"),
        "lower_share": lower,
    }  # fmt: skip
