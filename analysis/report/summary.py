"""The parts of a report on many runs: tables, and the pictures that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis import frames, plots
from analysis.report.sections import shown, svg_uri
from sim.metrics import METRICS

SHOWN = (
    "election_time.service.p50",
    "election_time.service.max",
    "split_brain.dual_belief",
    "split_brain.dual_effect",
    "availability.system",
    "availability.client",
)
MOST_ROWS = 40


def of_many(source: Any) -> dict[str, Any]:
    """Return what the template says of several runs or of a sweep together."""
    runs = frames.runs(source)
    by = _by(runs)
    return {
        "runs": len(runs),
        "verdicts": [(str(name), int(count)) for name, count in runs["verdict"].value_counts().items()],
        "tables": [
            _table(
                "Election time until the first commit",
                frames.quantiles(source, by=by),
                [*by, "share", "text"],
            ),
            _table(
                "Availability",
                frames.availability(runs, by=by),
                [*by, "view", "availability", "low", "high", "nines", "outages", "unjustified_s"],
            ),
            _table("Metrics, means over runs", _means(runs, by), [*by, *SHOWN]),
        ],
        "plots": _plots(source, runs, by),
    }


def _by(runs: Any) -> list[str]:
    names = ["scenario", "protocol", *(name for name in runs.columns if name.startswith("vary."))]
    return [name for name in names if runs[name].nunique() > 1] or ["protocol"]


def _means(runs: Any, by: Sequence[str]) -> Any:
    numbers = runs.astype(dict.fromkeys(SHOWN, "float64"))
    return numbers.groupby(list(by), sort=False, dropna=False)[list(SHOWN)].mean().reset_index()


def _table(title: str, table: Any, columns: Sequence[str]) -> dict[str, Any]:
    rows = [[_cell(name, row[name]) for name in columns] for row in table.head(MOST_ROWS).to_dict("records")]
    return {"title": title, "columns": list(columns), "rows": rows, "more": max(0, len(table) - MOST_ROWS)}


def _cell(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "-"
    if name in ("availability", "low", "high"):
        return f"{value:.3%}"
    return shown(name, value) if name in METRICS else f"{value:.4g}"


def _plots(source: Any, runs: Any, by: Sequence[str]) -> list[dict[str, str]]:
    found = [
        ("How long elections took, until the first commit", plots.election_cdf(source, by=by)),
        ("Their tail", plots.survival_tail(source, by=by)),
        ("Where fail-overs spent their time", plots.failover_waterfall(source, by=by)),
    ]
    if len(by) == 1 and runs[by[0]].nunique() > 1 and by[0] != "scenario":
        found.append((f"Differences by {by[0]}, on the same seeds", plots.comparison_forest(runs, by=by[0])))
    return [{"title": title, "source": svg_uri(ax)} for title, ax in found]
