"""Putting a report together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from analysis.report.sections import of_run
from analysis.rundata import RunData

MOST_RUNS = 12
"""So many runs get a section of their own; more are summed up."""


def report(runs: Sequence[RunData], sweeps: Sequence[Any] = ()) -> str:
    """Return the HTML of a report on runs in memory or from files, and on the directories of sweeps.

    With several runs a summary comes first. Of more than `MOST_RUNS`, those that did not pass are shown
    rather than others. Everything that comes from scenario or trace is escaped.
    """
    from analysis.report.summary import of_many

    many = [of_many(sweep) for sweep in sweeps]
    if len(runs) > 1:
        many.insert(0, of_many(list(runs)))
    first = sorted(range(len(runs)), key=lambda number: _passed(runs[number]))[:MOST_RUNS]
    chosen = [runs[number] for number in sorted(first)]
    sections = [of_run(run, number) for number, run in enumerate(chosen)]
    return render(
        "report.html",
        title=sections[0]["name"] if len(sections) == 1 else "leadersim report",
        runs=sections,
        left_out=len(runs) - len(chosen),
        many=many,
        style=_text("report.css"),
        script=_text("timeline.js"),
    )


def _passed(run: RunData) -> bool:
    verdict: Any = getattr(run, "verdict", None)
    told: Any = getattr(run, "told", {})
    return bool(getattr(verdict, "status", told.get("verdict")) == "pass")


def render(template: str, **values: Any) -> str:
    """Return a template of this package, filled in; values are escaped unless it says otherwise."""
    found: str = _environment().get_template(template).render(**values)
    return found


@cache
def _environment() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    # Said outright: Jinja's default is not to escape.
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_text),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(name: str) -> str:
    return (files("analysis.report") / name).read_text("utf-8")
