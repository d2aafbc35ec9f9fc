"""The tables of a sweep, read from its directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.columns import TABLES, Columns
from analysis.frames.one import series
from sim.errors import TraceError

FORMAT = "leadersim-sweep"
VERSION = 1


def is_sweep(path: Path) -> bool:
    """Return whether a directory is one that `leadersim sweep --out` left."""
    return (path / "sweep.json").is_file()


def table(path: Path, name: str) -> pd.DataFrame:
    """Return a whole table of a sweep, in the order of cells and seeds; empty if nothing is finished.

    Raises:
        TraceError: naming file, if the directory is of a newer version, or has no such table, or a
            part of it is damaged.
    """
    _check(path)
    folder = path / name
    parts = sorted((path / "runs").glob("*.parquet"))
    if parts and not folder.is_dir():
        raise TraceError(f"{path}: a sweep without the table {name}")
    if not parts:
        return _empty(name)
    found = [_read(folder / part.name) for part in parts]
    return _frame(pa.concat_tables(found), name)


def _check(path: Path) -> None:
    description = path / "sweep.json"
    try:
        told = json.loads(description.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TraceError(f"{description}: not the description of a sweep: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise TraceError(f"{description}: not the description of a sweep")
    if told.get("version") != VERSION:
        raise TraceError(f"{description}: version {told.get('version')}; this reader knows {VERSION}")


def _read(part: Path) -> pa.Table:
    try:
        with part.open("rb") as file:
            return pq.read_table(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise TraceError(f"{part}: not a part of a sweep: {error}") from error


def _frame(found: pa.Table, name: str) -> pd.DataFrame:
    kinds: Columns = TABLES.get(name, {})
    made: dict[str, Any] = {}
    for column in found.schema:
        values = found.column(column.name)
        kind = kinds.get(column.name) or _kind(column.type)
        made[column.name] = _column(values, kind)
    return pd.DataFrame(made)


def _kind(type_: pa.DataType) -> str:
    if pa.types.is_floating(type_):
        return "float"
    return "int" if pa.types.is_integer(type_) else "text"


def _column(values: pa.ChunkedArray, kind: str) -> pd.Series[Any]:
    if kind in ("texts", "ints"):
        return series([tuple(each) for each in values.to_pylist()], kind)
    if kind == "int":
        missing = values.is_null().to_numpy() if values.null_count else None
        whole = values.fill_null(0).to_numpy().astype("int64", copy=False)
        numbers = pd.Series(whole).astype("Int64")
        return numbers if missing is None else numbers.mask(missing)
    found: pd.Series[Any] = values.to_pandas()
    return found.astype("string") if kind == "text" else found


def _empty(name: str) -> pd.DataFrame:
    columns: Columns = {"scenario": "text", "protocol": "text", "seed": "int", **TABLES.get(name, {})}
    return pd.DataFrame({column: series([], kind) for column, kind in columns.items()})
