"""The analyses of one run as DataFrames.

Columns ending in `_s` are seconds (float64; NaN: did not happen by the end of the run), epochs and other
counts are integers (`Int64`, with `<NA>`), names are strings. An empty table has the same columns and types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Any

import pandas as pd

from analysis.availability import outages as find_outages
from analysis.bounds import bounds as find_bounds
from analysis.columns import TABLES, Columns, reader
from analysis.elections import elections as find_elections
from analysis.incidents import incidents as find_incidents
from analysis.leaderships import leaderships as find_leaderships
from analysis.rundata import RunData
from sim.records import Damaged, Message, Operation, Record, as_dict

_DTYPES = {"float": "float64", "int": "Int64", "bool": "bool", "text": "string"}

Readers = dict[str, Callable[[Any], Any]]


def table(rows: Iterable[Any], of: Columns, readers: Readers) -> pd.DataFrame:
    """Return a row per item of `rows`: its columns `of`, each read by the reader of that name."""
    rows = list(rows)
    return pd.DataFrame(
        {name: series([readers[name](row) for row in rows], kind) for name, kind in of.items()}
    )


def series(values: Any, kind: str) -> pd.Series[Any]:
    """Return values of a kind of `analysis.columns` as a series of the type that tables have."""
    return pd.Series(values, dtype=_DTYPES.get(kind, "object"))


def _plain(name: str) -> Readers:
    return {column: reader(column) for column in TABLES[name]}


def _completed_s(row: Operation) -> float | None:
    return row.completed_at_ns / 1e9 if row.completed_at_ns >= 0 else None


def _latency_s(row: Operation) -> float | None:
    return (row.completed_at_ns - row.at_ns) / 1e9 if row.completed_at_ns >= 0 else None


def _travelled_s(row: Message) -> float | None:
    return (row.at_ns - row.sent_at_ns) / 1e9 if row.outcome == "delivered" else None


_OPERATIONS = _plain("operations") | {
    "invoked_at_s": reader("at_s"),
    "completed_at_s": _completed_s,
    "latency_s": _latency_s,
}
_MESSAGES = _plain("messages") | {"latency_s": _travelled_s}
_EVENTS: Readers = {
    "at_s": lambda row: row["at_ns"] / 1e9,
    "at_ns": itemgetter("at_ns"),
    "kind": itemgetter("kind"),
    "node": lambda row: row.get("node"),
    "epoch": lambda row: row.get("epoch"),
    "values": lambda row: {k: v for k, v in row.items() if k not in ("at_ns", "kind", "node", "epoch")},
}


def elections(run: RunData) -> pd.DataFrame:
    """Return one row per loss of a leader (see `analysis.elections.Election`), in order of the fault.

    belief_s, announced_s, service_s, client_s: lengths from the fault, NaN where right-censored at end_s.
    """
    return _of("elections", find_elections(run.records))


def leaderships(run: RunData) -> pd.DataFrame:
    """Return one row per interval in which a node believed that it leads, in order of its beginning."""
    return _of("leaderships", find_leaderships(run.records))


def incidents(run: RunData) -> pd.DataFrame:
    """Return one row per split-brain incident; nodes and epochs are tuples that belong together."""
    return _of("incidents", find_incidents(run.records))


def damage(run: RunData) -> pd.DataFrame:
    """Return one row per harm that a resource suffered, in order of time (see `sim.records.Damaged`)."""
    return _of("damage", (record for record in run.records if type(record) is Damaged))


def envelope(run: RunData) -> pd.DataFrame:
    """Return one row per bound that the protocol assumes or the scenario grants, each in its `unit`."""
    return _of("envelope", find_bounds(run.records))


def outages(run: RunData) -> pd.DataFrame:
    """Return one row per interval without service, by view: "system", "leadership" or "client"."""
    return _of("outages", find_outages(run.records, run.tally))


def operations(run: RunData) -> pd.DataFrame:
    """Return one row per client command in order of invocation; empty below the trace level `summary`."""
    found = [record for record in run.details if type(record) is Operation]
    return table(sorted(found, key=attrgetter("at_ns")), TABLES["operations"], _OPERATIONS)


def messages(run: RunData) -> pd.DataFrame:
    """Return one row per message in order of arrival or loss; empty below the trace level `full`.

    latency_s is NaN for what was not delivered; `fields` is a dict.
    """
    found = [record for record in run.details if type(record) is Message]
    return table(found, TABLES["messages"], _MESSAGES)


def events(run: RunData) -> pd.DataFrame:
    """Return one row per record that the trace level kept, in order of time; other fields are in `values`."""
    merged: list[Record] = sorted([*run.records, *run.details], key=attrgetter("at_ns"))
    return table(map(as_dict, merged), TABLES["events"], _EVENTS)


def _of(name: str, rows: Iterable[Any]) -> pd.DataFrame:
    return table(rows, TABLES[name], _plain(name))
