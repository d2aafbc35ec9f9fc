"""CSV files that a scenario names: measured values, and round-trip times between regions."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sim.scenario.units import DURATION_MAX_NS, DURATIONS

FILE_MAX = 1 << 26
_MISSING = ("", "-", "na", "n/a", "nan", "null", "none", "*", "inf")


class TableError(ValueError):
    """A CSV file cannot be used; the message names the file and the line."""


Rows = list[tuple[int, list[str]]]  # line number from 1, cells


def rows(path: Path) -> Rows:
    """Return the non-empty rows of a file separated by commas, semicolons, tabs or blanks.

    Lines that start with `#` are comments.
    """
    try:
        if path.stat().st_size > FILE_MAX:
            raise TableError(f"{path} is larger than the limit of {FILE_MAX} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(f"{path} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TableError(f"cannot read {path}: {reason}") from None
    return _rows(text, path)


def column(path: Path, scales: Mapping[str, int], name: str | None, unit: str | None) -> tuple[int, ...]:
    """Return one column of measured values, in the base unit, sorted.

    Without `name`: the one column whose header ends in a unit (`latency_ms`); with `unit`, the
    first numeric column. A file without a header needs `unit`.
    """
    table = rows(path)
    header = [cell.lower() for cell in table[0][1]] if not _numeric(table[0][1][0]) else []
    if name is not None and name.lower() not in header:
        raise TableError(f"{path} has no column '{name}'; there is {', '.join(header) or 'no header'}")
    index = (
        header.index(name.lower()) if name is not None else _value_column(path, table, header, scales, unit)
    )
    suffix = unit or (header[index].rpartition("_")[2] if header else "")
    scale = {key.lower(): factor for key, factor in scales.items()}.get(suffix.lower())
    if scale is None:
        raise TableError(f"{path}: no unit known for the values; say `unit:`, one of {', '.join(scales)}")
    body = table[1:] if header else table
    return _values(path, body, index, scale)


def _value_column(
    path: Path, table: Rows, header: list[str], scales: Mapping[str, int], unit: str | None
) -> int:
    if unit is not None:
        first = table[1 if header else 0][1] if len(table) > bool(header) else []
        numeric = [i for i, cell in enumerate(first) if _numeric(cell)]
        if not numeric:
            raise TableError(f"{path} has no numeric column")
        return numeric[0]
    known = {key.lower() for key in scales}
    with_unit = [i for i, cell in enumerate(header) if "_" in cell and cell.rpartition("_")[2] in known]
    if len(with_unit) != 1:
        names = ", ".join(header) or "no header"
        raise TableError(f"{path}: expected one column such as latency_ms, found {names}; say `column:`")
    return with_unit[0]


def _values(path: Path, body: Rows, index: int, scale: int) -> tuple[int, ...]:
    values = []
    for line, cells in body:
        text = cells[index] if index < len(cells) else ""
        if text.lower() not in _MISSING:
            values.append(_scaled(path, line, text, scale))
    if not values:
        raise TableError(f"{path} has no values")
    return tuple(sorted(values))


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Round-trip times between regions, read from a file on demand: most files are far too large."""

    regions: tuple[str, ...]
    between: Callable[[str, str], int | None]
    """Nanoseconds from one region to another and back; None where the file has no value."""


def round_trips(path: Path) -> RoundTrips:
    """Return the matrix in a file: `from,to,rtt_ms` rows, or a square with names on top and left.

    Values are milliseconds unless the third header (or the square's corner) ends in another unit;
    a header of `latency`, `one_way` or `oneway` means one-way times, which are doubled.
    """
    table = rows(path)
    header = [cell.lower() for cell in table[0][1]]
    long_form = len(header) >= 3 and header[0] in _SOURCES and header[1] in _TARGETS
    return _long(path, table[1:], header) if long_form else _square(path, table)


_SOURCES = ("from", "source", "src", "from_region", "a", "region_from")
_TARGETS = ("to", "target", "destination", "dst", "to_region", "b", "region_to")


def _long(path: Path, body: Rows, header: list[str]) -> RoundTrips:
    cells: dict[tuple[str, str], tuple[int, str]] = {}
    for line, row in body:
        if len(row) < 3:
            raise TableError(f"{path}, line {line}: found {len(row)} cells, expected from, to and a time")
        if (row[0], row[1]) in cells:
            raise TableError(f"{path}, line {line}: found {row[0]} to {row[1]} a second time")
        cells[row[0], row[1]] = (line, row[2])
    names = dict.fromkeys(name for pair in cells for name in pair)
    return RoundTrips(tuple(names), _lookup(path, cells.get, _time_scale(header[2])))


def _square(path: Path, table: Rows) -> RoundTrips:
    width = len(table) - 1
    top = table[0][1]
    names = [row[0] for _, row in table[1:]]
    columns = top[1:] if len(top) == width + 1 else top
    if not names or columns != names:
        raise TableError(f"{path}: expected from,to,rtt_ms, or a square with the same names on top and left")
    at = {name: index for index, name in enumerate(names)}

    def cell(pair: tuple[str, str]) -> tuple[int, str] | None:
        line, row = table[at[pair[0]] + 1]
        index = at[pair[1]] + 1
        return (line, row[index]) if index < len(row) else None

    corner = top[0].lower() if len(top) == width + 1 else ""
    return RoundTrips(tuple(names), _lookup(path, cell, _time_scale(corner)))


Cell = Callable[[tuple[str, str]], tuple[int, str] | None]


def _lookup(path: Path, cell: Cell, scale: int) -> Callable[[str, str], int | None]:
    """Return the look-up: the other direction serves where one is missing."""

    def between(source: str, target: str) -> int | None:
        for pair in ((source, target), (target, source)):
            there = cell(pair)
            if there is not None and there[1].lower() not in _MISSING:
                return _scaled(path, there[0], there[1], scale, 0)
        return None

    return between


def _time_scale(header: str) -> int:
    """Return nanoseconds of round trip per unit of a column with that header."""
    unit = re.split(r"[^a-z]+", header.strip(" )]"))[-1]
    one_way = re.search("latency|one.?way|owd|delay", header) and "rtt" not in header
    return DURATIONS.get(unit, DURATIONS["ms"]) * (2 if one_way else 1)


def _rows(text: str, path: Path) -> Rows:
    lines = text.splitlines()
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not content:
        raise TableError(f"{path} is empty")
    separator = next((mark for mark in ",;\t" if mark in content[0]), None)
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line.lstrip()[0] != "#"]
    if separator is None:
        return [(n, line.split()) for n, line in numbered]
    return [(n, _cells(line, separator, path, n)) for n, line in numbered]


def _cells(line: str, separator: str, path: Path, number: int) -> list[str]:
    try:
        found = next(csv.reader(io.StringIO(line), delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as error:
        raise TableError(f"{path}, line {number}: not CSV: {error}") from None
    return [cell.strip() for cell in found]


def _numeric(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _scaled(path: Path, line: int, text: str, scale: int, minimum: int | None = None) -> int:
    """Return a cell in the base unit, rounded: measurements are not exact anyway."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise TableError(f"{path}, line {line}: found '{text[:40]}', expected a number") from None
    if not value.is_finite() or abs(value) * scale > DURATION_MAX_NS:
        raise TableError(f"{path}, line {line}: found {text[:40]}, more than the limit of 10 years")
    if minimum is not None and value < minimum:
        raise TableError(f"{path}, line {line}: found {text[:40]}, expected a time that is not negative")
    return int((value * scale).to_integral_value())
