"""The directory of a sweep: sweep.json, and part files that appear whole.

    DIR/sweep.json                      what was run, by which code, with the texts of the scenarios
    DIR/runs/0000-000000000-000000499.parquet      cell 0, the first 500 seeds; likewise
    DIR/elections/ incidents/ leaderships/ outages/  the rows of the same runs

Sorted by name, the parts are in the order of cells and seeds. The part in `runs` is written last:
where it exists, the chunk is finished.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.files import write_text, write_whole
from sim.sweep.dispatch import Span
from sim.sweep.tables import COLUMNS, TABLES, Row, Rows, arrow

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.sweep.cells import Cell

FORMAT = "leadersim-sweep"
VERSION = 1
_PART = re.compile(r"(\d+)-(\d+)-(\d+)\.parquet")


class Store:
    """One directory, of a sweep that `identity` describes: code, arguments and scenario texts."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder = folder
        self._identity = json.loads(json.dumps(identity))

    def open(self, resume: bool, versions: Mapping[str, str]) -> None:
        """Begin, or go on with what the same command began.

        Raises:
            UserError: the directory cannot be written, holds a sweep already, or one of other
                arguments or of other code.
        """
        description = self.folder / "sweep.json"
        if description.exists():
            self._compare(_read(description), resume)
        elif any(self.spans()):
            raise UserError(f"{self.folder}: has parts of a sweep, but no sweep.json; take another directory")
        else:
            told = {"format": FORMAT, "version": VERSION, **self._identity, "versions": dict(versions)}
            write_text(description, json.dumps(told, indent=2) + "\n")
        for table in TABLES:
            for left in (self.folder / table).glob(".*.part"):
                left.unlink(missing_ok=True)  # of a client that was killed

    def _compare(self, found: dict[str, Any], resume: bool) -> None:
        if not resume:
            raise UserError(f"{self.folder} holds a sweep already: go on with --resume, or take another")
        if found.get("format") != FORMAT or found.get("version") != VERSION:
            raise UserError(f"{self.folder}/sweep.json: not of this version of leadersim; cannot be resumed")
        for name, value in self._identity.items():
            if found.get(name) != value:
                raise UserError(
                    f"{self.folder}: cannot be resumed: {_difference(name, found.get(name), value)}"
                )

    def spans(self) -> list[Span]:
        """Return which chunks are finished, in order."""
        names = [path.name for path in (self.folder / "runs").glob("*.parquet")]
        matches = [match for name in names if (match := _PART.fullmatch(name))]
        return sorted(Span(int(m[1]), int(m[2]), int(m[3]) + 1) for m in matches)

    def write(self, cell: Cell, span: Span, rows: Rows) -> None:
        """Write the parts of a chunk; UserError, with the reason, if that cannot be."""
        import pyarrow.parquet as pq

        for table in TABLES:
            found = arrow(table, cell, rows[table])
            write_whole(self._part(table, span), partial(pq.write_table, found, compression="zstd"))

    def read(self, span: Span) -> Rows:
        """Return the rows of a finished chunk, as they were before they were written."""
        return {table: _rows(table, self._load(table, span)) for table in TABLES}

    def table(self, table: str) -> pa.Table:
        """Return a whole table, in the order of cells and seeds."""
        import pyarrow as pa

        return pa.concat_tables(self._load(table, span) for span in self.spans())

    def _load(self, table: str, span: Span) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._part(table, span)
        try:
            with path.open("rb") as file:
                return pq.read_table(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise UserError(f"cannot read {path}: {error}; remove {span_name(span)} in runs/") from error

    def _part(self, table: str, span: Span) -> Path:
        return self.folder / table / span_name(span)


def span_name(span: Span) -> str:
    """Return the name of a part: cell, first and last seed by their positions."""
    return f"{span.cell:04d}-{span.start:09d}-{span.stop - 1:09d}.parquet"


def gaps(finished: Sequence[Span], cells: int, runs: int) -> Iterator[Span]:
    """Yield what is missing of `cells` times `runs` runs, in order."""
    for cell in range(cells):
        start = 0
        for span in finished:
            if span.cell == cell:
                if span.start > start:
                    yield Span(cell, start, span.start)
                start = span.stop
        if start < runs:
            yield Span(cell, start, runs)


def _rows(table: str, found: pa.Table) -> list[Row]:
    columns = [_values(found.column(name), kind) for name, kind in COLUMNS[table].items()]
    return list(zip(*columns, strict=True))


def _values(column: Any, kind: str) -> list[Any]:
    found: list[Any] = column.to_pylist()
    return [tuple(each) for each in found] if kind in ("texts", "ints") else found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    return found if isinstance(found, dict) else {}


def _difference(name: str, found: Any, wanted: Any) -> str:
    if isinstance(found, dict) and isinstance(wanted, dict):
        key = next(key for key in {**wanted, **found} if found.get(key) != wanted.get(key))
        if name == "scenarios":
            return f"the text of the scenario {key} is another"
        return f"it was begun with {key} = {found.get(key)}, this is {key} = {wanted.get(key)}"
    return f"it was begun with {name} = {found}, this is {name} = {wanted}"
