"""Traces as files: versioned JSON lines, and Parquet for tools that read tables.

JSON lines: the first line says what the file is, then one record a line, as `sim.records` documents
them, with its `kind`; the last record is `run_ended`, so that a truncated file is noticed. Parquet:
the same records in four columns, at_ns, kind, node ("" where there is none) and record (the JSON).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from sim.errors import TraceError
from sim.files import write_text, write_whole
from sim.records import BY_KIND, Record, as_dict

FORMAT = "leadersim-trace"
VERSION = 1


def in_order(records: Iterable[Record]) -> list[Record]:
    """Return records of all kinds in order of time, `run_started` first and `run_ended` last."""
    rank = {"RunStarted": 0, "RunEnded": 2}
    return sorted(records, key=lambda record: (rank.get(type(record).__name__, 1), record.at_ns))


def write_jsonl(path: Path, records: Iterable[Record]) -> None:
    """Write a trace as JSON lines; UserError if the file cannot be written."""
    header = json.dumps({"format": FORMAT, "version": VERSION})
    lines = (json.dumps(as_dict(record), separators=(",", ":")) for record in in_order(records))
    write_text(path, "\n".join([header, *lines]) + "\n")


def write_parquet(path: Path, records: Iterable[Record]) -> None:
    """Write a trace as one Parquet table; UserError if the file cannot be written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [as_dict(record) for record in in_order(records)]
    table = pa.table(
        {
            "at_ns": pa.array([row["at_ns"] for row in rows], pa.int64()),
            "kind": pa.array([row["kind"] for row in rows], pa.string()).dictionary_encode(),
            "node": pa.array([row.get("node", "") for row in rows], pa.string()).dictionary_encode(),
            "record": pa.array([json.dumps(row, separators=(",", ":")) for row in rows], pa.string()),
        },
        metadata={"format": FORMAT, "version": str(VERSION)},
    )
    write_whole(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))


def read(path: Path) -> list[Record]:
    """Return the records of a trace file, JSON lines or Parquet (by its ending).

    Raises TraceError, naming file and line, if it is not a trace, damaged, truncated or newer.
    """
    try:
        rows = list(_parquet_rows(path) if path.suffix == ".parquet" else _json_rows(path))
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror or error}") from error
    records = [_record(path, number, row) for number, row in rows]
    if not records or type(records[-1]).__name__ != "RunEnded":
        raise TraceError(f"{path}: truncated: the last record is not run_ended")
    return records


def _json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    # As bytes: a damaged byte shall be an error of its line, and not of the file or, replaced, of nobody.
    with path.open("rb") as lines:
        _check_header(path, _parse(path, 1, lines.readline()))
        for number, line in enumerate(lines, start=2):
            yield number, _parse(path, number, line)


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:  # Python's errors say why a file cannot be opened
            table = pq.read_table(file)
    except pa.ArrowInvalid as error:
        raise TraceError(f"{path}: not a Parquet file: {error}") from error
    metadata = {k.decode(errors="replace"): v.decode() for k, v in (table.schema.metadata or {}).items()}
    _check_header(path, {"format": metadata.get("format"), "version": metadata.get("version")})
    if "record" not in table.column_names:
        raise TraceError(f"{path}:1: no column `record`")
    for number, text in enumerate(table.column("record").to_pylist(), start=1):
        yield number, _parse(path, number, text)


def _parse(path: Path, number: int, text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise TraceError(f"{path}:{number}: not a record: {error}") from error


def _check_header(path: Path, header: Any) -> None:
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise TraceError(f"{path}:1: not a leadersim trace")
    if str(header.get("version")) != str(VERSION):
        raise TraceError(f"{path}:1: trace version {header.get('version')}; this reader knows {VERSION}")


def _record(path: Path, number: int, row: Any) -> Record:
    cls = BY_KIND.get(str(row.pop("kind", ""))) if isinstance(row, dict) else None
    if cls is None:
        raise TraceError(f"{path}:{number}: unknown kind of record")
    known = {field.name for field in fields(cls)}
    required = {field.name for field in fields(cls) if field.default is MISSING}
    if not required <= set(row) <= known:
        raise TraceError(f"{path}:{number}: {cls.__name__} has fields {sorted(known)}, found {sorted(row)}")
    hints = get_type_hints(cls)
    return cls(**{name: _tuples(hints[name], value) for name, value in row.items()})


def _tuples(hint: Any, value: Any) -> Any:
    """JSON has lists only: where the record has a tuple, make one."""
    if get_origin(hint) is tuple and isinstance(value, list):
        inner: Sequence[Any] = get_args(hint)
        return tuple(_tuples(inner[0], item) for item in value)
    return value
