"""The analyses of one run as DataFrames, for notebooks. The only module here that imports pandas.

Columns ending in `_s` are seconds (float64; NaN: did not happen by the end of the run), epochs and other
counts are integers (`Int64`, with `<NA>`), names are strings. An empty table has the same columns and types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import pandas as pd

import analysis.availability
import analysis.elections
import analysis.incidents
import analysis.leaderships
from analysis.rundata import RunData
from sim.records import Damaged, Operation, Record, as_dict

Column = tuple[str, Callable[[Any], Any]]


def _column(dtype: str, name: str) -> Column:
    return dtype, attrgetter(name)


def _seconds(name: str) -> Column:
    value_ns = attrgetter(name)

    def value(row: Any) -> float:
        found = value_ns(row)
        return float("nan") if found is None else found / 1e9

    return "float64", value


def _columns(names: str) -> dict[str, Column]:
    """Return the columns of a table: `*_s` from `*_ns`, `#epoch` a count, `?censored` a flag, others text."""
    found: dict[str, Column] = {}
    for name in names.split():
        if name.endswith("_s"):
            found[name] = _seconds(name.removesuffix("_s") + "_ns")
        else:
            dtype = {"#": "Int64", "?": "bool", "*": "object"}.get(name[0], "string")
            found[name.lstrip("#?*")] = _column(dtype, name.lstrip("#?*"))
    return found


def _table(rows: Iterable[Any], columns: dict[str, Column]) -> pd.DataFrame:
    rows = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([value(row) for row in rows], dtype=dtype)
            for name, (dtype, value) in columns.items()
        }
    )


_ELECTIONS = _columns(
    """fault_at_s cause old_leader #old_epoch new_leader #new_epoch serving_leader #serving_epoch
    belief_s announced_s service_s client_s end_s ?censored
    detection_s candidacy_s votes_s first_service_s #split_rounds"""
)
_LEADERSHIPS = _columns("node #epoch from_s to_s length_s ended_by")
_INCIDENTS = _columns("level from_s to_s length_s *nodes *epochs cause detail")
_DAMAGE = _columns("at_s harm resource node #epoch #amount detail")
_OUTAGES = _columns("view from_s to_s length_s justified_s unjustified_s cause")
_OPERATIONS: dict[str, Column] = {
    "invoked_at_s": _seconds("at_ns"),
    "completed_at_s": (
        "float64",
        lambda row: row.completed_at_ns / 1e9 if row.completed_at_ns >= 0 else None,
    ),
    "latency_s": (
        "float64",
        lambda row: (row.completed_at_ns - row.at_ns) / 1e9 if row.completed_at_ns >= 0 else None,
    ),
    **_columns("client #serial *command outcome *value #attempts node #epoch"),
}
_EVENTS: dict[str, Column] = {
    "at_s": ("float64", lambda row: row["at_ns"] / 1e9),
    "at_ns": ("int64", lambda row: row["at_ns"]),
    "kind": ("string", lambda row: row["kind"]),
    "node": ("string", lambda row: row.get("node")),
    "epoch": ("Int64", lambda row: row.get("epoch")),
    "values": (
        "object",
        lambda row: {k: v for k, v in row.items() if k not in ("at_ns", "kind", "node", "epoch")},
    ),
}


def elections(run: RunData) -> pd.DataFrame:
    """Return one row per loss of a leader (see `analysis.elections.Election`), in order of the fault.

    belief_s, announced_s, service_s, client_s: lengths from the fault, NaN where right-censored at end_s.
    """
    return _table(analysis.elections.elections(run.records), _ELECTIONS)


def leaderships(run: RunData) -> pd.DataFrame:
    """Return one row per interval in which a node believed that it leads, in order of its beginning."""
    return _table(analysis.leaderships.leaderships(run.records), _LEADERSHIPS)


def incidents(run: RunData) -> pd.DataFrame:
    """Return one row per split-brain incident; nodes and epochs are tuples that belong together."""
    return _table(analysis.incidents.incidents(run.records), _INCIDENTS)


def damage(run: RunData) -> pd.DataFrame:
    """Return one row per harm that a resource suffered, in order of time (see `sim.records.Damaged`)."""
    return _table((record for record in run.records if type(record) is Damaged), _DAMAGE)


def outages(run: RunData) -> pd.DataFrame:
    """Return one row per interval without service, by view: "system", "leadership" or "client"."""
    return _table(analysis.availability.outages(run.records, run.tally), _OUTAGES)


def operations(run: RunData) -> pd.DataFrame:
    """Return one row per client command in order of invocation; empty below the trace level `summary`."""
    found = [record for record in run.details if type(record) is Operation]
    return _table(sorted(found, key=attrgetter("at_ns")), _OPERATIONS)


def events(run: RunData) -> pd.DataFrame:
    """Return one row per record that the trace level kept, in order of time; other fields are in `values`."""
    merged: list[Record] = sorted([*run.records, *run.details], key=attrgetter("at_ns"))
    return _table(map(as_dict, merged), _EVENTS)
