"""The measured table: rows of trials, in groups of one system, fault and settings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.errors import UserError

OWN = Path(__file__).with_name("failover.csv")
"""The table that comes with leadersim."""

KEYS = ("system", "version", "experiment", "members", "fault", "settings")
"""Columns that the trials of a group have in common."""

Trial = Mapping[str, str]
"""One row: column -> text, "" where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Group:
    """Trials of one experiment. `settings` has the `name=value` pairs of the column of that name."""

    system: str
    version: str
    experiment: str
    members: int
    fault: str
    settings: Mapping[str, str]
    trials: tuple[Trial, ...]


def read(path: Path) -> list[Group]:
    """Return the groups of a table, in the order of their first rows.

    Raises:
        UserError: there is no such file, it is no table, a column is missing, or a row is wrong.
    """
    found: dict[tuple[str, ...], list[Trial]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            _check_header(path, rows.fieldnames or ())
            for row in rows:
                _check_row(path, rows.line_num, row)
                found.setdefault(tuple(row[key] for key in KEYS), []).append(row)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: no table of comma-separated values: {error}") from None
    if not found:
        raise UserError(f"{path}: found no trials, expected one a row")
    return [_group(key, tuple(trials)) for key, trials in found.items()]


def _check_header(path: Path, names: object) -> None:
    missing = [key for key in KEYS if key not in tuple(names)]  # type: ignore[arg-type]
    if missing:
        raise UserError(f"{path}:1: found no column {', '.join(missing)}, expected {', '.join(KEYS)}")


def _check_row(path: Path, line: int, row: Mapping[str | None, object]) -> None:
    if None in row or None in row.values():
        raise UserError(f"{path}:{line}: found another number of columns than in the first line")
    members = str(row["members"])
    if not members.isdecimal() or not 1 <= int(members) <= 1000:
        raise UserError(f"{path}:{line}: members: found '{members}', expected a number of servers")
    for name, value in row.items():
        if str(name).endswith("_ms") and value and not _is_number(str(value)):
            raise UserError(f"{path}:{line}: {name}: found '{value}', expected milliseconds")


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e12
    except ValueError:
        return False


def _group(key: tuple[str, ...], trials: tuple[Trial, ...]) -> Group:
    system, version, experiment, members, fault, settings = key
    pairs = (pair.partition("=") for pair in settings.split())
    return Group(
        system, version, experiment, int(members), fault, {name: value for name, _, value in pairs}, trials
    )


def column(name: str, trial: Trial) -> float | None:
    """Return what a trial measured, in ms; None if it did not."""
    text = trial.get(name, "")
    return float(text) if text else None
