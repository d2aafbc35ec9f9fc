"""What tables are made from: runs in memory, their files, and the directories of sweeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.columns import KEY, TABLES
from analysis.frames import one, sweeps
from analysis.frames.one import series
from analysis.recorded import Recorded, read_run
from analysis.rundata import RunData
from analysis.world import started
from sim.errors import UserError

Source = RunData | str | Path | pd.DataFrame | Iterable[Any]
"""A result, a path (trace file, directory of one run, of several, or of a sweep), or several of these.

A data frame is taken to be the table that is asked for already.
"""

_NOT_IN_SWEEPS = {"damage": "digest", "operations": "summary", "messages": "full", "events": "digest"}
_NEEDS = {"operations": ("summary", "full"), "messages": ("full",)}


def read(path: str | Path, leave_out: Collection[str] = ()) -> Recorded | list[Recorded]:
    """Return the run of a trace file or directory; of a directory of several runs, a list of them.

    `leave_out` names kinds of records ("noted") that are not wanted: most of a full trace, and of the time.

    Raises:
        TraceError: naming file and record, if there is no run, or it is damaged, truncated or newer.
    """
    path = Path(path)
    folders = run_folders(path)
    if folders is None:
        return read_run(path, leave_out)
    return [read_run(folder, leave_out) for folder in folders]


def run_folders(path: Path) -> list[Path] | None:
    """Return the directories of runs in a directory, sorted; None if it is not one of several runs."""
    if not path.is_dir() or any(path.glob("trace.*")):
        return None
    return sorted(result.parent for result in path.glob("*/result.json")) or None


def runs_in(source: Any) -> Iterator[RunData]:
    """Yield the runs of a source one by one, reading files only when their turn comes.

    Raises:
        UserError: it is a sweep, which keeps tables and no runs.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        if sweeps.is_sweep(path):
            raise UserError(f"{path}: a sweep keeps no records of its runs; run one of its seeds again")
        for folder in run_folders(path) or [path]:
            yield read_run(folder)
    elif isinstance(source, pd.DataFrame):
        raise UserError("a table has no records of runs; expected results or paths")
    elif hasattr(source, "records"):
        yield source
    elif isinstance(source, Iterable):
        for each in source:
            yield from runs_in(each)
    else:
        raise UserError(f"expected a result, a path or several of them, found {type(source).__name__}")


def table(source: Source, name: str) -> pd.DataFrame:
    """Return one table of everything in a source, with scenario, protocol and seed before its columns."""
    if isinstance(source, pd.DataFrame):
        return source
    parts = [part for part in _parts(source, name) if len(part)]
    if not parts:
        return empty(name)
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def empty(name: str) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame({column: series([], kind) for column, kind in (KEY | TABLES.get(name, {})).items()})


def _parts(source: Source, name: str) -> Iterator[pd.DataFrame]:
    if isinstance(source, str | Path) and sweeps.is_sweep(Path(source)):
        if name in _NOT_IN_SWEEPS:
            raise UserError(
                f"{source}: a sweep keeps no {name}; run one of its seeds with --trace {_NOT_IN_SWEEPS[name]}"
            )
        yield sweeps.table(Path(source), name)
    elif isinstance(source, Sequence) and not isinstance(source, str):
        for each in source:
            yield from _parts(each, name)
    else:
        for run in runs_in(source):
            yield _keyed(run, name)


def _keyed(run: RunData, name: str) -> pd.DataFrame:
    level = getattr(run, "level", "")
    if level and level not in _NEEDS.get(name, (level,)):
        raise UserError(f"{name} are kept at trace level {' or '.join(_NEEDS[name])}, not {level}")
    found: pd.DataFrame = getattr(one, name)(run)
    for place, (column, value) in enumerate(key_of(run).items()):
        found.insert(place, column, series([value] * len(found), KEY[column]))
    return found


def key_of(run: RunData) -> dict[str, Any]:
    """Return scenario, protocol and seed of a run."""
    begun = started(run.records)
    return {"scenario": begun.scenario, "protocol": begun.protocol, "seed": begun.seed}
