"""When the faults of a run were on, as bands behind a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from analysis.faults import AT_ONCE
from analysis.plots.style import GREY
from analysis.world import started
from sim.records import FaultEnded, FaultStarted, Record


@dataclass(frozen=True, slots=True)
class Band:
    """One application of a fault, from its start to its end or the end of the run."""

    number: int
    about: str
    targets: tuple[str, ...]
    from_ns: int
    to_ns: int


def bands(records: Sequence[Record]) -> list[Band]:
    """Return every application of a fault, by its start; one that leaves nothing behind has no length."""
    found: list[Band] = []
    on: dict[tuple[int, tuple[str, ...]], FaultStarted] = {}
    for record in records:
        if type(record) is FaultStarted:
            on[record.fault, record.targets] = record
            if record.action in AT_ONCE:
                found.append(_band(on.pop((record.fault, record.targets)), record.at_ns))
        elif type(record) is FaultEnded:
            begun = on.pop((record.fault, record.targets), None)
            if begun is not None:
                found.append(_band(begun, record.at_ns))
    found += [_band(begun, records[-1].at_ns) for begun in on.values()]
    return sorted(found, key=lambda band: (band.from_ns, band.number))


def _band(begun: FaultStarted, to_ns: int) -> Band:
    about = begun.about or " ".join([begun.action, *begun.targets])
    return Band(begun.fault, about, begun.targets, begun.at_ns, to_ns)


def title(records: Sequence[Record]) -> str:
    """Return the name of a run: scenario, protocol, seed."""
    begun = started(records)
    return f"{shortened(begun.scenario)}, {shortened(begun.protocol)}, seed {begun.seed}"


def shortened(text: str, most: int = 28) -> str:
    """Return a text that leaves room for the picture."""
    return text if len(text) <= most else text[: most - 1] + "…"


def draw_bands(ax: Axes, records: Sequence[Record], named: bool = True) -> None:
    """Shade the faults; with `named`, write what each does above the axes."""
    free_at = -1.0
    width = max(1, records[-1].at_ns - records[0].at_ns) / 1e9
    for band in bands(records):
        since, to = band.from_ns / 1e9, band.to_ns / 1e9
        ax.axvspan(since, to, color=GREY, alpha=0.25, linewidth=0, zorder=0)
        ax.axvline(since, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        if named and since >= free_at:
            text = shortened(band.about)
            ax.text(
                since,
                1.01,
                text,
                transform=ax.get_xaxis_transform(),
                fontsize=7,
                color="#555555",
                va="bottom",
            )
            free_at = since + width * (len(text) + 2) / 110
