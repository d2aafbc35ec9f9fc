"""`export`: runs in the formats of other tools."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sim.cli import say
from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.cli.sources import runs_of
from sim.errors import UserError

# As in `analysis.exports`; a test compares the two.
FORMATS = ("shiviz", "perfetto", "mermaid", "ndjson")


@click.command(short_help="Write a run in the format of another tool.")
@click.argument("result", metavar="RESULT", type=click.Path(path_type=Path))
@click.option("--format", "kind", required=True, type=click.Choice(FORMATS), help="Which tool is to read it.")
@click.option("--from", "since", metavar="TIME", default="0s", show_default=True, help="From there on.")
@click.option("--to", "until", metavar="TIME", help="Up to there; by default to the end.")
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Instead of stdout.")
@color_option
def export(result: Path, kind: str, since: str, until: str | None, out: Path | None) -> Exit:
    """Write RESULT, the directory of one run or a trace file, for another tool.

    \b
    shiviz    a log with vector clocks, for ShiViz
    perfetto  a trace, for ui.perfetto.dev or chrome://tracing
    mermaid   a sequence diagram of a short window, for documents
    ndjson    one event per line, for trace validation

    Messages are there if the run was made with --trace full.
    """
    from_ns = _time("--from", since)
    to_ns = None if until is None else _time("--to", until)
    if to_ns is not None and to_ns < from_ns:
        raise UserError(f"--from {since} --to {until}: the end comes before the beginning")
    found = runs_of([result])
    if len(found) != 1:
        raise UserError(f"{result}: {len(found)} runs; name the directory of one")
    from analysis.exports import EXPORTS

    text = EXPORTS[kind](found[0], from_ns, to_ns)
    if out is None:
        sys.stdout.write(text)
        return Exit.PASS
    from sim.files import write_text

    write_text(out, text)
    say(f"wrote {out}", prefix="")
    return Exit.PASS


def _time(option: str, text: str) -> int:
    from sim.scenario.units import duration

    try:
        return duration(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
