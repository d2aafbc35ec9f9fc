"""Where the time of each fail-over went, phase by phase."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.columns import KEY, TABLES
from analysis.disk_waits import DiskWaits
from analysis.elections import elections
from analysis.frames import sources, sweeps
from analysis.frames.one import series
from analysis.frames.survival_curves import grouped

PHASES = (
    "detection",
    "failed_rounds",
    "candidacy",
    "votes",
    "disk",
    "first_service",
    "client_discovery",
)
"""In the order of time, but for disk: its waits lie within votes and first service, which are net of them."""


def waterfall(source: sources.Source) -> pd.DataFrame:
    """Return one row per fail-over: how long each phase of it took, in order of the fault.

    Columns scenario, protocol, (`vary.*`,) seed, fault_at_s, cause, new_leader, the phases in seconds and
    total_s, their sum: from the fault to the first success of a client, or as far as it came. NaN: the phase
    was not over by the end of the run, or the protocol has none of the kind; then `censored` is true
    if no leader served.

    - detection_s: from the fault to the first candidacy
    - failed_rounds_s: from there to the first candidacy in the epoch that was won (split votes)
    - candidacy_s: from there to the winner's own candidacy
    - votes_s: from there to its belief, without waits for disks
    - disk_s: waits for disks in votes and first service (see `analysis.disk_waits`); NaN, and part of
      these two, unless the trace is `full`
    - first_service_s: from belief to the first commit, without waits for disks
    - client_discovery_s: from there to the first success that a client sees

    Source: the phases are those of DESIGN §4 (Dissertation §9.4 splits off detection and votes).

    >>> from analysis.examples import three_elections
    >>> waterfall(three_elections())[["cause", "detection_s", "votes_s", "total_s"]].round(3)
       cause  detection_s  votes_s  total_s
    0  start          0.1     0.05      0.2
    1  crash          0.2     0.05      0.3
    2  crash          NaN      NaN      NaN
    """
    if isinstance(source, pd.DataFrame) or _is_sweep(source):
        table = sources.table(source, "elections")
        return _phases(table, series([None] * len(table), "float"), series([None] * len(table), "float"))
    parts = [_of_run(run) for run in sources.runs_in(source)]
    parts = [part for part in parts if len(part)]
    if not parts:
        nothing = series([], "float")
        return _phases(sources.empty("elections"), nothing, nothing)
    return pd.concat(parts, ignore_index=True)


def phases(source: sources.Source, by: str | Sequence[str] = "protocol") -> pd.DataFrame:
    """Return the mean of each phase over the fail-overs that completed it, by group.

    Columns `by`, phase (in the order of `PHASES`), mean_s (seconds; NaN if none completed it), failovers
    (that did) and open (that had not served by the end of the run). The start of the run is no fail-over.
    `source` may be a table from `waterfall`.

    >>> from analysis.examples import three_elections
    >>> phases(three_elections()).query("failovers > 0")[["phase", "mean_s", "failovers", "open"]].round(3)
                  phase  mean_s  failovers  open
    0         detection    0.20          1     1
    1     failed_rounds    0.00          1     1
    2         candidacy    0.00          1     1
    3             votes    0.05          1     1
    5     first_service    0.03          1     1
    6  client_discovery    0.02          1     1
    """
    keys = [by] if isinstance(by, str) else list(by)
    is_made = isinstance(source, pd.DataFrame) and "client_discovery_s" in source.columns
    table = source if isinstance(source, pd.DataFrame) and is_made else waterfall(source)
    rows: list[dict[str, Any]] = []
    for key, found in grouped(table[table["cause"] != "start"], keys):
        for phase in PHASES:
            lengths = found[f"{phase}_s"].dropna()
            rows.append(
                dict(zip(keys, key, strict=True))
                | {"phase": phase, "mean_s": lengths.mean(), "failovers": len(lengths)}
                | {"open": int(found["censored"].sum())}
            )
    kinds = {"phase": "string", "mean_s": "float64", "failovers": "int64", "open": "int64"}
    empty = {name: pd.Series(dtype=kind) for name, kind in (dict.fromkeys(keys, "string") | kinds).items()}
    return pd.DataFrame(rows).astype(kinds) if rows else pd.DataFrame(empty)


def _is_sweep(source: sources.Source) -> bool:
    return isinstance(source, str | Path) and sweeps.is_sweep(Path(source))


def _of_run(run: Any) -> pd.DataFrame:
    found = elections(run.records)
    nothing: list[int | None] = [None] * len(found)
    votes, service = nothing, nothing
    if getattr(run, "level", "full") == "full" and run.details:
        waits = DiskWaits(run.records, run.details)
        votes, service = [waits.votes_ns(e) for e in found], [waits.first_service_ns(e) for e in found]
    return _phases(sources.table(run, "elections"), _seconds(votes), _seconds(service))


def _seconds(lengths: Sequence[int | None]) -> pd.Series[Any]:
    return series([None if length is None else length / 1e9 for length in lengths], "float")


def _phases(table: pd.DataFrame, votes: pd.Series[Any], service: pd.Series[Any]) -> pd.DataFrame:
    known = [name for name in table.columns if name not in TABLES["elections"] or name in KEY]
    made = table[[*known, "fault_at_s", "cause", "new_leader"]].copy()
    made["detection_s"] = table["detection_s"]
    made["failed_rounds_s"] = table["failed_rounds_s"]
    made["candidacy_s"] = table["last_round_s"]
    made["votes_s"] = table["votes_s"] - votes.fillna(0)
    made["disk_s"] = votes.add(service, fill_value=0)
    made["first_service_s"] = table["first_service_s"] - service.fillna(0)
    made["client_discovery_s"] = (table["client_s"] - table["service_s"]).clip(lower=0)
    made["total_s"] = table[["client_s", "service_s", "belief_s"]].max(axis=1)
    made["censored"] = table["service_s"].isna()
    return made
