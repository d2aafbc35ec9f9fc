"""What an election costs in messages, and how long they take from whom to whom."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from analysis.frames import messages, runs
from analysis.frames.sources import Source
from analysis.frames.survival_curves import grouped
from analysis.plots.style import SERIES, axes, duration, empty, label, legend_below, picture, seconds
from sim.errors import UserError

HATCHES = ("", "///", "...", "\\\\\\", "xxx", "++")
MOST = 8


@picture
def message_cost(source: Source, by: str = "protocol", ax: Axes | None = None) -> Axes:
    """Draw messages per simulated second by group, and by type where the traces are `full`."""
    table = runs(source)
    ax = axes(ax, 1.4 + 0.45 * max(1, table[by].nunique()) if len(table) else 3)
    if not len(table):
        return empty(ax, "no runs")
    shares = _types(source, by)
    for place, (key, rows) in enumerate(grouped(table, [by])):
        mean = rows["cost.messages_per_second"].mean()
        left = 0.0
        for number, (kind, share) in enumerate(shares.get(key[0], {"": 1.0}).items()):
            ax.barh(
                place,
                mean * share,
                left=left,
                height=0.6,
                color=SERIES[number % len(SERIES)],
                edgecolor="white",
                hatch=HATCHES[number % len(HATCHES)],
                label=kind if kind and not place else None,
            )
            left += mean * share
        ax.text(left, place, f"  {mean:.4g}/s (n = {len(rows)})", va="center", fontsize=8)
    ax.set_yticks(range(table[by].nunique()), [label(key) for key, _ in grouped(table, [by])])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.25)
    ax.set_xlabel("messages per simulated second")
    legend_below(ax, 4)
    return ax


def _types(source: Source, by: str) -> dict[object, dict[str, float]]:
    """Return the share of each type of message by group; {} where no trace has messages."""
    try:
        sent = messages(source)
    except UserError:
        return {}
    if not len(sent) or by not in sent.columns or "type" not in sent.columns:
        return {}
    order = sent["type"].value_counts().index[:MOST]
    found: dict[object, dict[str, float]] = {}
    for key, rows in grouped(sent, [by]):
        counts = rows["type"].value_counts(normalize=True)
        found[key[0]] = {str(kind): float(counts.get(kind, 0.0)) for kind in order}
        rest = 1 - sum(found[key[0]].values())
        if rest > 1e-9:
            found[key[0]]["others"] = rest
    return found


@picture
def latency_matrix(source: Source, ax: Axes | None = None) -> Axes:
    """Draw the median time of delivered messages from each node (rows) to each other (columns).

    Needs traces of level `full`.
    """
    sent = messages(source)
    arrived = sent[sent["outcome"] == "delivered"]
    if not len(arrived):
        return empty(axes(ax), "no messages were delivered")
    table = arrived.pivot_table(index="source", columns="target", values="latency_s", aggfunc="median")
    nodes = sorted({*table.index, *table.columns}, key=_natural)
    table = table.reindex(index=nodes, columns=nodes)
    ax = axes(ax, 1.2 + 0.42 * len(nodes))
    values = table.to_numpy(dtype="float64")
    image = ax.imshow(values, cmap="cividis", aspect="auto")
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for row, column in np.ndindex(values.shape):
        value = float(values[row, column])
        text = "-" if np.isnan(value) else duration(value)
        ax.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=7,
            color="black" if np.isnan(value) or value > middle else "white",
        )
    ax.set_xticks(range(len(nodes)), nodes)
    ax.set_yticks(range(len(nodes)), nodes)
    ax.set_xlabel("to")
    ax.set_ylabel("from")
    ax.grid(False)
    figure = ax.get_figure()
    assert figure is not None
    seconds(figure.colorbar(image, ax=ax, label="median latency").ax.yaxis)
    return ax


def _natural(name: str) -> tuple[str, int]:
    digits = name.lstrip("".join(set(name) - set("0123456789")))
    return name.rstrip("0123456789"), int(digits) if digits.isdigit() else 0
