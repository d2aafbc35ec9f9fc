"""Results of earlier runs as arguments: directories and trace files."""

from __future__ import annotations

import gc
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click

from sim.errors import UserError

results_argument = click.argument(
    "results", metavar="RESULT...", nargs=-1, required=True, type=click.Path(path_type=Path)
)


def source_of(paths: Sequence[Path], leave_out: Collection[str] = ()) -> Any:
    """Return what the analysis reads: runs, or the path of a sweep; one thing, or a list.

    Raises:
        UserError: with file and record, for what cannot be read.
    """
    from analysis.frames import read
    from analysis.frames.sweeps import is_sweep

    found = [path if is_sweep(path) else read(path, leave_out) for path in paths]
    gc.freeze()  # all of it is needed to the end: to look through it for garbage takes a second
    return found[0] if len(found) == 1 else _flat(found)


def runs_of(paths: Sequence[Path], leave_out: Collection[str] = ()) -> list[Any]:
    """Return the runs in these paths.

    Raises:
        UserError: one of them is a sweep, which keeps no runs, or cannot be read.
    """
    source = source_of(paths, leave_out)
    found = _flat([source] if not isinstance(source, list) else source)
    sweep = next((each for each in found if isinstance(each, Path)), None)
    if sweep is not None:
        raise UserError(f"{sweep}: a sweep keeps no records of its runs; run one of its seeds with --out")
    return found


def _flat(found: Sequence[Any]) -> list[Any]:
    return [each for item in found for each in (item if isinstance(item, list) else [item])]
