"""How available, with what confidence, and how much of the rest had no excuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.run_rows import runs
from analysis.frames.sources import Source
from analysis.frames.survival_curves import grouped

VIEWS = ("system", "leadership", "client")
RESAMPLES = 999
SEED = 1
"""Of the resampling: the same runs give the same interval."""

COLUMNS = {
    "view": "string", "runs": "int64", "availability": "float64", "low": "float64", "high": "float64",
    "nines": "float64", "nines_low": "float64", "nines_high": "float64", "outages": "int64",
    "longest_s": "float64", "total_s": "float64", "justified_s": "float64", "unjustified_s": "float64",
}  # fmt: skip


def availability(
    source: Source, by: str | Sequence[str] = ("scenario", "protocol"), level: float = 0.95
) -> pd.DataFrame:
    """Return how available system, leadership and clients were, by group and view.

    Columns `by`, view, runs (that measured it), availability (mean share over runs, 0 to 1), low and high
    (its percentile bootstrap interval over runs; NaN for fewer than two runs, and where all are alike, which
    proves nothing), nines (-log10(1 - availability): 3 for 99.9 %, infinite for 1) with its interval,
    outages (count), longest_s, total_s, and of the system's justified_s and unjustified_s, all summed over
    runs: with no quorum that could have led, and with one (NaN in the other views).

    >>> from analysis.examples import two_leaders
    >>> found = availability([two_leaders()], by="protocol")
    >>> found[["view", "runs", "availability", "nines", "outages", "unjustified_s"]].round(3)
             view  runs  availability  nines  outages  unjustified_s
    0      system     1         0.954  1.337        2           0.46
    1  leadership     1         0.985  1.824        1            NaN
    2      client     0           NaN    NaN        0            NaN
    """
    keys = [by] if isinstance(by, str) else list(by)
    rows = [
        dict(zip(keys, key, strict=True)) | _row(found, view, level)
        for key, found in grouped(runs(source), keys)
        if len(found)
        for view in VIEWS
    ]
    if not rows:
        kinds = dict.fromkeys(keys, "string") | COLUMNS
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.DataFrame(rows).astype(COLUMNS)


def nines(share: float) -> float:
    """Return how many nines an availability has: 3.0 for 0.999; infinite for 1.

    >>> round(nines(0.999), 6)
    3.0
    """
    return float("inf") if share >= 1 else float(-np.log10(1 - share))


def _row(found: pd.DataFrame, view: str, level: float) -> dict[str, Any]:
    shares = found[f"availability.{view}"].dropna().to_numpy(dtype="float64")
    mean = float(shares.mean()) if len(shares) else float("nan")
    low, high = interval(shares, level)
    system = view == "system"
    return {
        "view": view, "runs": len(shares), "availability": mean, "low": low, "high": high,
        "nines": nines(mean), "nines_low": nines(low), "nines_high": nines(high),
        "outages": int(found[f"outages.{view}"].sum()),
        "longest_s": found[f"outages.{view}.longest"].max(),
        "total_s": found[f"outages.{view}.total"].sum(),
        "justified_s": found["outages.justified"].sum() if system else float("nan"),
        "unjustified_s": found["outages.unjustified"].sum() if system else float("nan"),
    }  # fmt: skip


def interval(values: Any, level: float) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean; NaN where the values tell nothing of it."""
    # Imported here: it takes most of a second, and a report of one run needs none of it.
    from scipy import stats

    if len(values) < 2 or np.ptp(values) == 0:
        return float("nan"), float("nan")
    found = stats.bootstrap(
        (values,), np.mean, confidence_level=level, n_resamples=RESAMPLES, method="percentile",
        batch=max(1, 2_000_000 // len(values)), random_state=SEED,
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
