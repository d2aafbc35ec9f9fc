"""One style for all pictures: readable in print, and by colour-blind people.

The colours are those of Okabe and Ito ("Color Universal Design", 2008); states differ in hatching too, and
lines in their dashes, so that nothing is said by colour alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, RED, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#999999", "#E8E8E8"

SERIES = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)
DASHES = ("-", "--", "-.", ":")

STYLE: Any = {
    "figure.figsize": (7.0, 3.6),
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "svg.hashsalt": "leadersim",
}

STATES: dict[str, tuple[str, str]] = {
    "leader": (BLUE, ""),
    "service leader": (SKY, ""),
    "leader, cut off": (ORANGE, "///"),
    "candidate": (YELLOW, ""),
    "follower": (PALE, ""),
    "cut off": (PALE, "///"),
    "paused": (PURPLE, "..."),
    "crashed": ("#FFFFFF", "xxx"),
    "not started": ("#FFFFFF", ""),
}
"""The fill and the hatching of what a node can be."""

P = ParamSpec("P")


def picture(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Let a function that draws do so in the style, on axes of its own if it is given none."""

    @wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> Axes:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **options)

    return drawn


def axes(ax: Axes | None, height: float = 3.6) -> Axes:
    """Return `ax`, or new axes of a figure that nobody has to close.

    In a notebook pyplot makes the figure, so that it shows itself at the end of its cell. Elsewhere
    there is no display to wait for.
    """
    if ax is not None:
        return ax
    if os.environ.get("MPLBACKEND", "").startswith("module://matplotlib_inline"):
        import matplotlib.pyplot as plt

        return plt.figure(figsize=(7.0, height)).add_subplot()
    return Figure(figsize=(7.0, height)).add_subplot()


def empty(ax: Axes, what: str) -> Axes:
    """Say on the axes that there is nothing to show, and return them."""
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", color=GREY, fontsize=11)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return ax


def records(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a data frame."""
    found: list[dict[str, Any]] = table.to_dict("records")
    return found


def legend_below(ax: Axes, columns: int, handles: Any = None) -> None:
    """Put the legend under the axes: of a figure of its own where nothing can be covered, else within."""
    figure = ax.get_figure()
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    if not handles:
        return
    if isinstance(figure, Figure) and len(figure.axes) == 1:
        figure.legend(handles=handles, ncols=min(columns, len(handles)), loc="outside lower center")
    else:
        ax.legend(handles=handles, ncols=min(columns, len(handles)))


def save(ax: Axes, path: Any, kind: str | None = None) -> None:
    """Write the figure of `ax` to a path or file, whole; SVG and PNG bytes are the same every time."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    metadata = {"Date": None} if str(kind or path).endswith("svg") else None
    with matplotlib.rc_context(STYLE):
        figure.savefig(path, format=kind, metadata=metadata)


def line_style(number: int) -> dict[str, Any]:
    """Return colour and dashes of the line of that number."""
    return {"color": SERIES[number % len(SERIES)], "linestyle": DASHES[number % len(DASHES)]}


def label(values: Sequence[Any]) -> str:
    """Return the label of a group: its values, or "all" if it is the only one."""
    text = " ".join(str(value) for value in values) or "all"
    return text if len(text) <= 40 else text[:39] + "…"


def seconds(axis: Any) -> None:
    """Label an axis of lengths with ms, s or min as they are read."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))


def duration(length_s: float) -> str:
    """Return a length as people write it.

    >>> duration(0.25), duration(3), duration(90), duration(0)
    ('250 ms', '3 s', '1.5 min', '0')
    """
    if length_s == 0:
        return "0"
    size = abs(length_s)
    for upto, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (60.0, 1.0, "s")):
        if size < upto:
            return f"{length_s * factor:.3g} {unit}"
    return f"{length_s / 60:.3g} min"
