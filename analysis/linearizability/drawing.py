"""A picture, as text, of where a history stops being linearizable."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from typing import Any, Final

from analysis.linearizability.check import Stuck
from analysis.linearizability.operations import Operation

LABEL_MAX: Final = 28
"""Longer labels are cut."""
SHOWN_BEFORE: Final = 4
"""How many operations of the prefix are drawn, the last ones: they say where the state comes from."""
SHOWN_STATES: Final = 8
"""How many states are listed."""


def draw(stuck: Stuck, before: int = SHOWN_BEFORE) -> str:
    """Return the operations around the point where the order ends, a line per process.

    An interval reaches from call to return (`>`: it never returned), calls and returns stand in the
    order in which they happened, not to scale. What cannot be put in order is drawn with `#`, what is
    concurrent to it with `=`, and the last `before` operations that could be, with `-`.
    """
    near = (*stuck.concurrent, stuck.operation)
    past = [operation for operation in stuck.prefix if operation not in near]
    shown = sorted([*past[max(len(past) - before, 0) :], *near], key=lambda operation: operation.call)
    lines = [f"{_where(stuck)}no order explains: {describe(stuck.operation)}", *_lanes(shown, stuck)]
    lines.append(f"before it the object may hold: {_states(stuck.states)}")
    if stuck.prefix:
        tail = stuck.prefix[max(len(stuck.prefix) - before, 0) :]
        skipped = len(stuck.prefix) - len(tail)
        order = [f"{skipped} before", *map(label, tail)] if skipped else [*map(label, tail)]
        lines.append(f"last of the longest order: {', '.join(order)}")
    return "\n".join(lines) + "\n"


def describe(operation: Operation) -> str:
    """Return the operation in words, as `process 2, read -> 0 (3 to 4)`."""
    end = "never" if operation.end is None else operation.end
    return f"process {operation.process}, {label(operation, 0)} ({operation.call} to {end})"


def label(operation: Operation, limit: int = LABEL_MAX) -> str:
    """Return the operation in short, as `write 4`, `cas 1 2 -> false` or `read -> ?`; limit 0: in full."""
    argument = operation.argument
    parts = argument if isinstance(argument, list | tuple) else () if argument is None else (argument,)
    text = " ".join([operation.f, *map(_value, parts)])
    if operation.status == "ok" and (operation.result is not None or not parts):
        text += f" -> {_value(operation.result)}" if operation.f not in _SILENT else ""
    elif operation.status != "ok":
        text += " -> ?"
    return text if not 0 < limit < len(text) else text[: limit - 3] + "..."


_SILENT: Final = ("acquire", "release", "write", "put", "append", "add", "remove")
"""They have no result to speak of, unless it is false."""


def _value(value: Any) -> str:
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(_value, value))) + "}"
    try:
        return json.dumps(value)
    except TypeError:
        return repr(value)


def _states(states: Sequence[Hashable]) -> str:
    if not states:
        return "not known"
    shown = [_value(state) for state in states[:SHOWN_STATES]]
    more = len(states) - len(shown)
    return ", ".join([*shown, f"{more} more"] if more else shown)


def _where(stuck: Stuck) -> str:
    return "" if stuck.key is None else f"key {_value(stuck.key)}: "


# Lanes -----------------------------------------------------------------------------------------


def _lanes(shown: Sequence[Operation], stuck: Stuck) -> list[str]:
    columns = _columns(shown)
    width = max(columns.values(), default=0) + 2
    names = {operation.process: f"process {operation.process}" for operation in shown}
    margin = max(map(len, names.values()), default=0)
    lanes: list[str] = []
    for process, name in names.items():
        lane = [operation for operation in shown if operation.process == process]
        lanes += _lane(name.ljust(margin), lane, columns, width, stuck)
    return lanes


def _lane(
    name: str, lane: Sequence[Operation], columns: dict[tuple[int, bool], int], width: int, stuck: Stuck
) -> list[str]:
    """Return the lines of a process: more than one if its operations overlap."""
    rows: list[str] = []
    for operation in lane:
        start = columns[operation.call, False]
        end = width if operation.end is None else columns[operation.end, True]
        piece = _interval(operation, end - start, _stroke(operation, stuck))
        row = next((index for index, text in enumerate(rows) if len(text) <= start), len(rows))
        if row == len(rows):
            rows.append("")
        rows[row] = rows[row].ljust(start) + piece
    return [f"{name if index == 0 else ' ' * len(name)}  {row}" for index, row in enumerate(rows)]


def _stroke(operation: Operation, stuck: Stuck) -> str:
    if operation is stuck.operation:
        return "#"
    return "=" if operation in stuck.concurrent else "-"


def _interval(operation: Operation, length: int, stroke: str) -> str:
    end = ">" if operation.end is None else "|"
    return "|" + f" {label(operation)} ".center(length - 1, stroke) + end


def _columns(shown: Sequence[Operation]) -> dict[tuple[int, bool], int]:
    """Return the column of each instant, calls and returns apart, so that every label has room."""
    calls = [(operation.call, False, operation) for operation in shown]
    ends = [(operation.end, True, operation) for operation in shown if operation.end is not None]
    columns: dict[tuple[int, bool], int] = {}
    column = -1
    for at, is_return, operation in sorted([*calls, *ends], key=lambda event: event[:2]):
        column += (at, is_return) not in columns
        if is_return:
            column = max(column, columns[operation.call, False] + len(label(operation)) + 5)
        columns[at, is_return] = column
    opened = [columns[each.call, False] + len(label(each)) + 5 for each in shown if each.end is None]
    if opened:
        columns[-1, False] = max(column, *opened)  # an instant that nobody uses: the right margin
    return columns
