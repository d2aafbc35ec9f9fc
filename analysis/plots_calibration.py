"""Pictures of a calibration: the distributions that were simulated over those that were published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Overlay:
    """One distribution: what was simulated, over points (share, length) or values that are known."""

    name: str
    simulated: Sequence[float]
    curve: Sequence[tuple[float, float]] = ()
    measured: Sequence[float] = ()


def overlay(title: str, unit: str, parts: Sequence[Overlay], path: Path) -> None:
    """Draw cumulative distributions over each other, one panel for each part, and write a PNG."""
    columns = min(3, len(parts))
    rows = math.ceil(len(parts) / columns)
    figure = Figure(figsize=(4.5 * columns, 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, part in zip(panels, parts, strict=False):
        _draw(panel, unit, part)
    for panel in panels[len(parts) :]:
        panel.set_axis_off()
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _draw(panel: Any, unit: str, part: Overlay) -> None:
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
    panel.set_xlabel(unit)
    panel.set_ylim(0, 1.02)
    panel.legend(fontsize=7, loc="lower right")
    panel.grid(alpha=0.3)


def bars(
    title: str, unit: str, rows: Sequence[tuple[str, float, float, float, float | None]], path: Path
) -> None:
    """Draw numbers with their intervals beside those that were published, and write a PNG.

    A row is (name, simulated, low, high, published or None).
    """
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(rows)), layout="constrained")
    panel = figure.subplots()
    for place, (_, value, low, high, known) in enumerate(rows):
        panel.errorbar(
            value, place, xerr=[[value - low], [high - value]], fmt="s", color="tab:blue", capsize=3
        )
        if known is not None:
            panel.plot(known, place, "o", color="tab:orange", fillstyle="none")
    panel.set_yticks(range(len(rows)), [name for name, *_ in rows], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel(f"{unit} (square: simulated with its 95 % interval, circle: published)")
    panel.set_title(title)
    panel.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
