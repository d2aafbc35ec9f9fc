"""One number over two varied settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.frames import runs
from analysis.frames.sources import Source
from analysis.plots.style import axes, duration, empty, picture, seconds
from sim.errors import UserError
from sim.metrics import METRICS


@picture
def heat_map(
    source: Source,
    metric: str = "election_time.service.p50",
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean of a metric over two columns of a sweep, such as a timeout against a latency.

    x, y: columns of the table of runs; by default the first two of `vary.*`, `protocol` and `scenario` that
    take several values. A cell without a number had nothing to measure.

    Raises:
        UserError: no such column or metric.
    """
    table = runs(source)
    if not len(table):
        return empty(axes(ax), "no runs")
    x, y = _sides(table, x, y)
    missing = next((name for name in (metric, x, y) if name not in table.columns), None)
    if missing is not None:
        raise UserError(f"no column {missing!r} in the table of runs")
    found = table.assign(**{metric: table[metric].astype("float64")})
    cells = found.pivot_table(index=y, columns=x, values=metric, aggfunc="mean", sort=False, dropna=False)
    return _draw(cells, metric, axes(ax, 1.6 + 0.42 * len(cells)))


def _sides(table: pd.DataFrame, x: str | None, y: str | None) -> tuple[str, str]:
    varied = [name for name in table.columns if name.startswith("vary.")]
    several = [name for name in (*varied, "protocol", "scenario") if table[name].nunique() > 1]
    free = [name for name in (*several, "protocol", "scenario") if name not in (x, y)]
    x = free.pop(0) if x is None else x
    return x, next(name for name in free if name != x) if y is None else y


def _draw(cells: pd.DataFrame, metric: str, ax: Axes) -> Axes:
    values = cells.to_numpy(dtype="float64")
    unit = METRICS[metric].unit if metric in METRICS else ""
    image = ax.imshow(values, cmap="cividis", aspect="auto")
    middle = (np.nanmin(values) + np.nanmax(values)) / 2 if np.isfinite(values).any() else 0.0
    for row, column in np.ndindex(values.shape):
        value = float(values[row, column])
        ax.text(column, row, _text(value, unit), ha="center", va="center", fontsize=8,
                color="black" if np.isnan(value) or value > middle else "white")  # fmt: skip
    ax.set_xticks(range(len(cells.columns)), map(str, cells.columns))
    ax.set_yticks(range(len(cells.index)), map(str, cells.index))
    ax.set_xlabel(str(cells.columns.name).removeprefix("vary."))
    ax.set_ylabel(str(cells.index.name).removeprefix("vary."))
    ax.set_title(f"{metric}, mean over runs")
    ax.grid(False)
    figure = ax.get_figure()
    assert figure is not None
    bar = figure.colorbar(image, ax=ax, label=unit)
    if unit == "seconds":
        seconds(bar.ax.yaxis)
    return ax


def _text(value: float, unit: str) -> str:
    if np.isnan(value):
        return "-"
    if unit == "seconds":
        return duration(value)
    return f"{value:.2%}" if unit == "share" else f"{value:.4g}"
