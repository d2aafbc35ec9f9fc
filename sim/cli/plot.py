"""`plot`: pictures of results."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from sim.cli import say
from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.cli.sources import source_of
from sim.errors import UserError

# As in `analysis.plots.kinds`, which imports matplotlib; a test compares the two.
KINDS = (
    "lanes", "cdf", "survival", "waterfall", "availability", "incidents", "messages", "heatmap", "forest",
    "latency",
)  # fmt: skip
FORMATS = ("png", "svg", "pdf")


@click.command(short_help="Draw a picture of results.")
@click.argument("result", metavar="RESULT", type=click.Path(path_type=Path))
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
@click.option(
    "-o", "--out", metavar="FILE", required=True, type=click.Path(path_type=Path),
    help="Write the picture there; the ending says how: .png, .svg or .pdf.",
)  # fmt: skip
@click.option("--by", metavar="COLUMN", help="A curve or bar for each value: protocol, vary.network.loss ...")
@click.option(
    "--definition", type=click.Choice(("belief", "announced", "service", "client")),
    help="Of the election time, in cdf and survival.",
)  # fmt: skip
@click.option("--metric", metavar="NAME", help="Of a heatmap; see leadersim metrics.")
@click.option("--x", metavar="COLUMN", help="Of a heatmap, from left to right.")
@click.option("--y", metavar="COLUMN", help="Of a heatmap, from top to bottom.")
@color_option
def plot(result: Path, kind: str, out: Path, **options: Any) -> Exit:
    """Draw a picture of RESULT, a directory that run or sweep left with --out, or a trace file.

    \b
    lanes         who led when, in one run         messages  messages per second, by type
    cdf           how long elections took          heatmap   one metric over two varied settings
    survival      the tail of that, on a log scale forest    differences on the same seeds
    waterfall     where fail-overs spent the time  latency   median latency from node to node
    availability  when there was service           incidents when there were two leaders

    latency, and the types in messages, need runs with --trace full.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise UserError(f"-o {out}: expected a name that ends in .{', .'.join(FORMATS)}")
    source = source_of([result])
    from analysis.plots import save
    from analysis.plots.kinds import draw
    from sim.files import write_whole

    write_whole(out, partial(save, draw(kind, source, **options), kind=ending))
    say(f"wrote {out}", prefix="")
    return Exit.PASS
