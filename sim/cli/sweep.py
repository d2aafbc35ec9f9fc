"""`sweep`: every combination of scenarios, protocols and values, under the same seeds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import jsonout, say
from sim.cli.arguments import SeedsType
from sim.cli.completion import complete_scenario
from sim.cli.console import color_option, current_look
from sim.cli.exits import OF_STATUS, Exit, worst
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.sweep import Batch, Campaign
    from sim.sweep.cells import Refused
    from sim.sweep.store import Store
    from sim.sweep.summary import CellSummary

Summaries = dict[tuple[str, ...], "CellSummary"]


class SeedsOrCountType(SeedsType):
    """Seeds from one to another, or how many, counted from 0."""

    name = "N|A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """Return the seeds in order, or refuse them."""
        if not re.fullmatch("[0-9]{1,12}", str(value)):
            return super().convert(value, param, ctx)
        if not int(str(value)):
            self.fail("found 0, expected at least one seed", param, ctx)
        return range(int(str(value)))


class Names(tuple[str, ...]):
    """Names that stood in one argument, separated by commas."""


def split_names(context: click.Context, parameter: click.Parameter, value: str | None) -> Names:
    """Return the names in `a,b`, or refuse an empty one."""
    names = Names(part.strip() for part in value.split(",")) if value is not None else Names()
    if "" in names or len(set(names)) < len(names):
        raise click.BadParameter(f"found {value!r}, expected names such as raft,lease, each once")
    return names


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of `sweep` and `compare`, as given."""

    seeds: range
    vary: tuple[str, ...]
    protocols: Names
    overrides: tuple[str, ...]
    out: Path | None
    jobs: int | None
    scheduler: str | None
    resume: bool
    as_json: bool


def sweep_options(command: Any) -> Any:
    """Add the flags that say what is swept, where it runs, and where it goes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, shell_complete=complete_scenario),
    click.option(
        "--seeds", type=SeedsOrCountType(), default="100", show_default=True,
        help="The seeds of every combination: how many, from 0 on, or from A to B, both included.",
    ),
    click.option(
        "--vary", metavar="PATH=V,V...", multiple=True,
        help="Run with each of these values: --vary network.loss=0%,5%. May be repeated.",
    ),
    click.option("--protocols", metavar="NAME,NAME...", callback=split_names, help="Run with each of these."),
    click.option("--set", "overrides", metavar="K=V", multiple=True, help="Replace a value, as in run."),
    click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Leave all rows there."),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes at once; by default one per core."),
    click.option("--scheduler", metavar="ADDRESS|FILE", help="Run on this Dask cluster instead."),
    click.option("--resume", is_flag=True, help="Run only what is missing in --out."),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object."),
    color_option,
)  # fmt: skip


@click.command(short_help="Run every combination of scenarios, protocols and values.")
@sweep_options
def sweep(paths: tuple[str, ...], **flags: Any) -> Exit:
    """Run scenarios with each protocol and each of the varied values, all under the same seeds.

    \b
    leadersim sweep leader-crash --seeds 1000 --vary network.loss=0%,1%,5% --out losses
    """
    options = Options(**flags)
    plan, store = prepare(paths, options)
    found, ending = collect(plan, store, options)
    if options.as_json:
        sys.stdout.write(jsonout.listing(as_dict(plan, found, ending, options)))
    elif any(each.runs for each in found.values()):
        # Imported here: rich takes a tenth of a second.
        from sim.cli.screen.cells import table

        sys.stdout.write(table(list(found.values()), current_look()))
    close(found, ending, options)
    return ending.code


def prepare(
    paths: tuple[str, ...], options: Options, refused: list[Refused] | None = None
) -> tuple[Campaign, Store | None]:
    """Return what is to be run and where it goes; everything that is wrong with it is said before.

    With a list `refused`, combinations that the scenario does not allow go there instead.
    """
    from sim.sweep import plan as make
    from sim.sweep import split_vary

    vary: dict[str, tuple[str, ...]] = {}
    for path, values in map(split_vary, options.vary):
        if path in vary:
            raise UserError(f"--vary {path}: given twice; list all its values in one")
        vary[path] = values
    if options.resume and options.out is None:
        raise UserError("--resume needs the directory that is to be completed: --out DIR")
    plan = make(
        paths,
        seeds=options.seeds,
        vary=vary,
        protocols=options.protocols,
        overrides=options.overrides,
        refused=refused,
    )
    return plan, None if options.out is None else plan.store(options.out, options.resume)


@dataclass(slots=True)
class Ending:
    """How it ended; `stopped` says why not everything was run."""

    code: Exit = Exit.PASS
    stopped: str = ""

    def note(self, code: Exit, stopped: str = "") -> None:
        """Let the worst code win."""
        self.code, self.stopped = worst((self.code, code)), stopped or self.stopped


def collect(
    plan: Campaign, store: Store | None, options: Options, more: Any = None
) -> tuple[Summaries, Ending]:
    """Run everything; return a summary of each cell, and how it ended. `more` gets every batch too."""
    from sim.cli.pace import Pace
    from sim.sweep import SweepLost, conduct, on_dask
    from sim.sweep.summary import summaries

    found, ending = summaries(plan.cells), Ending()
    done = sum(span.length for span in store.spans()) if store is not None else 0
    remote = None if options.scheduler is None else on_dask(options.scheduler)
    with (
        Pace(plan.planned - done) as pace,
        closing(_generator(conduct(plan, store, options.jobs, remote))) as run,
    ):
        try:
            for batch in run:
                _take(batch, found[batch.cell.key], ending, pace)
                if more is not None:
                    more(batch)
        except KeyboardInterrupt:
            ending.note(Exit.INTERRUPTED, "interrupted")
        except SweepLost as lost:
            ending.note(Exit.INCOMPLETE, str(lost))
        except UserError as error:
            ending.note(Exit.BAD_INPUT, str(error))
    return found, ending


def _generator(batches: Iterator[Batch]) -> Any:
    """`conduct` is a generator, which ends its workers when it is closed."""
    return batches


def _take(batch: Batch, summary: CellSummary, ending: Ending, pace: Any) -> None:
    before = summary.verdicts.copy()
    summary.add(batch.rows)
    new = summary.verdicts - before
    for verdict in new:
        ending.note(OF_STATUS.get(verdict, Exit.OUR_BUG))
    if batch.fresh:
        pace.advance_by(new.total(), new.total() - new["pass"])


def as_dict(plan: Campaign, found: Summaries, ending: Ending, options: Options) -> dict[str, Any]:
    """Return the summary as `--json` prints it."""
    return {
        **plan.identity["arguments"],
        "leadersim": plan.identity["leadersim"],
        "planned": plan.planned,
        "runs": sum(each.runs for each in found.values()),
        "stopped": ending.stopped or None,
        "out": None if options.out is None else str(options.out),
        "cells": [each.as_dict() for each in found.values()],
    }


def close(found: Summaries, ending: Ending, options: Options) -> None:
    """Say on stderr what is left to say: runs to look at, what was not run, where the rows are."""
    for each in found.values():
        for bad in each.bad[:3]:
            lines = bad.reason.splitlines() or [""]
            say(f"{bad.verdict}: {each.cell.label}, seed {bad.seed}: {lines[-1]}", prefix="")
            say(f"  replay: {bad.replay}", prefix="")
        others = each.runs - each.verdicts["pass"] - len(each.bad[:3])
        if others > 0:
            say(f"  and {others} more of {each.cell.label} that did not pass", prefix="")
    if ending.stopped:
        say(ending.stopped)
        if options.out is not None:
            say("what is finished is kept: the same command with --resume goes on", prefix="")
    if options.out is not None:
        say(f"rows: {options.out}/runs/ elections/ incidents/ leaderships/ outages/ (Parquet)", prefix="")
