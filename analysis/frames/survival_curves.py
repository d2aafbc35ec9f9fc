"""Election times of which some are only known to be longer than what was seen: curves and quantiles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import KEY
from analysis.frames import sources
from sim.errors import UserError

DEFINITIONS = ("belief", "announced", "service", "client")
CURVE = {"time_s": "float64", "at_risk": "int64", "ended": "int64", "lasting": "float64",
         "low": "float64", "high": "float64"}  # fmt: skip
QUANTILES = {"share": "float64", "value_s": "float64", "low_s": "float64", "high_s": "float64",
             "elections": "int64", "censored": "int64", "text": "string"}  # fmt: skip


def election_times(source: sources.Source, definition: str = "service") -> pd.DataFrame:
    """Return one row per election: the columns of its run, its cause, length_s and censored.

    length_s: seconds from the fault, of a censored one to the end of the run. definition: "belief" (a live
    node believes under a higher epoch), "announced" (a majority knows), "service" (first commit) or
    "client" (first success that a client sees).

    Raises:
        UserError: there is no such definition.

    >>> from analysis.examples import three_elections
    >>> election_times(three_elections())[["cause", "length_s", "censored"]]
       cause  length_s  censored
    0  start      0.18     False
    1  crash      0.28     False
    2  crash      5.00      True
    """
    if definition not in DEFINITIONS:
        raise UserError(f"definition {definition!r} is not one of {', '.join(DEFINITIONS)}")
    found = sources.table(source, "elections")
    length = found[f"{definition}_s"]
    kept = [name for name in found.columns if name in KEY or name.startswith("vary.")]
    return found[[*kept, "fault_at_s", "cause"]].assign(
        length_s=length.fillna(found["end_s"]), censored=length.isna()
    )


def survival(
    source: sources.Source, definition: str = "service", by: str | Sequence[str] = (), level: float = 0.95
) -> pd.DataFrame:
    """Return the Kaplan-Meier estimate of the share of elections that last longer than each length.

    One row per distinct length that was seen whole, by group: columns `by`, time_s, at_risk (elections
    still under way just before), ended (at that length), lasting (the share in [0, 1] that lasts longer), low
    and high (its confidence band at `level`, by the log-log transformation, NaN where nothing lasts longer).
    Elections of one run are taken to be independent.

    Source: Kaplan and Meier, JASA 53 (1958); computed by `scipy.stats.ecdf`.

    >>> from analysis.examples import three_elections
    >>> survival(three_elections())[["time_s", "at_risk", "ended", "lasting"]].round(3)
       time_s  at_risk  ended  lasting
    0    0.18        3      1    0.667
    1    0.28        2      1    0.333
    """
    keys = [by] if isinstance(by, str) else list(by)
    parts = [
        _curve(times, level).assign(**dict(zip(keys, key, strict=True)))[[*keys, *CURVE]]
        for key, times in grouped(election_times(source, definition), keys)
    ]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else _empty(keys, CURVE)


def quantiles(
    source: sources.Source,
    definition: str = "service",
    shares: Sequence[float] = (0.5, 0.9, 0.99),
    by: str | Sequence[str] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return quantiles of election times with confidence limits, by group and share.

    Columns `by`, share, value_s, low_s, high_s (seconds; infinite where the estimate, or its band, does not
    get there: too many of the longest are censored), elections, censored (counts), and text, which says it
    in words. A quantile is the shortest length that at least that share of all do not exceed; its limits are
    those lengths at which the confidence band of the survival curve crosses.

    Source of the limits: Brookmeyer and Crowley, Biometrics 38 (1982).

    >>> from analysis.examples import three_elections
    >>> quantiles(three_elections(), shares=(0.5, 0.99))[["share", "value_s", "censored", "text"]]
       share  value_s  censored                                             text
    0   0.50     0.28         1                         0.28 s, 95 % between 0.18 s and no limit
    1   0.99      inf         1  not reached: 1 of 3 elections had not ended, the longest after 5 s
    """
    keys = [by] if isinstance(by, str) else list(by)
    rows = []
    for key, times in grouped(election_times(source, definition), keys):
        curve = _curve(times, level)
        for share in shares:
            rows.append({**dict(zip(keys, key, strict=True)), **_quantile(curve, times, share, level)})
    if not rows:
        return _empty(keys, QUANTILES)
    return pd.DataFrame(rows).astype(QUANTILES)


def grouped(table: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield (values of `by`, the rows that have them) in the order in which they appear.

    Raises:
        UserError: a column is not there.
    """
    missing = next((name for name in by if name not in table.columns), None)
    if missing is not None:
        raise UserError(f"no column {missing!r} to group by; there is {', '.join(map(str, table.columns))}")
    if not by:
        yield (), table
        return
    for key, rows in table.groupby(list(by), sort=False, dropna=False):
        yield key if isinstance(key, tuple) else (key,), rows


def _curve(times: pd.DataFrame, level: float) -> pd.DataFrame:
    # Imported here: it takes most of a second, and a report of one run needs none of it.
    from scipy import stats

    length = times["length_s"].to_numpy(dtype="float64")
    cut_off = times["censored"].to_numpy(dtype=bool)
    if not (~cut_off).any():
        return _empty([], CURVE)
    found = stats.ecdf(stats.CensoredData(uncensored=length[~cut_off], right=length[cut_off])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the band is undefined where nothing lasts longer
        band = found.confidence_interval(confidence_level=level, method="log-log")
    at, ended = np.unique(length[~cut_off], return_counts=True)
    place = np.searchsorted(found.quantiles, at)
    ordered = np.sort(length)
    return pd.DataFrame(
        {
            "time_s": at,
            "at_risk": len(ordered) - np.searchsorted(ordered, at, side="left"),
            "ended": ended,
            "lasting": found.probabilities[place],
            "low": band.low.probabilities[place],
            "high": band.high.probabilities[place],
        }
    ).astype(CURVE)


def _quantile(curve: pd.DataFrame, times: pd.DataFrame, share: float, level: float) -> dict[str, Any]:
    value, low, high = (_reaches(curve, column, 1 - share) for column in ("lasting", "low", "high"))
    cut_off = int(times["censored"].sum())
    if not len(times):
        text = "no elections"
    elif np.isinf(value):
        longest = f"the longest after {times['length_s'].max():.3g} s"
        text = f"not reached: {cut_off} of {len(times)} elections had not ended, {longest}"
    else:
        upto = "no limit" if np.isinf(high) else f"{high:.3g} s"
        since = "nothing known" if np.isinf(low) else f"{low:.3g} s"
        text = f"{value:.3g} s, {level:.0%} between {since} and {upto}".replace("%", " %")
    counts = {"elections": len(times), "censored": cut_off, "text": text}
    return {"share": share, "value_s": value, "low_s": low, "high_s": high, **counts}


def _reaches(curve: pd.DataFrame, column: str, at_most: float) -> float:
    reached = curve["time_s"][curve[column] <= at_most + 1e-9]
    return float(reached.iloc[0]) if len(reached) else float("inf")


def _empty(keys: Sequence[str], columns: dict[str, str]) -> pd.DataFrame:
    kinds = dict.fromkeys(keys, "string") | columns
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
