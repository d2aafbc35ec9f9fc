"""When there were two leaders, and what that did."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from analysis.frames import incidents
from analysis.frames.sources import Source
from analysis.plots.bands import draw_bands
from analysis.plots.style import BLACK, ORANGE, PURPLE, RED, axes, empty, picture

LEVELS = {
    "dual_belief": ("two believers", ORANGE, "o"),
    "same_epoch": ("two in one epoch", RED, "D"),
    "dual_effect": ("stale effect accepted", PURPLE, "X"),
    "lost_state": ("state lost or forked", BLACK, "P"),
}


@picture
def split_brain(source: Source, ax: Axes | None = None) -> Axes:
    """Draw every incident of split brain as an interval on the line of its level, an instant as a marker.

    Of several runs, those of one run stand on one height within the line.
    """
    found = incidents(source)
    ax = axes(ax, 2.6)
    if not len(found):
        empty(ax, "no incidents of split brain")
        return ax
    key = [
        name for name in found.columns if name in ("scenario", "protocol", "seed") or name.startswith("vary.")
    ]
    run = found.groupby(key, sort=False, dropna=False).ngroup()
    spread = (run / max(1, run.max()) - 0.5) * 0.6 if run.max() else run * 0.0
    for place, (level, (_, color, marker)) in enumerate(LEVELS.items()):
        rows = found[found["level"] == level]
        at = place + spread[rows.index]
        ax.hlines(at, rows["from_s"], rows["to_s"], color=color, linewidth=3)
        ax.plot(rows["from_s"], at, linestyle="", marker=marker, color=color, markersize=5)
        total = rows["length_s"].sum()
        told = f"{len(rows)}" + (f" ({total:.3g} s)" if total else "")
        ax.text(1.01, place, told, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    of_one: Any = source
    if hasattr(source, "records"):
        draw_bands(ax, of_one.records)
    ax.set_yticks(range(len(LEVELS)), [name for name, _, _ in LEVELS.values()])
    ax.set_ylim(len(LEVELS) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel("time (s)")
    return ax
