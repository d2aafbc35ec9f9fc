"""How long until there was a leader: distributions in which the censored have their place."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from analysis.frames import election_times, survival
from analysis.frames.sources import Source
from analysis.frames.survival_curves import grouped
from analysis.plots.style import axes, empty, label, line_style, picture, seconds


@picture
def election_cdf(
    source: Source, definition: str = "service", by: str | Sequence[str] = "protocol", ax: Axes | None = None
) -> Axes:
    """Draw which share of elections was over after how long, with a 95 % band (see `analysis.survival`).

    A curve that ends below 1 ends where the last elections were cut off: they are not lost, but longer.
    """
    ax = axes(ax)
    if not _curves(ax, source, definition, by, lambda share: 1 - share):
        return empty(ax, "no election ended")
    ax.set_ylim(0, 1.02)
    ax.set_xlim(left=0)
    ax.set_ylabel("share of elections that were over")
    return _finish(ax, definition)


@picture
def survival_tail(
    source: Source, definition: str = "service", by: str | Sequence[str] = "protocol", ax: Axes | None = None
) -> Axes:
    """Draw which share of elections lasted longer than each length, on a log scale: the tail."""
    ax = axes(ax)
    if not _curves(ax, source, definition, by, lambda share: share):
        return empty(ax, "no election ended")
    ax.set_yscale("log")
    ax.set_xlim(left=0)
    ax.set_ylim(top=1.2)
    ax.set_ylabel("share of elections that lasted longer")
    return _finish(ax, definition)


def _curves(ax: Axes, source: Source, definition: str, by: str | Sequence[str], of: object) -> int:
    assert callable(of)
    keys = [by] if isinstance(by, str) else list(by)
    times = election_times(source, definition)
    found = survival(source, definition, by=keys)
    censored = dict(_censored(times, keys))
    drawn = 0
    for number, (key, curve) in enumerate(grouped(found, keys)):
        if not len(curve):
            continue
        x = [0.0, *curve["time_s"]]
        style = line_style(number)
        count, cut_off, longest = censored[key]
        text = f"{label(key)} (n = {count}" + (f", {cut_off} censored)" if cut_off else ")")
        ends = [longest] if cut_off and longest > x[-1] else []
        last = of(curve["lasting"].iloc[-1])
        y = [*of(pd.Series([1.0, *curve["lasting"]])), *[last] * len(ends)]
        ax.step([*x, *ends], y, where="post", label=text, **style)
        band = curve.dropna(subset=["low", "high"])
        ax.fill_between(
            band["time_s"],
            of(band["low"]),
            of(band["high"]),
            step="post",
            alpha=0.18,
            color=style["color"],
            linewidth=0,
        )
        if ends:
            ax.plot(ends, [last], marker=">", color=style["color"])
        drawn += 1
    return drawn


def _censored(
    times: pd.DataFrame, keys: Sequence[str]
) -> list[tuple[tuple[object, ...], tuple[int, int, float]]]:
    return [
        (key, (len(rows), int(rows["censored"].sum()), float(rows["length_s"].max())))
        for key, rows in grouped(times, keys)
        if len(rows)
    ]


def _finish(ax: Axes, definition: str) -> Axes:
    seconds(ax.xaxis)
    ax.set_xlabel(f"time from the fault to {definition}")
    ax.legend(loc="best")
    return ax
