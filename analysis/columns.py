"""The columns of every table: one list for data frames, sweeps and files alike.

A name ending in `_s` is a length or an instant in seconds, read from the attribute in `_ns`. Kinds:
"float", "int" (may be missing), "bool", "text" (may be missing), "texts" and "ints" (tuples), "any".
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

Columns = dict[str, str]
"""Name -> kind, in order."""

_MARKS = {"#": "int", "?": "bool", "*": "any", "+": "texts", "^": "ints"}


def columns(names: str) -> Columns:
    """Return columns by name: `#epoch` int, `?censored` bool, `*value` any, `+nodes` texts, `^epochs` ints.

    >>> columns("node #epoch from_s")
    {'node': 'text', 'epoch': 'int', 'from_s': 'float'}
    """
    found: Columns = {}
    for name in names.split():
        kind = "float" if name.endswith("_s") else _MARKS.get(name[0], "text")
        found[name.lstrip("".join(_MARKS))] = kind
    return found


TABLES: dict[str, Columns] = {
    "elections": columns(
        """fault_at_s cause old_leader #old_epoch new_leader #new_epoch serving_leader #serving_epoch
        belief_s announced_s service_s client_s end_s ?censored
        detection_s candidacy_s failed_rounds_s last_round_s votes_s first_service_s #split_rounds"""
    ),
    "leaderships": columns("node #epoch from_s to_s length_s ended_by"),
    "incidents": columns("level from_s to_s length_s +nodes ^epochs cause detail"),
    "damage": columns("at_s harm resource node #epoch #amount detail"),
    "envelope": {
        **columns("bound unit"),
        **dict.fromkeys(("assumed", "granted", "measured"), "float"),
        **columns("worst_of"),
        "exceeded_by": "float",
    },
    "outages": columns("view from_s to_s length_s justified_s unjustified_s cause"),
    "operations": columns(
        """invoked_at_s completed_at_s latency_s client #serial *command outcome *value #attempts
        node #epoch"""
    ),
    "messages": columns("sent_at_s at_s latency_s source target type outcome *fields"),
    "events": columns("at_s #at_ns kind node #epoch *values"),
}
"""The tables with a row for each thing that happened in a run."""

KEY: Columns = {"scenario": "text", "protocol": "text", "seed": "int"}
"""What a row of a table of many runs begins with; those of a sweep have `vary.<path>` before the seed."""


def reader(name: str) -> Callable[[Any], Any]:
    """Return how a column is read from a row: the attribute, or seconds from nanoseconds."""
    if not name.endswith("_s"):
        return attrgetter(name)
    value_ns = attrgetter(name.removesuffix("_s") + "_ns")

    def seconds(row: Any) -> float | None:
        found = value_ns(row)
        return None if found is None else found / 1e9

    return seconds
