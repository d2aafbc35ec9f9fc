"""`run`: scenarios under seeds, on screen or as JSON."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import engine, github, jsonout, say
from sim.cli.arguments import SeedsType, SeedType
from sim.cli.completion import complete_protocol, complete_scenario
from sim.cli.console import color_option, current_look
from sim.cli.exits import Exit
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.cli.campaign import Job, Ledger, Settings, Show
    from sim.cli.junit import JUnit
    from sim.result import Result
    from sim.scenario import Scenario
    from sim.trace import Level

TRACE_LEVELS = ("off", "digest", "summary", "full")


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of `run`, as given."""

    seed: int | None
    seeds: range | None
    protocol: str | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool
    trace: Level
    quiet: bool
    verify: bool
    junit: Path | None

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that change what happens, apart from the seed."""
        protocol = ("--protocol", self.protocol) if self.protocol else ()
        return (*protocol, *(part for each in self.overrides for part in ("--set", each)))


@click.command(short_help="Run scenarios, under one seed or many.")
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, shell_complete=complete_scenario)
@click.option("--seed", type=SeedType(), help="Run with this seed instead of the scenario's own.")
@click.option("--seeds", type=SeedsType(), help="Run once with each seed from A to B, both included.")
@click.option(
    "--protocol", metavar="NAME", shell_complete=complete_protocol, help="Run this protocol instead."
)
@click.option(
    "--set", "overrides", metavar="K=V", multiple=True,
    help="Replace a value of the scenario: --set network.loss=5%. May be repeated.",
)  # fmt: skip
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path),
    help="Write the result and the trace there; of several runs, each to a directory of its own.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run, each on one line.")
@click.option(
    "--trace", type=click.Choice(TRACE_LEVELS), default="digest", show_default=True,
    help="How much to keep for --out; changes nothing in what happens. Off also checks no invariants.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print only the runs that did not pass, one line each.")
@click.option(
    "--verify-determinism", "verify", is_flag=True, help="Also run each twice and compare the traces."
)
@click.option(
    "--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML there, for CI."
)
@color_option
def run(paths: tuple[str, ...], **flags: Any) -> Exit:
    """Run scenarios: files, directories, or names of those that come with leadersim.

    One run is shown with all that happened; of several, each gets a line.
    """
    from sim.cli import campaign

    options = Options(**flags)
    if options.seed is not None and options.seeds is not None:
        raise click.UsageError("--seed and --seeds exclude each other", click.get_current_context())
    files = engine.find(paths)
    scenarios = engine.load_all(files, options.overrides, options.protocol)
    seeds = options.seeds or (() if options.seed is None else (options.seed,))
    planned = len(scenarios) * max(1, len(seeds))
    settings = campaign.Settings(
        options.trace,
        _folders(options.out, scenarios, planned),
        options.verify,
        options.quiet,
        _junit(options.junit),
        github.wanted(),
    )
    _say_what_is_left_out(scenarios, options)
    show = _show(options, scenarios, seeds, planned)
    ledger = campaign.conduct(campaign.jobs(files, scenarios, seeds, options.flags), planned, settings, show)
    _close(ledger, options, settings)
    return ledger.code


def _folders(out: Path | None, scenarios: Sequence[Scenario], planned: int) -> Callable[[Job], Path] | None:
    """Return where the files of a job go; refuse before anything runs what cannot be written."""
    if out is None:
        return None
    names = [scenario.name for scenario in scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"--out {out}: two scenarios are named {twice}, and would overwrite each other's files"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f"--out {out}: cannot be written: {error.strerror or error}") from None
    if planned == 1:
        return lambda job: out
    return lambda job: out / f"{job.scenario.name}-{job.scenario.protocol.name}-{job.seed}"


def _junit(path: Path | None) -> JUnit | None:
    """Return what collects the runs for CI; refuse before anything runs a file that cannot be written."""
    if path is None:
        return None
    from sim.cli.junit import JUnit

    suite = JUnit(path)
    suite.write()
    return suite


def _say_what_is_left_out(scenarios: Sequence[Scenario], options: Options) -> None:
    left_out = dict.fromkeys(name for scenario in scenarios for name in scenario.dropped)
    if left_out and not options.quiet:
        say(f"{options.protocol} has no parameter {', '.join(left_out)}; left out")


def _show(options: Options, scenarios: Sequence[Scenario], seeds: Sequence[int], planned: int) -> Show:
    """Return how to print a run."""
    if options.as_json:
        return _as_json
    if planned == 1 and not options.quiet:
        return _as_report
    from sim.cli.screen.summary import Widths

    widths = Widths(
        max(len(scenario.name) for scenario in scenarios),
        max(len(scenario.protocol.name) for scenario in scenarios),
        max(
            len(str(seed)) for seed in (*seeds[-1:], *(scenario.seed for scenario in scenarios if not seeds))
        ),
    )
    return _as_line(widths, options.quiet)


def _as_json(result: Result, job: Job) -> str:
    if result.verdict.status != "pass":
        say(f"replay: {job.replay}", prefix="")
    return jsonout.result_line(result)


def _as_report(result: Result, job: Job) -> str:
    # Imported here: rich takes a tenth of a second, and only this needs it.
    from sim.cli.screen.report import report

    return report(result, current_look(), job.replay)


def _as_line(widths: Any, quiet: bool) -> Show:
    from sim.cli.screen import summary

    look = current_look()

    def show(result: Result, job: Job) -> str:
        verdict = result.verdict
        if verdict.status == "pass":
            return "" if quiet else summary.line(result, widths, look)
        reason = f"  {verdict.reasons[0]}\n" if verdict.reasons else ""
        return f"{summary.line(result, widths, look)}{reason}  replay: {job.replay}\n"

    return show


def _close(ledger: Ledger, options: Options, settings: Settings) -> None:
    """Say how it all ended, as far as that was not said by the runs themselves."""
    from sim.cli.screen.summary import closing

    if settings.junit is not None:
        settings.junit.write()
    if ledger.stopped:
        say(ledger.stopped)
    if options.out is not None and ledger.done > ledger.counts["crashed"] and not options.quiet:
        where = _where(options.out, ledger.planned)
        say(f"wrote result.json, trace.jsonl, trace.parquet: {where}", prefix="")
    silent = options.as_json or options.quiet or ledger.unread
    if ledger.planned > 1 and not silent:
        sys.stdout.write(closing(ledger.counts, ledger.planned))


def _where(out: Path, planned: int) -> str:
    return f"{out}/" if planned == 1 else f"{out}/*/"
