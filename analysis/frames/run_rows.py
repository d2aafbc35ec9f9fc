"""A row per run: its verdict and every metric."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.frames import sources, sweeps
from analysis.frames.one import series
from analysis.metrics import Metrics
from analysis.recorded import Recorded
from analysis.rundata import RunData
from sim.metrics import METRICS
from sim.records import Violated

OUTCOME = ("digest", "verdict", "reason", "violated", "error")
_KINDS = {"count": "int", "bytes": "int"}


def runs(source: sources.Source) -> pd.DataFrame:
    """Return one row per run, with the columns of the table `runs` of a sweep.

    Columns scenario, protocol, (`vary.*`,) seed, digest, verdict ("pass", "fail", "inconclusive", "crashed",
    or "" of a trace that nobody judged), reason, violated, error, and every metric of `sim.metrics.METRICS`
    in its unit: seconds, shares from 0 to 1, counts.

    >>> from analysis.examples import two_leaders
    >>> runs(two_leaders())[["scenario", "seed", "leader_changes", "availability.system"]]
      scenario  seed  leader_changes  availability.system
    0  example     1               1                0.954
    """
    if isinstance(source, pd.DataFrame):
        return source
    parts = list(_parts(source))
    if not parts:
        return _table([])
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _parts(source: sources.Source) -> list[pd.DataFrame]:
    if isinstance(source, str | Path) and sweeps.is_sweep(Path(source)):
        found = sweeps.table(Path(source), "runs")
        return [found] if len(found) else []
    if isinstance(source, list | tuple):
        return [part for each in source for part in ([each] if _is_table(each) else _parts(each))]
    rows = [_row(run) for run in sources.runs_in(source)]
    return [_table(rows)] if rows else []


def _is_table(source: Any) -> bool:
    return isinstance(source, pd.DataFrame)


def _row(run: RunData) -> dict[str, Any]:
    measured: Mapping[str, Any] = getattr(run, "metrics", None) or Metrics(run)
    told = dict.fromkeys(OUTCOME, "") | _outcome(run)
    return {**sources.key_of(run), **told, **{name: measured[name] for name in METRICS}}


def _outcome(run: RunData) -> dict[str, str]:
    violated = sorted({record.property for record in run.records if type(record) is Violated})
    found = {"violated": ", ".join(violated), "digest": str(getattr(run, "digest", ""))}
    if isinstance(run, Recorded):
        return found | {
            "verdict": str(run.told.get("verdict", "")),
            "digest": str(run.told.get("digest", "")),
        }
    verdict = getattr(run, "verdict", None)
    if verdict is not None:
        found |= {"verdict": verdict.status, "reason": next(iter(verdict.reasons), "")}
    return found


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    kinds = {"scenario": "text", "protocol": "text", "seed": "int", **dict.fromkeys(OUTCOME, "text")}
    kinds |= {name: _KINDS.get(metric.unit, "float") for name, metric in METRICS.items()}
    return pd.DataFrame({name: series([row[name] for row in rows], kind) for name, kind in kinds.items()})
