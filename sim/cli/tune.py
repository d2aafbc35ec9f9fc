"""`tune`: try settings, and say which are safe and which of those is best."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sim.cli import jsonout, say
from sim.cli.console import current_look
from sim.cli.exits import Exit
from sim.cli.sweep import Options, collect, prepare, sweep_options
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.conditions import Condition
    from sim.sweep.cells import Refused
    from sim.sweep.tuning import Goal, Judged


@click.command(short_help="Find the best setting that is safe.")
@click.option("--minimise", "--minimize", "small", metavar="METRIC", help="What should be small.")
@click.option("--maximise", "--maximize", "large", metavar="METRIC", help="What should be large.")
@click.option(
    "--subject-to", "constraints", metavar="CONDITION", multiple=True,
    help='What a setting must keep to be safe: "availability.client >= 99%". May be repeated.',
)  # fmt: skip
@sweep_options
def tune(
    paths: tuple[str, ...], small: str | None, large: str | None, constraints: tuple[str, ...], **flags: Any
) -> Exit:
    """Run a scenario with every combination of the varied values, and pick the best that is safe.

    \b
    leadersim tune leader-crash --vary "protocol.election_timeout=[100ms,200ms],[150ms,300ms]" \\
        --minimise election_time.service.p99 --subject-to "leader_changes.unforced == 0"

    Election times are those of all runs together, counts are added up, the longest of something is the
    longest of any run, and the rest is averaged. Safe: every condition holds over its whole 95 % interval.
    """
    options = Options(**flags)
    goal = _goal(small, large, constraints)
    if len(paths) != 1:
        raise click.UsageError("expected one scenario", click.get_current_context())
    if not options.vary:
        raise click.UsageError("expected what to try: --vary PATH=V,V...", click.get_current_context())
    refused: list[Refused] = []
    plan, store = prepare(paths, options, refused)
    if len({cell.scenario for cell in plan.cells}) > 1:
        raise UserError(f"{paths[0]}: expected one scenario, found several")
    return _tune(plan, store, options, goal, refused)


def _goal(small: str | None, large: str | None, constraints: tuple[str, ...]) -> Goal:
    from sim.metrics import METRICS
    from sim.sweep.tuning import Goal

    if (small is None) == (large is None):
        raise click.UsageError("expected one of --minimise and --maximise", click.get_current_context())
    metric = small or large or ""
    if metric not in METRICS:
        from difflib import get_close_matches

        near = get_close_matches(metric, METRICS, 1)
        hint = f"did you mean {near[0]}?" if near else "see leadersim metrics"
        raise UserError(f"unknown metric {metric!r}; {hint}")
    return Goal(metric, large is not None, tuple(each for text in constraints for each in _conditions(text)))


def _conditions(text: str) -> tuple[Condition, ...]:
    from sim.scenario.expectations import conditions

    try:
        return conditions(text)
    except ValueError as error:
        raise UserError(f'--subject-to "{text}": {error}') from None


def _tune(plan: Any, store: Any, options: Options, goal: Goal, refused: list[Refused]) -> Exit:
    from sim.sweep.tuning import best, judge, settings

    tried = settings(plan.cells, refused, goal)
    by_cell = {each.cell.key: each for each in tried if each.cell is not None}
    _, ending = collect(plan, store, options, lambda batch: by_cell[batch.cell.key].add(batch.rows))
    judged = [judge(each, goal) for each in tried]
    chosen = None if ending.stopped else best(judged, goal)
    if options.as_json:
        sys.stdout.write(jsonout.listing(_as_dict(judged, chosen, goal, plan, ending.stopped)))
    else:
        # Imported here: rich takes a tenth of a second.
        from sim.cli.screen.tuning import report

        sys.stdout.write(report(judged, chosen, goal, current_look()))
    if ending.stopped:
        say(ending.stopped)
    return _code(judged, chosen, ending.code)


def _code(judged: list[Judged], chosen: Judged | None, ended: Exit) -> Exit:
    """Return 0 if a safe setting was found, 3 if more seeds might find one, 1 otherwise.

    That runs of a setting fail what the scenario expects is no failure of the search, but a bug is.
    """
    if ended in (Exit.OUR_BUG, Exit.INTERRUPTED, Exit.BAD_INPUT, Exit.INCOMPLETE):
        return ended
    if chosen is not None:
        return Exit.PASS
    return Exit.INCONCLUSIVE if any(each.safety == "unsure" for each in judged) else Exit.FAIL


def _as_dict(
    judged: list[Judged], chosen: Judged | None, goal: Goal, plan: Any, stopped: str
) -> dict[str, Any]:
    from sim.sweep.tuning import as_dict, edges

    made: dict[str, Any] = {
        **plan.identity["arguments"],
        "objective": goal.metric,
        "direction": "maximise" if goal.maximise else "minimise",
        "subject_to": [f"{each.metric} {each.text}" for each in goal.constraints],
        "stopped": stopped or None,
        "settings": [as_dict(each, goal) for each in judged],
        "best": None,
    }
    if chosen is not None:
        made["best"] = as_dict(chosen, goal) | {
            "edges": [
                {
                    "path": each.path,
                    "value": each.value,
                    "unsafe_at": each.unsafe_at,
                    "margin_ms": None if each.margin_ns is None else each.margin_ns / 1e6,
                }
                for each in edges(chosen, judged)
            ]
        }
    return made
