"""`check` and `schema`: scenario files without running them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sim.cli import engine, jsonout
from sim.cli.completion import complete_protocol, complete_scenario
from sim.cli.console import color_option
from sim.cli.exits import Exit
from sim.errors import Problem, ScenarioError


@click.command(short_help="Validate scenarios without running them.")
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, shell_complete=complete_scenario)
@click.option(
    "--protocol", metavar="NAME", shell_complete=complete_protocol, help="Check with this protocol."
)
@click.option("--set", "overrides", metavar="K=V", multiple=True, help="Replace a value, as in run.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects: file, ok, problems.")
@color_option
def check(paths: tuple[str, ...], protocol: str | None, overrides: tuple[str, ...], as_json: bool) -> Exit:
    """Validate scenarios without running them: `FILE: ok` for each, or what is wrong with it, and where."""
    found = {path: _problems(path, overrides, protocol) for path in engine.find(paths)}
    if as_json:
        listed = [_as_dict(path, problems) for path, problems in found.items()]
        sys.stdout.write(jsonout.listing(listed))
    else:
        sys.stdout.writelines(f"{path}: ok\n" for path, problems in found.items() if not problems)
        sys.stdout.flush()
        wrong = dict.fromkeys(problem for problems in found.values() for problem in problems)
        sys.stderr.writelines(f"{problem}\n" for problem in wrong)
    return Exit.BAD_INPUT if any(found.values()) else Exit.PASS


@click.command(short_help="Print the JSON Schema of scenario files.")
@color_option
def schema() -> None:
    """Print the JSON Schema of scenario files, with which editors complete and check them."""
    sys.stdout.write(jsonout.listing(engine.schema()))


def _problems(path: Path, overrides: tuple[str, ...], protocol: str | None) -> list[Problem]:
    try:
        engine.load(path, overrides, protocol)
    except ScenarioError as error:
        return error.problems
    return []


def _as_dict(path: Path, problems: list[Problem]) -> dict[str, object]:
    listed = [
        {
            "file": each.file,
            "line": each.line,
            "column": each.column,
            "path": each.path,
            "message": each.message,
        }
        for each in problems
    ]
    return {"file": str(path), "ok": not problems, "problems": listed}
