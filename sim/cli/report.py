"""`report`: results as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import say
from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.cli.sources import results_argument, source_of

_NOT_SHOWN = ("noted", "timer_fired")


@click.command(short_help="Write results as one HTML file.")
@results_argument
@click.option(
    "-o", "--out", metavar="FILE", default="report.html", show_default=True, type=click.Path(path_type=Path),
    help="Write the report there.",
)  # fmt: skip
@color_option
def report(results: tuple[Path, ...], out: Path) -> Exit:
    """Write a report of results: directories that run or sweep left with --out, or trace files.

    It is one file, needs no network, and shows verdict, metrics, pictures, faults, incidents and what
    happened, message by message where the trace is full.

    \b
    leadersim run leader-crash --trace full --out out
    leadersim report out -o report.html
    """
    from sim.trace_files import without_collector

    with without_collector():
        _write(results, out)
    say(f"wrote {out}", prefix="")
    return Exit.PASS


def _write(results: tuple[Path, ...], out: Path) -> None:
    from sim.files import write_text

    source = source_of(results, _NOT_SHOWN)
    found = source if isinstance(source, list) else [source]
    sweeps = [each for each in found if isinstance(each, Path)]
    from analysis.report import report as page

    write_text(out, page([each for each in found if not isinstance(each, Path)], sweeps))
