"""When there was service, and when there was none, with and without an excuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis.frames import elections, outages
from analysis.frames.nines import VIEWS
from analysis.frames.sources import Source
from analysis.frames.survival_curves import grouped
from analysis.plots.bands import draw_bands, title
from analysis.plots.style import (
    GREEN,
    GREY,
    RED,
    axes,
    empty,
    label,
    legend_below,
    line_style,
    picture,
    records,
)

LOOKS = {
    "served": (GREEN, ""),
    "outage, with an excuse": (GREY, "///"),
    "outage, a quorum existed": (RED, "xxx"),
}


@picture
def availability_over_time(source: Source, by: str = "protocol", ax: Axes | None = None) -> Axes:
    """Draw when system, leadership and clients were served, with the faults of the run as bands.

    Of several runs: the share of them in which the system was available at each time. An outage is justified
    as far as no running, connected quorum existed; its bar shows which part is which, not in what order.
    """
    found = outages(source)
    length = _length_s(source)
    if length <= 0:
        return empty(axes(ax), "no run")
    if hasattr(source, "records"):
        return _of_one(found, source, length, axes(ax, 2.2))
    return _of_many(found, elections(source), length, by, axes(ax))


def _length_s(source: Source) -> float:
    rows = elections(source)
    return float((rows["fault_at_s"] + rows["end_s"]).max()) if len(rows) else 0.0


def _of_one(found: pd.DataFrame, run: Any, length: float, ax: Axes) -> Axes:
    for place, view in enumerate(VIEWS):
        if view == "client" and not run.tally.ended:
            ax.text(length / 2, place, "no client commands", ha="center", va="center", color=GREY)
            continue
        _bar(ax, place, 0, length, "served")
        for row in records(found[found["view"] == view]):
            _bar(ax, place, row["from_s"], row["justified_s"], "outage, with an excuse")
            _bar(
                ax,
                place,
                row["from_s"] + row["justified_s"],
                row["unjustified_s"],
                "outage, a quorum existed",
            )
    draw_bands(ax, run.records)
    ax.set_title(title(run.records), pad=16)
    ax.set_yticks(range(len(VIEWS)), VIEWS)
    ax.set_ylim(len(VIEWS) - 0.5, -0.5)
    ax.set_xlim(0, length)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("time (s)")
    handles = [
        Patch(facecolor=fill, hatch=hatch, edgecolor="white", label=name)
        for name, (fill, hatch) in LOOKS.items()
    ]
    legend_below(ax, 3, handles)
    return ax


def _bar(ax: Axes, place: int, since: float, length: float, look: str) -> None:
    fill, hatch = LOOKS[look]
    if length > 0:
        ax.barh(
            place, length, left=since, color=fill, hatch=hatch, edgecolor="white", linewidth=0, height=0.6
        )


def _of_many(found: pd.DataFrame, rows: pd.DataFrame, length: float, by: str, ax: Axes) -> Axes:
    at = np.linspace(0, length, 400, endpoint=False)
    system = found[found["view"] == "system"]
    for number, (group, runs) in enumerate(grouped(rows, [by])):
        count = int((runs["cause"] == "start").sum())  # each run begins with one
        gaps = system[system[by] == group[0]]
        down = np.searchsorted(np.sort(gaps["from_s"]), at, "right") - np.searchsorted(
            np.sort(gaps["to_s"]), at, "right"
        )
        ax.plot(at, 1 - down / count, label=f"{label(group)} (n = {count} runs)", **line_style(number))
    ax.set_ylim(0, 1.02)
    ax.set_xlim(0, length)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("share of runs with service")
    ax.legend(loc="lower right")
    return ax
