"""The kinds of pictures by name, and which options each of them understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from analysis import plots
from analysis.recorded import Recorded
from sim.errors import UserError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of picture: what draws it, and the options it takes beside the source."""

    draw: Callable[..., Axes]
    options: tuple[str, ...]
    of_one: bool = False  # of one run only


KINDS: dict[str, Kind] = {
    "lanes": Kind(plots.lanes, (), of_one=True),
    "cdf": Kind(plots.election_cdf, ("definition", "by")),
    "survival": Kind(plots.survival_tail, ("definition", "by")),
    "waterfall": Kind(plots.failover_waterfall, ("by",)),
    "availability": Kind(plots.availability_over_time, ("by",)),
    "incidents": Kind(plots.split_brain, ()),
    "messages": Kind(plots.message_cost, ("by",)),
    "heatmap": Kind(plots.heat_map, ("metric", "x", "y")),
    "forest": Kind(plots.comparison_forest, ("by",)),
    "latency": Kind(plots.latency_matrix, ()),
}


def draw(name: str, source: Any, **options: Any) -> Axes:
    """Return the axes of a picture of that kind; options that are None are left to their defaults.

    Raises:
        UserError: the kind takes no such option, or shows one run and there are several.
    """
    kind = KINDS[name]
    given = {option: value for option, value in options.items() if value is not None}
    strange = next((option for option in given if option not in kind.options), None)
    if strange is not None:
        known = ", ".join(f"--{option}" for option in kind.options) or "no options"
        raise UserError(f"{name} takes {known}, not --{strange}")
    if kind.of_one and not isinstance(source, Recorded) and not hasattr(source, "records"):
        raise UserError(f"{name} shows one run: name its directory or trace file")
    return kind.draw(source, **given)
