"""Paired differences with their intervals, side by side."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.frames import compare
from analysis.frames.sources import Source
from analysis.plots.style import BLACK, axes, duration, empty, line_style, picture, records


@picture
def comparison_forest(source: Source, by: str = "protocol", ax: Axes | None = None) -> Axes:
    """Draw the differences of `analysis.compare` to the baseline, in percent of the baseline's mean.

    `source` may be a table from `compare`. Without an interval all differences were alike. The number at the
    right is the difference in the metric's own unit.
    """
    is_made = isinstance(source, pd.DataFrame) and "lower_share" in source.columns
    found = source if isinstance(source, pd.DataFrame) and is_made else compare(source, by=by)
    found = found[found["pairs"] > 0]
    ax = axes(ax, 1.2 + 0.3 * max(2, len(found)))
    if not len(found):
        return empty(ax, "nothing to compare: one protocol, or no common seeds")
    others = list(dict.fromkeys(found["other"]))
    order = list(dict.fromkeys(found["metric"]))
    rows = sorted(records(found), key=lambda row: order.index(row["metric"]))
    for place, row in enumerate(rows):
        base = abs(row["baseline_mean"]) or 1.0
        style = line_style(others.index(row["other"]))
        if not pd.isna(row["low"]):
            ax.hlines(
                place, 100 * row["low"] / base, 100 * row["high"] / base, color=style["color"], linewidth=2
            )
        ax.plot(
            100 * row["difference"] / base,
            place,
            marker="osD^v"[others.index(row["other"]) % 5],
            color=style["color"],
        )
        ax.text(
            1.01,
            place,
            _told(row["difference"], row["unit"], row["pairs"]),
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
        )
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.set_yticks(range(len(rows)), [f"{row['metric']}  {row['other']}" for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.margins(x=0.1)
    ax.set_xlabel(f"difference to {found['baseline'].iloc[0]}, % of its mean (95 % interval)")
    return ax


def _told(difference: float, unit: str, pairs: int) -> str:
    if unit == "seconds":
        text = duration(difference)
    else:
        text = f"{100 * difference:.2g} points" if unit == "share" else f"{difference:.3g}"
    return f"{'+' if difference > 0 else ''}{text} (n = {pairs})"
