"""`calibrate`: experiments of others, repeated, and compared with what they found."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sim.cli import jsonout, say
from sim.cli.console import color_option, current_look
from sim.cli.exits import Exit, worst
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.calibration.catalogue import Found
    from sim.calibration.real.comparison import Compared


@click.command(short_help="Repeat published experiments and compare.")
@click.argument("names", metavar="[EXPERIMENT...]", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Print the experiments and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print an object for each row, one a line.")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Write a picture of each experiment."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes at once; by default one per core.")
@click.option("--quick", is_flag=True, help="Few trials; a row misses only if its whole interval does.")
@click.option(
    "--against",
    type=click.Choice(["published", "real"]),
    default="published",
    show_default=True,
    help="What others published, or fail-over times that were measured on real systems.",
)
@click.option(
    "--data", metavar="FILE", type=click.Path(path_type=Path), help="The measured table, with --against real."
)
@color_option
def calibrate(
    names: tuple[str, ...],
    listing: bool,
    as_json: bool,
    out: Path | None,
    jobs: int | None,
    quick: bool,
    against: Literal["published", "real"],
    data: Path | None,
) -> Exit:
    """Run the experiments of these names, or all, and print what was published beside what came out.

    Exit codes: 1 if a row misses what is accepted, 3 if a measured system has no model, otherwise 0.
    """
    if data is not None and against != "real":
        raise UserError("--data goes with --against real")
    run = _Real(names, data) if against == "real" else _Published(names)
    if listing:
        sys.stdout.write("".join(f"{name:<24}{about}\n" for name, about in run.listing()))
        return Exit.PASS
    rows = run.rows(quick, jobs)
    if as_json:
        sys.stdout.write("".join(json.dumps(jsonout.finite(row.as_dict())) + "\n" for row in rows))
    else:
        sys.stdout.write(run.table(rows))
    if out is not None:
        for path in run.draw(out):
            say(f"wrote {path}", prefix="")
    return worst(_CODES.get(row.verdict, Exit.PASS) for row in rows)


_CODES = {"miss": Exit.FAIL, "no model": Exit.INCONCLUSIVE}


class _Published:
    """Against what was published."""

    def __init__(self, names: tuple[str, ...]) -> None:
        from sim.calibration.catalogue import chosen

        self._experiments = chosen(names)
        self._found: list[Found] = []

    def listing(self) -> list[tuple[str, str]]:
        """Return name and subject of each experiment."""
        return [(each.name, each.about) for each in self._experiments]

    def rows(self, quick: bool, jobs: int | None) -> list[Any]:
        """Run everything and return its rows."""
        from sim.calibration.catalogue import calibrate, trials

        total = trials(self._experiments, quick)
        self._found = _all(total, lambda progress: calibrate(self._experiments, quick, jobs, progress))
        return [row for each in self._found for row in each.rows]

    def table(self, rows: list[Any]) -> str:
        """Return the rows as text."""
        from sim.cli.screen.calibration import table

        return table(rows, current_look())

    def draw(self, folder: Path) -> list[Path]:
        """Write the pictures."""
        from sim.calibration.pictures import draw

        return draw(self._found, folder)


class _Real:
    """Against what was measured."""

    def __init__(self, names: tuple[str, ...], data: Path | None) -> None:
        from sim.calibration.catalogue import name_in
        from sim.calibration.real.table import OWN, read

        groups = read(data or OWN)
        wanted = [name_in(name, [group.experiment for group in groups]) for name in names]
        self._groups = [group for group in groups if not wanted or group.experiment in wanted]
        self._found: list[Compared] = []

    def listing(self) -> list[tuple[str, str]]:
        """Return name, system and fault of each experiment."""
        return [(each.experiment, f"{each.system} {each.version}, {each.fault}") for each in self._groups]

    def rows(self, quick: bool, jobs: int | None) -> list[Any]:
        """Run everything and return its rows."""
        from sim.calibration.real.comparison import Compared, compare, pairs

        ready = pairs(self._groups, quick)
        total = sum(each.series.trials for each in ready if not isinstance(each, Compared))
        self._found = _all(total, lambda progress: compare(ready, jobs, progress))
        return list(self._found)

    def table(self, rows: list[Any]) -> str:
        """Return the rows as text."""
        from sim.cli.screen.calibration import compared

        return compared(rows, current_look())

    def draw(self, folder: Path) -> list[Path]:
        """Write the pictures."""
        from sim.calibration.pictures import draw_compared

        return draw_compared(self._found, folder)


def _all(total: int, start: Callable[[Callable[[int], None]], Generator[Any, None, None]]) -> list[Any]:
    """Run to the end under a progress bar; whatever happens, the workers are ended."""
    from sim.cli.pace import Pace

    pace = Pace(total)
    with pace, closing(start(lambda trials: pace.advance_by(trials, 0))) as run:
        return list(run)
