"""Annotations where GitHub Actions runs this: a failure is shown at its line of the scenario file.

Source: GitHub Docs, "Workflow commands for GitHub Actions", setting an error message.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.cli.campaign import Job
    from sim.errors import Problem
    from sim.result import Result


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this runs in GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def of_run(job: Job, result: Result) -> str:
    """Return the annotation of a run that did not pass, at the first expectation that does not hold."""
    verdict = result.verdict
    lines = [outcome.condition.line for outcome in (*verdict.expectations, *verdict.reach) if not outcome.ok]
    reason = verdict.reasons[0] if verdict.reasons else verdict.status
    title = f"{job.scenario.name}, {result.protocol}, seed {job.seed}: {verdict.status}"
    return command(str(job.path), next(filter(None, lines), 1), 1, title, f"{reason}\nreplay: {job.replay}")


def of_problem(problem: Problem) -> str:
    """Return the annotation of a mistake in a scenario file."""
    where = f"{problem.path}: " if problem.path else ""
    return command(
        problem.file, problem.line, problem.column, "scenario is not valid", where + problem.message
    )


def command(file: str, line: int, column: int, title: str, message: str) -> str:
    """Return one workflow command; values are escaped as the runner unescapes them."""
    values = {"file": file, "line": str(line), "col": str(column), "title": title}
    written = ",".join(f"{name}={_property(value)}" for name, value in values.items())
    return f"::error {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def show(line: str) -> None:
    """Print a workflow command, on stderr: data goes to stdout."""
    print(line, file=sys.stderr, flush=True)
