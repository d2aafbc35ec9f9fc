"""Pictures of a calibration: the distributions that were simulated over those that were published."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Overlay:
    """One distribution: what was simulated, over points (share, length) or values that are known."""

    name: str
    unit: str
    simulated: Sequence[float]
    curve: Sequence[tuple[float, float]] = ()
    measured: Sequence[float] = ()


def overlay(title: str, parts: Sequence[Overlay], path: Path) -> None:
    """Draw cumulative distributions over each other, one panel for each part, and write a PNG."""
    columns = min(3, len(parts))
    rows = math.ceil(len(parts) / columns)
    figure = Figure(figsize=(4.5 * columns, 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, part in zip(panels, parts, strict=False):
        _draw(panel, part)
    for panel in panels[len(parts) :]:
        panel.set_axis_off()
    figure.suptitle(textwrap.fill(title, 45 * columns))
    figure.savefig(path, dpi=110)


def _draw(panel: Any, part: Overlay) -> None:
    values = sorted(value for value in part.simulated if not math.isinf(value))
    shares = [(rank + 1) / len(part.simulated) for rank in range(len(values))]
    panel.step(values, shares, where="post", label=f"simulated, n={len(part.simulated)}", color="tab:blue")
    if part.measured:
        known = sorted(part.measured)
        upto = [(rank + 1) / len(known) for rank in range(len(known))]
        panel.step(known, upto, where="post", label=f"measured, n={len(known)}", color="tab:orange")
    if part.curve:
        panel.plot(
            [at for _, at in part.curve], [at for at, _ in part.curve], "o", label="published",
            color="tab:orange", markersize=4,
        )  # fmt: skip
    panel.set_title(part.name, fontsize=9)
    panel.set_xlabel(part.unit)
    panel.set_ylim(0, 1.02)
    panel.legend(fontsize=7, loc="lower right")
    panel.grid(alpha=0.3)


Bound = Literal["", "at least", "at most"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One number with its interval, and what was published, if anything was: a number or a bound."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    published: float | None
    bound: Bound = ""


_MARKERS: dict[Bound, str] = {"": "o", "at least": ">", "at most": "<"}


def bars(title: str, found: Sequence[Bar], path: Path) -> None:
    """Draw numbers beside those that were published, a panel for each unit, and write a PNG."""
    units = list(dict.fromkeys(bar.unit for bar in found))
    panels = [[bar for bar in found if bar.unit == unit] for unit in units]
    figure = Figure(figsize=(10, 1.5 + sum(0.8 + 0.3 * len(each) for each in panels)), layout="constrained")
    heights = [2 + len(each) for each in panels]
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights).ravel()
    for panel, unit, each in zip(axes, units, panels, strict=True):
        _draw_bars(panel, unit, each)
    figure.suptitle(textwrap.fill(title, 100), fontsize=11)
    handles = {
        label: line for panel in axes for line, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=8)
    figure.savefig(path, dpi=110)


def _draw_bars(panel: Any, unit: str, found: Sequence[Bar]) -> None:
    for place, bar in enumerate(found):
        panel.errorbar(
            bar.value, place, xerr=[[bar.value - bar.low], [bar.high - bar.value]], fmt="s",
            color="tab:blue", capsize=3, label="simulated, with its 95 % interval",
        )  # fmt: skip
        if bar.published is not None:
            panel.plot(
                bar.published, place, _MARKERS[bar.bound], color="tab:orange", fillstyle="none", markersize=9,
                linestyle="none", label=f"published: {bar.bound}" if bar.bound else "published",
            )  # fmt: skip
    panel.set_yticks(range(len(found)), [bar.name for bar in found], fontsize=8)
    panel.set_ylim(len(found) - 0.5, -0.5)
    panel.set_xlabel(unit, fontsize=9)
    panel.grid(alpha=0.3)
