"""A calibration on a terminal: a row for each number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from sim.cli.console import Look
from sim.cli.screen.cells import printed

if TYPE_CHECKING:
    from analysis.estimates import Estimate
    from sim.calibration.judgement import Row
    from sim.calibration.real.comparison import Compared

_STYLES = {"pass": "green", "miss": "bold red", "explained": "yellow", "prediction": "dim"}


def table(rows: Sequence[Row], look: Look) -> str:
    """Return experiment, published, simulated with its 95 % interval, verdict and source of each number."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if look.color else "")
    for name in ("experiment", "series", ""):
        made.add_column(name, no_wrap=True)
    for name in ("published", "simulated [95 % interval]"):
        made.add_column(name, justify="right", no_wrap=True)
    for name in ("accepted", "verdict", "source"):
        made.add_column(name, no_wrap=True)
    for row in rows:
        made.add_row(
            row.experiment,
            row.series,
            row.statistic,
            "-" if row.published is None else number(row.published, row.unit),
            estimate(row.simulated, row.unit),
            row.band,
            Text(row.verdict, _STYLES[row.verdict]),
            row.source,
        )
    return printed(made, look) + _reasons(rows)


def _reasons(rows: Sequence[Row]) -> str:
    lines = dict.fromkeys(f"{row.experiment}, {row.series}: {row.reason}\n" for row in rows if row.reason)
    return "\nWhere simulation and publication disagree for a reason:\n" + "".join(lines) if lines else ""


def estimate(found: Estimate, unit: str) -> str:
    """Return a number with its interval: `171 ms [169, 173]`."""
    text = number(found.value, unit)
    if found.low is None or found.high is None:
        return text
    low, high = (number(each, unit).removesuffix(f" {unit}") for each in (found.low, found.high))
    return f"{text} [{low}, {high}]"


def number(value: float, unit: str) -> str:
    """Return a number with its unit; shares are percentages, and what never came is infinite."""
    if unit == "share":
        return f"{value:.2%}"
    if not unit:
        return f"{value:.3f}"
    return f"{value:,.1f} {unit}"


def compared(rows: Sequence[Compared], look: Look) -> str:
    """Return measured and simulated quantiles, and how likely such a difference is by chance."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if look.color else "")
    made.add_column("experiment", no_wrap=True)
    made.add_column("", no_wrap=True)
    for name in ("n", "p10", "p50", "p90", "mean", "KS p"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("verdict", no_wrap=True)
    made.add_column("", overflow="fold")
    for row in rows:
        verdict = Text(row.verdict, _STYLES.get(row.verdict, ""))
        p_value = "-" if row.ks_p is None else f"{row.ks_p:.3f}"
        made.add_row(f"{row.experiment}, {row.quantity}", "measured", *_summary(row.measured, row.unit))
        made.add_row("", "simulated", *_summary(row.simulated, row.unit), p_value, verdict, row.reason)
    return printed(made, look)


def _summary(values: Sequence[float], unit: str) -> list[str]:
    from analysis.estimates import STATISTICS

    if not values:
        return ["0", *["-"] * 4]
    found = (STATISTICS[name](values).value for name in ("p10", "p50", "p90", "mean"))
    return [f"{len(values):,}", *(number(each, unit) for each in found)]
