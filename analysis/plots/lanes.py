"""Who led when: a lane per node over the time of one run."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis.plots.bands import draw_bands, shortened, title
from analysis.plots.style import RED, STATES, axes, legend_below, picture
from analysis.rundata import RunData
from analysis.states import nodes_of, stays
from sim.records import Violated


@picture
def lanes(run: RunData, ax: Axes | None = None) -> Axes:
    """Draw what every contender and server was over the run; faults are bands, violations red lines.

    The number in a leader's bar is its epoch. x: seconds since the start of the run.
    """
    nodes = nodes_of(run.records)
    ax = axes(ax, 1.1 + 0.3 * len(nodes))
    shown: dict[str, None] = {}
    length = max(1, run.records[-1].at_ns - run.records[0].at_ns) / 1e9
    for stay in stays(run.records):
        fill, hatch = STATES[stay.state]
        since, to = stay.from_ns / 1e9, stay.to_ns / 1e9
        quiet = stay.state in ("follower", "not started")
        ax.barh(
            nodes.index(stay.node), to - since, left=since, height=0.3 if quiet else 0.7, color=fill,
            hatch=hatch, edgecolor="#555555" if hatch else fill, linewidth=0.4 if hatch else 0, zorder=2,
        )  # fmt: skip
        if stay.state.endswith("leader") and to - since > length / 40:
            ax.text((since + to) / 2, nodes.index(stay.node), str(stay.epoch), color="white", ha="center",
                    va="center", fontsize=7, zorder=3)  # fmt: skip
        shown[stay.state] = None
    for record in run.records:
        if type(record) is Violated:
            ax.axvline(record.at_ns / 1e9, color=RED, linewidth=1.2, zorder=4)
    draw_bands(ax, run.records)
    ax.set_title(title(run.records), pad=16)
    _finish(ax, nodes, length, [state for state in STATES if state in shown and state != "not started"])
    return ax


def _finish(ax: Axes, nodes: list[str], length: float, states: list[str]) -> None:
    ax.set_yticks(range(len(nodes)), map(shortened, nodes))
    ax.invert_yaxis()
    ax.set_xlim(0, length)
    ax.set_xlabel("time (s)")
    ax.grid(axis="y", visible=False)
    handles = [
        Patch(
            facecolor=STATES[state][0],
            hatch=STATES[state][1],
            edgecolor="#555555",
            linewidth=0.4,
            label=state,
        )
        for state in states
    ]
    legend_below(ax, 5, handles)
