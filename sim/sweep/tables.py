"""The tables of a sweep: their columns, and how a run becomes rows.

Elections, incidents, leaderships and outages have the columns of `Result.elections` and so on. Every row
begins with its cell (scenario, protocol, `vary.<path>` ...) and its seed. Metrics keep their names; the unit
of each is in the Parquet field's metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import analysis.columns
from analysis.columns import Columns, reader
from sim.metrics import METRICS

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.sweep.cells import Cell

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
"""Rows by table, without the columns of the cell: they begin with the seed."""

TABLES = ("elections", "incidents", "leaderships", "outages", "runs")
"""In the order of writing: `runs` last, so that a part of it vouches for the others."""
CRASHED = "crashed"
"""The verdict of a run that did not come to an end, by a bug of ours; `error` says which."""

_OF_UNIT = {"count": "int", "bytes": "int"}
_OUTCOME = {"digest": "text", "verdict": "text", "reason": "text", "violated": "text", "error": "text"}
COLUMNS: dict[str, Columns] = {
    "runs": {"seed": "seed", **_OUTCOME}
    | {name: _OF_UNIT.get(metric.unit, "float") for name, metric in METRICS.items()},
    **{name: {"seed": "seed", **analysis.columns.TABLES[name]} for name in TABLES if name != "runs"},
}
PLACE = {table: {name: i for i, name in enumerate(columns)} for table, columns in COLUMNS.items()}
"""Where a column stands in a row."""


_READERS = {
    table: tuple(reader(name) for name in columns if name != "seed")
    for table, columns in COLUMNS.items()
    if table != "runs"
}


def rows_of(table: str, seed: int, found: Iterable[Any]) -> list[Row]:
    """Return a row for each election, incident or outage of one run."""
    readers = _READERS[table]
    return [(seed, *(read(each) for read in readers)) for each in found]


def run_row(seed: int, outcome: Mapping[str, str], metrics: Mapping[str, Any] | None) -> Row:
    """Return the row of a run; a crashed one has no metrics."""
    return (
        seed,
        *(outcome.get(name, "") for name in _OUTCOME),
        *([None] * len(METRICS) if metrics is None else [metrics[name] for name in METRICS]),
    )


def crashed_row(seed: int, error: str) -> Row:
    """Return the row of a run that did not come to an end."""
    return run_row(seed, {"verdict": CRASHED, "error": error}, None)


def nothing() -> Rows:
    """Return tables without rows."""
    return {table: [] for table in TABLES}


# Arrow -------------------------------------------------------------------------------------------


def schema(table: str, paths: Sequence[str]) -> pa.Schema:
    """Return the Arrow schema of a table in a sweep that varies `paths`."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "seed": pa.uint64(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "texts": pa.list_(pa.string()),
        "ints": pa.list_(pa.int64()),
    }
    cell = ["scenario", "protocol", *(f"vary.{path}" for path in paths)]
    units = {name: {"unit": metric.unit} for name, metric in METRICS.items()} if table == "runs" else {}
    fields = [pa.field(name, pa.string()) for name in cell]
    fields += [pa.field(name, types[kind], metadata=units.get(name)) for name, kind in COLUMNS[table].items()]
    return pa.schema(fields)


def arrow(table: str, cell: Cell, rows: Sequence[Row]) -> pa.Table:
    """Return rows of one cell as an Arrow table, with the columns of the cell."""
    import pyarrow as pa

    layout = schema(table, [path for path, _ in cell.varied])
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS[table])
    constant = [pa.array([value] * len(rows), pa.string()) for value in cell.key]
    types = layout.types[len(constant) :]
    values = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.Table.from_arrays([*constant, *values], schema=layout)
