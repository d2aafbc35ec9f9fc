"""`baseline`: keep what scenarios come to in a small file, and fail when they came to be slower or unsafe."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import jsonout, say
from sim.cli.completion import complete_scenario
from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.cli.sweep import Names, Options, collect, prepare, split_names
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.sweep import Batch
    from sim.sweep.baseline import Collected, Outcome, Recorded

SEEDS = 400
SEEDS_MAX = 1_000_000


@click.group(short_help="Save what scenarios come to, and check that they got no worse.")
def baseline() -> None:
    """Keep statistics of scenarios in a small file under version control, and check them in CI.

    \b
    leadersim baseline save scenarios/mine -o baseline.json
    leadersim baseline check baseline.json --allow 10%
    """


@baseline.command(short_help="Run scenarios and write what they come to.")
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, shell_complete=complete_scenario)
@click.option(
    "--out", "-o", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Where to write it."
)
@click.option(
    "--seeds", type=click.IntRange(1, SEEDS_MAX), default=SEEDS, show_default=True,
    help="How many seeds, from 0 on.",
)  # fmt: skip
@click.option("--metrics", metavar="NAME,NAME...", callback=split_names, help="Keep these instead.")
@click.option("--protocols", metavar="NAME,NAME...", callback=split_names, help="Run with each of these.")
@click.option("--set", "overrides", metavar="K=V", multiple=True, help="Replace a value, as in run.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes at once; by default one per core.")
@color_option
def save(
    paths: tuple[str, ...],
    out: Path,
    seeds: int,
    metrics: Names,
    protocols: Names,
    overrides: tuple[str, ...],
    jobs: int | None,
) -> Exit:
    """Run scenarios under many seeds and write what they come to: a few lines for each, to be reviewed."""
    from sim.sweep import baseline as baselines

    names = metrics or baselines.DEFAULT_METRICS
    _check_metrics(names)
    plan, _ = prepare(paths, _options(range(seeds), protocols, overrides, jobs))
    found = baselines.collected(plan.cells, names)
    marks = baselines.looks(seeds)
    _, ending = collect(
        plan, None, _options(range(seeds), protocols, overrides, jobs),
        lambda batch: found[batch.cell.key].add(batch.rows, marks),
    )  # fmt: skip
    if ending.stopped:
        say(f"{ending.stopped}; {out} was not written")
        return ending.code
    baselines.write(out, [baselines.recorded(each, each.cell.source, overrides) for each in found.values()])
    for each in found.values():
        if each.not_passed:
            say(f"{each.cell.label}: {len(each.not_passed)} of {each.runs} seeds do not pass")
    say(f"wrote {out}: {len(found)} scenarios, {seeds} seeds each", prefix="")
    return Exit.PASS


def _check_metrics(names: Sequence[str]) -> None:
    from sim.metrics import METRICS

    unknown = next((name for name in names if name not in METRICS), None)
    if unknown is not None:
        raise UserError(f"unknown metric {unknown!r}; see leadersim metrics")


def _options(seeds: range, protocols: Names, overrides: tuple[str, ...], jobs: int | None) -> Options:
    return Options(seeds, (), protocols, overrides, None, jobs, None, False, False)


# Checking -----------------------------------------------------------------------------------------


class AllowedType(click.ParamType[float] if TYPE_CHECKING else click.ParamType):  # type: ignore[misc]
    """A share such as 10%."""

    name = "SHARE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it as a number from 0 on."""
        if isinstance(value, float):
            return value
        text = str(value)
        if not re.fullmatch(r"\d{1,4}(\.\d{1,4})?%", text, re.ASCII):
            self.fail(f"found {value!r}, expected a share such as 10%", param, ctx)
        return float(text.removesuffix("%")) / 100


@baseline.command(short_help="Run the scenarios of a baseline again and compare.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--allow", type=AllowedType(), default="10%", show_default=True,
    help="How much slower, dearer or longer out of service is not yet a failure.",
)  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1, SEEDS_MAX), help="At most so many; by default as in the file."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes at once; by default one per core.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@color_option
def check(file: Path, allow: float, seeds: int | None, jobs: int | None, as_json: bool) -> Exit:
    """Run the scenarios of a baseline under the same seeds; fail if one got worse, or does not pass any more.

    It stops as soon as the answer is clear: after 50 seeds where the runs are the very same ones, or where a
    change is far beyond what is allowed.
    """
    from sim.sweep import baseline as baselines

    before = baselines.read(file)
    gate = Gate(allow, jobs)
    outcomes = [gate.outcome(each, min(seeds or each.seeds, each.seeds)) for each in before]
    if as_json:
        sys.stdout.write(jsonout.listing([_as_dict(each) for each in outcomes]))
    else:
        sys.stdout.writelines(_told(each, allow) for each in outcomes)
    return Exit.FAIL if any(each.worse for each in outcomes) else Exit.PASS


@dataclass(frozen=True, slots=True)
class Gate:
    """How a baseline is checked."""

    allowed: float
    jobs: int | None

    def outcome(self, before: Recorded, seeds: int) -> Outcome:
        """Run a scenario until it is decided."""
        from sim.sweep import baseline as baselines

        marks = baselines.looks(seeds)
        level = 1 - baselines.ERROR / len(marks)
        for found in self._looks(before, marks):
            outcome = baselines.compare(before, found, self.allowed, level)
            if outcome.decided:
                break
        return outcome

    def _looks(self, before: Recorded, marks: list[int]) -> Iterator[Collected]:
        from sim.sweep import baseline as baselines

        protocols = Names([before.protocol])
        done, found = 0, None
        for upto in marks:
            options = _options(range(done, upto), protocols, before.overrides, self.jobs)
            plan, _ = prepare((before.source,), options)
            if found is None:
                (found,) = baselines.collected(plan.cells, list(before.metrics)).values()
                if baselines.text_digest(found.cell.text) != before.text_digest:
                    say(f"{before.source} is no longer the file of the baseline; save it again if so meant")
            self._run(plan, options, found, marks)
            done = upto
            yield found

    def _run(self, plan: Any, options: Options, found: Collected, marks: list[int]) -> None:
        def add(batch: Batch) -> None:
            found.add(batch.rows, marks)

        _, ending = collect(plan, None, options, add)
        if ending.stopped:
            raise KeyboardInterrupt if ending.code is Exit.INTERRUPTED else UserError(ending.stopped)


def _told(outcome: Outcome, allowed: float) -> str:
    before = outcome.before
    name = f"{before.scenario} {before.protocol}"
    if outcome.same and not outcome.fallen:
        return f"ok    {name}: the very same runs, {outcome.seeds} seeds\n"
    lines = [f"{'WORSE' if outcome.worse else 'ok   '} {name}: {outcome.seeds} seeds"]
    words = {"worse": f"worse, allowed {allowed:+.0%}", "open": "not decided", "better": "better"}
    lines += [
        f"        {each} ({words.get(each.decision, 'within what is allowed')})" for each in outcome.changes
    ]
    for seed, why in list(outcome.fallen.items())[:3]:
        lines.append(f"        seed {seed} passed before and does not now: {why}")
        lines.append(f"          replay: {_replay(before, seed)}")
    return "\n".join(lines) + "\n"


def _replay(before: Recorded, seed: int) -> str:
    flags = ["--protocol", before.protocol, *(part for each in before.overrides for part in ("--set", each))]
    return shlex.join(["leadersim", "run", before.source, "--seed", str(seed), *flags])


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    before = outcome.before
    return {
        "scenario": before.scenario,
        "protocol": before.protocol,
        "seeds": outcome.seeds,
        "verdict": "worse" if outcome.worse else "same" if outcome.same else "ok",
        "changes": [
            {
                "metric": each.metric,
                "before": each.before,
                "after": each.after,
                "change": each.change,
                "interval": [each.change - each.half, each.change + each.half],
                "decision": each.decision,
            }
            for each in outcome.changes
        ],
        "fallen": [
            {"seed": seed, "reason": why, "replay": _replay(before, seed)}
            for seed, why in outcome.fallen.items()
        ],
    }
