"""Traces as files: versioned JSON lines, and Parquet for tools that read tables.

JSON lines: the first line says what the file is, then one record a line, as `sim.records` documents
them, with its `kind`; the last record is `run_ended`, so that a truncated file is noticed. Parquet:
the same records in four columns, at_ns, kind, node ("" where there is none) and record (the JSON).
"""

from __future__ import annotations

import gc
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from sim.errors import TraceError
from sim.files import write_text, write_whole
from sim.records import BY_KIND, Record, as_dict

FORMAT = "leadersim-trace"
VERSION = 1
_BATCH = 512


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


def read(path: Path, leave_out: Collection[str] = ()) -> list[Record]:
    """Return the records of a trace file, JSON lines or Parquet (by its ending).

    `leave_out` names kinds that are not wanted ("noted"): they are not even parsed.

    Raises TraceError, naming file and line, if it is not a trace, damaged, truncated or newer.
    """
    rows_of = _parquet_rows if path.suffix == ".parquet" else _json_rows
    try:
        with without_collector():
            rows = list(rows_of(path, leave_out))
            records = [_record(path, number, row) for number, row in rows]
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror or error}") from error
    if not records or type(records[-1]).__name__ != "RunEnded":
        raise TraceError(f"{path}: truncated: the last record is not run_ended")
    return records


@contextmanager
def without_collector() -> Iterator[None]:
    """Nothing that is read is garbage: to look for it again and again takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _json_rows(path: Path, leave_out: Collection[str]) -> Iterator[tuple[int, Any]]:
    begins = tuple(f'{{"kind":"{kind}",'.encode() for kind in leave_out)
    # As bytes: a damaged byte shall be an error of its line, and not of the file or, replaced, of nobody.
    with path.open("rb") as lines:
        _check_header(path, _parse(path, 1, lines.readline()))
        batch: list[tuple[int, bytes]] = []
        for number, line in enumerate(lines, start=2):
            if not line.startswith(begins):
                batch.append((number, line))
                if len(batch) == _BATCH:
                    yield from _parsed(path, batch)
                    batch = []
        yield from _parsed(path, batch)


def _parsed(path: Path, batch: list[tuple[int, bytes]]) -> Iterator[tuple[int, Any]]:
    """Parse many lines at once; one by one if that fails, so that the wrong one is named."""
    try:
        rows = json.loads(b"[" + b",".join(line for _, line in batch) + b"]")
    except (ValueError, RecursionError):
        rows = []
    if len(rows) != len(batch):
        rows = [_parse(path, number, line) for number, line in batch]
    yield from zip((number for number, _ in batch), rows, strict=True)


def _parquet_rows(path: Path, leave_out: Collection[str]) -> Iterator[tuple[int, Any]]:
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
    kinds = table.column("kind").to_pylist() if leave_out else [""] * len(table)
    texts = table.column("record").to_pylist()
    for number, (kind, text) in enumerate(zip(kinds, texts, strict=True), start=1):
        if not leave_out or kind not in leave_out:
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
    kind = str(row.pop("kind", "")) if isinstance(row, dict) else ""
    if kind not in BY_KIND:
        raise TraceError(f"{path}:{number}: unknown kind of record")
    cls, required, known, tuples = _shape(kind)
    if not required <= row.keys() <= known:
        raise TraceError(f"{path}:{number}: {cls.__name__} has fields {sorted(known)}, found {sorted(row)}")
    for name, hint in tuples.items():
        row[name] = _tuples(hint, row[name])
    return cls(**row)


@lru_cache(maxsize=256)
def _shape(kind: str) -> tuple[type, frozenset[str], frozenset[str], dict[str, Any]]:
    """Return a kind's class, the fields it must have and may have, and the types of those with tuples."""
    cls = BY_KIND[kind]
    hints = get_type_hints(cls)
    return (
        cls,
        frozenset(field.name for field in fields(cls) if field.default is MISSING),
        frozenset(field.name for field in fields(cls)),
        {name: hint for name, hint in hints.items() if get_origin(hint) is tuple},
    )


def _tuples(hint: Any, value: Any) -> Any:
    """JSON has lists only: where the record has a tuple, make one."""
    if get_origin(hint) is tuple and isinstance(value, list):
        inner: Sequence[Any] = get_args(hint)
        return tuple(_tuples(inner[0], item) for item in value)
    return value
