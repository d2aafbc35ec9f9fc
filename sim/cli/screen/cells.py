"""The cells of a sweep on a terminal: a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from sim.cli.console import Look
from sim.cli.units import duration, metric, share
from sim.metrics import SPLIT_BRAIN
from sim.sweep.pairs import COMPARED

if TYPE_CHECKING:
    from sim.sweep.intervals import Estimate
    from sim.sweep.pairs import Difference, Pairs
    from sim.sweep.summary import CellSummary

LEVELS = dict(zip(SPLIT_BRAIN, ("SB1", "SB2", "SB3", "SB4"), strict=True))


def table(cells: Sequence[CellSummary], look: Look) -> str:
    """Return what became of each cell: verdicts, election time, split brain, availability.

    The interval (95 %, bootstrap) is in brackets; `>` marks a time that the end of runs cut off.
    """
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if look.color else "")
    varied = [path for path, _ in cells[0].cell.varied]
    for name in ("scenario", "protocol", *varied):
        made.add_column(name, overflow="fold")
    for name in ("runs", "not passed", "election p50", "election p99", "cut off"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("split brain", justify="right")
    for name in ("system", "client"):
        made.add_column(name, justify="right", no_wrap=True)
    for each in cells:
        made.add_row(*each.cell.key, *_figures(each))
    return printed(made, look) + _legend(cells)


def differences(pairs: Pairs, look: Look) -> str:
    """Return the mean differences to the first protocol, run by run, each with its interval."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim" if look.color else "")
    for name in ("scenario", "protocol", *(path for path, _ in pairs.cells[0].varied)):
        made.add_column(name, overflow="fold")
    for name in COMPARED:
        made.add_column(name, justify="right", no_wrap=True)
    for key, found in pairs.differences.items():
        made.add_row(*key, *(_difference(name, found[name]) for name in COMPARED))
    title = f"\nDifference to {pairs.cells[0].protocol} in the same run, mean [95 % interval]:\n"
    return title + printed(made, look) if pairs.differences else ""


def _difference(name: str, found: Difference) -> str:
    if not found.pairs:
        return "-"
    text = _signed(name, found.mean)
    interval = found.interval()
    if interval is not None:
        text += f" [{', '.join(_signed(name, each) for each in interval)}]"
    return text + (f" ({found.unpaired} unpaired)" if found.unpaired else "")


def _signed(name: str, value: float) -> str:
    return ("-" if value < 0 else "+") + metric(name, abs(value))


def printed(made: Table, look: Look) -> str:
    """Return the lines of a table, as wide as it needs to be: a folded number is no number."""
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=max(look.width, 200),
        force_terminal=look.color,
        no_color=not look.color,
        color_system="standard" if look.color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(made)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _figures(each: CellSummary) -> list[str]:
    bad = [f"{count} {verdict}" for verdict, count in each.verdicts.items() if verdict != "pass"]
    times = [_time(each.election_time(at), each) for at in (0.5, 0.99)]
    split = [f"{LEVELS[level]} {count}" for level, count in each.incidents.items() if count]
    censored = each.lengths.censored.total()
    shares = [each.availability(view) for view in ("system", "client")]
    return [
        f"{each.runs:,}",
        ", ".join(bad) or "0",
        *times,
        share(censored / each.lengths.total) if each.lengths.total else "-",
        ", ".join(split) or "0",
        *("-" if value is None else metric("availability.system", value) for value in shares),
    ]


def _time(found: Estimate, each: CellSummary) -> str:
    if not each.lengths.total:
        return "-"
    longest = max(each.lengths.complete | each.lengths.censored)
    value, low, high = (
        f">{duration(longest)}" if ns is None else duration(ns) for ns in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}]"


def _legend(cells: Sequence[CellSummary]) -> str:
    lines = [
        "\nelection: from the fault to service, with its 95 % interval; cut off: runs ended before it.\n"
    ]
    if any(count for each in cells for count in each.incidents.values()):
        lines.append(", ".join(f"{short} {level}" for level, short in LEVELS.items()) + "\n")
    return "".join(lines)
