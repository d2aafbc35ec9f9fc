"""Draws what was found, one file for each experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sim.calibration.catalogue import Found
from sim.calibration.judgement import Row
from sim.calibration.real.comparison import Compared
from sim.errors import UserError

if TYPE_CHECKING:
    from analysis.plots_calibration import Bar, Bound

T = TypeVar("T")


def draw(found: Sequence[Found], folder: Path) -> list[Path]:
    """Write `<experiment>.png` for each experiment into `folder`, and return the files.

    Raises:
        UserError: the folder cannot be written.
    """
    groups = groupby(found, key=lambda each: each.experiment.name)
    return _written(folder, groups, lambda name, parts: _picture(parts, folder / f"{name}.png"))


def draw_compared(found: Sequence[Compared], folder: Path) -> list[Path]:
    """Write `<experiment>.png` for each measured experiment that has a model, and return the files.

    Raises:
        UserError: the folder cannot be written.
    """
    from analysis.plots_calibration import Overlay, overlay

    def picture(name: str, rows: list[Compared]) -> Path:
        parts = [Overlay(row.quantity, row.unit, row.simulated, measured=row.measured) for row in rows]
        path = folder / f"{name}.png"
        overlay(f"{name}: measured and simulated", parts, path)
        return path

    modelled = [row for row in found if row.simulated]
    return _written(folder, groupby(modelled, key=lambda row: row.experiment), picture)


def _written(
    folder: Path, groups: Iterable[tuple[str, Iterable[T]]], picture: Callable[[str, list[T]], Path]
) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [picture(name, list(parts)) for name, parts in groups]
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror or error}") from None


def _picture(parts: Sequence[Found], path: Path) -> Path:
    from analysis.plots_calibration import Overlay, bars, overlay

    experiment = parts[0].experiment
    title = f"{experiment.name}: {experiment.about}"
    if experiment.unit == "share":
        bars(title, [_bar(part, row) for part in parts for row in part.rows], path)
    else:
        unit = experiment.unit
        overlays = [Overlay(p.series.name, p.series.unit or unit, p.values, p.series.curve) for p in parts]
        overlay(title, overlays, path)
    return path


def _bar(part: Found, row: Row) -> Bar:
    from analysis.plots_calibration import Bar

    found = row.simulated
    low, high = (found.value if each is None else each for each in (found.low, found.high))
    bound: Bound = _BOUNDS.get(row.band, "")
    return Bar(
        f"{part.series.name} ({row.statistic})", row.unit, found.value, low, high, row.published, bound
    )


_BOUNDS: dict[str, Bound] = {
    "at least": "at least", "at most": "at most", "less than": "at most",
}  # fmt: skip
