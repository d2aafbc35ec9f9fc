"""`history`: recorded histories of real or simulated systems."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.errors import UserError

if TYPE_CHECKING:
    from analysis.linearizability import Check, Conventions, History
    from analysis.linearizability.reading import Line

DEFAULT_BUDGET = "60s"
DEFAULT_CONFIGURATIONS = 3_000_000


@click.group(short_help="Check recorded histories.")
@color_option
def history() -> None:
    """Recorded histories of client operations, of whatever system."""


@history.command(short_help="Say whether histories are linearizable.")
@click.argument("path", metavar="FILE.jsonl", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print an object per line: id, verdict, seconds.")
@click.option(
    "--budget",
    metavar="TIME",
    default=DEFAULT_BUDGET,
    show_default=True,
    help="Per history; when it runs out, the verdict is unknown.",
)
@click.option(
    "--configurations",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT_CONFIGURATIONS,
    show_default=True,
    help="Keep so many in memory at most, of about 300 bytes; after that, the verdict is unknown.",
)
@click.option("--model", metavar="M", help="register, cas-register, kv-append, mutex or set, for all lines.")
@click.option(
    "--conventions",
    metavar="C",
    default="porcupine",
    show_default=True,
    help="porcupine, knossos, or any of failed=observed|dropped, nil-reads=absence|legal, "
    "unknown=open|interval, initial=JSON, separated by commas.",
)
@click.option("--explain", is_flag=True, help="Draw on stderr where each history stops being linearizable.")
@color_option
def check(
    path: Path,
    as_json: bool,
    budget: str,
    configurations: int,
    model: str | None,
    conventions: str,
    explain: bool,
) -> Exit:
    """Say of each history in a file, one a line, whether it is linearizable: `linearizable`, `not`, or
    `unknown` if the budget ran out.

    Exit codes: 1 if a verdict contradicts what the line itself says under `linearizable`; otherwise 3 if
    one is unknown; otherwise 0.
    """
    from analysis.linearizability import HistoryError, conventions_from

    budget_s = _seconds(budget)
    try:
        chosen = conventions_from(conventions)
        lines = _read(path, model, chosen)
    except HistoryError as error:
        raise UserError(str(error)) from None
    printed = _Printed(as_json, lines)
    codes = []
    for line in lines:
        found, seconds = _check(line.history, chosen, budget_s, configurations)
        printed.add(line.history, found, seconds)
        if explain and found.stuck is not None:
            _explain(line.history, found)
        codes.append(_code(line.history, found))
    return max(codes, key=(Exit.PASS, Exit.INCONCLUSIVE, Exit.FAIL).index, default=Exit.PASS)


def _seconds(budget: str) -> float:
    from sim.scenario.units import positive_duration

    try:
        length_ns = positive_duration(budget)
    except ValueError as error:
        raise UserError(f"--budget: {error}") from None
    return length_ns / 1e9


def _read(path: Path, model: str | None, conventions: Conventions) -> list[Line]:
    from analysis.linearizability import read_histories

    try:
        with path.open(encoding="utf-8") as file:
            return read_histories(file, str(path), model, conventions)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None


def _check(
    history: History, conventions: Conventions, budget_s: float, configurations: int
) -> tuple[Check, float]:
    from analysis.linearizability import Budget
    from analysis.linearizability import check as check_history

    started = time.monotonic()
    found = check_history(history, conventions, Budget(configurations, budget_s, time.monotonic))
    return found, time.monotonic() - started


def _code(history: History, found: Check) -> Exit:
    if found.verdict == "unknown":
        return Exit.INCONCLUSIVE
    claimed = history.linearizable
    contradicts = claimed is not None and claimed != (found.verdict == "linearizable")
    return Exit.FAIL if contradicts else Exit.PASS


def _explain(history: History, found: Check) -> None:
    from analysis.linearizability import draw

    if found.stuck is not None:
        sys.stdout.flush()
        sys.stderr.write(f"{history.id}: {draw(found.stuck)}\n")


class _Printed:
    """Prints a verdict as soon as it is there: a table for people, or a line of JSON."""

    def __init__(self, as_json: bool, lines: list[Line]) -> None:
        self._as_json = as_json
        self._width = max((len(line.history.id) for line in lines), default=2)
        if not as_json:
            self._row("id", "verdict", "seconds", "")

    def add(self, history: History, found: Check, seconds: float) -> None:
        """Print the verdict on one history."""
        if self._as_json:
            import json

            line = {"id": history.id, "verdict": found.verdict, "seconds": round(seconds, 6)}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
        else:
            self._row(history.id, found.verdict, f"{seconds:.3f}", _remark(history, found))

    def _row(self, name: str, verdict: str, seconds: str, remark: str) -> None:
        row = f"{name:<{self._width}}  {verdict:<12}  {seconds:>8}  {remark}"
        sys.stdout.write(row.rstrip() + "\n")
        sys.stdout.flush()


def _remark(history: History, found: Check) -> str:
    if found.verdict == "unknown":
        return f"out of {found.reason}"
    if _code(history, found) is Exit.FAIL:
        return f"the file says {'linearizable' if history.linearizable else 'not'}"
    return ""
