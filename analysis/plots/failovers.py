"""Where the time of fail-overs went: stacked phases."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from analysis.frames import phases, waterfall
from analysis.frames.failover_phases import PHASES
from analysis.frames.sources import Source
from analysis.frames.survival_curves import grouped
from analysis.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    YELLOW,
    axes,
    duration,
    empty,
    label,
    legend_below,
    picture,
    records,
    seconds,
)

LOOKS = dict(
    zip(
        PHASES,
        (
            (BLUE, ""),
            (ORANGE, "///"),
            (YELLOW, ""),
            (GREEN, ""),
            (BLACK, ""),
            (SKY, "..."),
            (PURPLE, "\\\\\\"),
        ),
        strict=True,
    )
)
MOST = 30


@picture
def failover_waterfall(
    source: Source, by: str | Sequence[str] | None = "protocol", ax: Axes | None = None
) -> Axes:
    """Draw the phases of fail-overs end to end: the mean of each by group, or, with `by` None, every one.

    A phase that no fail-over of the group completed is not drawn; how many are open is told at the end.
    """
    is_made = isinstance(source, pd.DataFrame) and "client_discovery_s" in source.columns
    table = source if isinstance(source, pd.DataFrame) and is_made else waterfall(source)
    table = table[table["cause"] != "start"]
    if not len(table):
        return empty(axes(ax), "no fail-overs")
    rows = _every(table) if by is None else _means(table, [by] if isinstance(by, str) else list(by))
    ax = axes(ax, 1.2 + 0.34 * len(rows))
    _bars(ax, rows)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    seconds(ax.xaxis)
    ax.set_xlabel("time from the fault")
    legend_below(ax, 4)
    return ax


Row = tuple[str, dict[str, float], str]


def _means(table: pd.DataFrame, keys: list[str]) -> list[Row]:
    rows: list[Row] = []
    for key, found in grouped(phases(table, keys), keys):
        lengths = dict(zip(found["phase"], found["mean_s"], strict=True))
        count, still_open = int(found["failovers"].max()), int(found["open"].iloc[0])
        rows.append((label(key), lengths, f"n = {count}" + (f", {still_open} open" if still_open else "")))
    return rows


def _every(table: pd.DataFrame) -> list[Row]:
    return [
        (
            label((row["protocol"], f"seed {row['seed']}, {row['cause']} at {row['fault_at_s']:.4g} s")),
            {phase: row[f"{phase}_s"] for phase in PHASES},
            "open" if row["censored"] else "",
        )
        for row in records(table.head(MOST))
    ]


def _bars(ax: Axes, rows: list[Row]) -> None:
    named: dict[str, None] = {}
    for place, (_, lengths, remark) in enumerate(rows):
        left = 0.0
        for phase in PHASES:
            length = lengths[phase]
            if pd.isna(length) or length <= 0:
                continue
            fill, hatch = LOOKS[phase]
            ax.barh(
                place,
                length,
                left=left,
                color=fill,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.4,
                height=0.65,
                label=phase.replace("_", " ") if phase not in named else None,
            )
            named[phase] = None
            left += length
        ax.text(left, place, f"  {duration(left)}  {remark}", va="center", fontsize=8)
    ax.margins(x=0.22)
