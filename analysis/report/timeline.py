"""What the space-time diagram of a report draws, as plain data."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from analysis.incidents import incidents
from analysis.plots.bands import bands
from analysis.rundata import RunData
from analysis.states import STATES, end_ns, stays
from analysis.world import started
from sim.records import (
    ClockChanged,
    FaultEnded,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    Message,
    Operation,
    Record,
    RunEnded,
    RunStarted,
    as_dict,
)

MOST_MESSAGES = 200_000
_NO_MARKS = (RunStarted, RunEnded, LinksCut, LinksHealed, FaultEnded)
_DRIFT = re.compile(r"([+-][\d.e+-]+) ppm")
_OFFSET = re.compile(r"([+-][\d.e+-]+) ms")


def timeline(run: RunData) -> dict[str, Any]:
    """Return the data of a run's diagram; times in ns, nodes by their place in `nodes`.

    Beyond `MOST_MESSAGES` the first ones are kept, and `dropped` says how many are missing.
    """
    begun = started(run.records)
    nodes = list(
        dict.fromkeys((*begun.contenders, *begun.servers, *begun.resources, *begun.clients, *_others(run)))
    )
    place = {node: number for number, node in enumerate(nodes)}
    sent = sorted((r for r in run.details if type(r) is Message), key=attrgetter("sent_at_ns"))
    return {
        "end": end_ns(run.records),
        "nodes": nodes,
        "states": list(STATES),
        "stays": [
            [place[s.node], STATES.index(s.state), s.epoch, s.from_ns, s.to_ns] for s in stays(run.records)
        ],
        "known": [[place[r.node], r.epoch, r.at_ns] for r in run.records if type(r) in (LeaderKnown, Led)],
        "bands": [[band.from_ns, band.to_ns, band.about] for band in bands(run.records)],
        "incidents": [
            [found.from_ns, found.to_ns, found.level, ", ".join(found.nodes)]
            for found in incidents(run.records)
        ],
        "marks": list(_marks(run, place)),
        "clocks": clock_errors(run, nodes),
        "messages": _messages(sent[:MOST_MESSAGES], place),
        "dropped": max(0, len(sent) - MOST_MESSAGES),
    }


def packed(data: Mapping[str, Any]) -> str:
    """Return data as JSON, compressed, in letters that need no escaping."""
    text = json.dumps(data, separators=(",", ":"), default=str).encode()
    return base64.b64encode(gzip.compress(text, 4, mtime=0)).decode()


def _others(run: RunData) -> Iterator[str]:
    for record in run.details:
        if type(record) is Message:
            yield record.source
            yield record.target


def _marks(run: RunData, place: Mapping[str, int]) -> Iterator[list[Any]]:
    """Yield [at, lane or -1, kind, record] for every milestone and client operation, in order of time."""
    operations = [r for r in run.details if type(r) is Operation]
    for record in sorted([*run.records, *operations], key=attrgetter("at_ns")):
        if type(record) not in _NO_MARKS:
            told = as_dict(record)
            kind = told.pop("kind")
            yield [told.pop("at_ns"), _lane(record, place), kind, told]


def _lane(record: Record, place: Mapping[str, int]) -> int:
    for name in ("resource", "node", "client"):
        lane = place.get(getattr(record, name, ""))
        if lane is not None and not (name == "node" and type(record) is Operation):
            return lane
    return place.get(getattr(record, "client", ""), -1)


def _messages(sent: Sequence[Message], place: Mapping[str, int]) -> dict[str, Any]:
    types = list(dict.fromkeys(message.type for message in sent))
    outcomes = list(dict.fromkeys(message.outcome for message in sent))
    type_of = {name: number for number, name in enumerate(types)}
    outcome_of = {name: number for number, name in enumerate(outcomes)}
    before = [0, *(message.sent_at_ns for message in sent)]
    return {
        "types": types,
        "outcomes": outcomes,
        "gap": [message.sent_at_ns - earlier for message, earlier in zip(sent, before, strict=False)],
        "took": [message.at_ns - message.sent_at_ns for message in sent],
        "source": [place[message.source] for message in sent],
        "target": [place[message.target] for message in sent],
        "type": [type_of[message.type] for message in sent],
        "outcome": [outcome_of[message.outcome] for message in sent],
        "fields": [_shortened(message.fields) for message in sent],
    }


def _shortened(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a message, of long lists only how long they are."""
    return {
        name: f"{len(value)} items" if isinstance(value, list) and len(value) > 3 else value
        for name, value in fields.items()
    }


def clock_errors(run: RunData, nodes: Sequence[str]) -> dict[str, list[list[float]]]:
    """Return for each node whose wall clock errs the corners [at_ns, error_ns] of its error over time.

    From the drift and offset drawn at the start and every later change; straight lines between corners.
    """
    drawn: Mapping[str, str] = getattr(run, "drawn", {})
    to_ns = end_ns(run.records)
    changes = [record for record in run.records if type(record) is ClockChanged]
    found = {}
    for node in nodes:
        rate = _number(_DRIFT, drawn.get(f"{node} clock drift", ""))
        error = _number(_OFFSET, drawn.get(f"{node} clock offset", "")) * 1e6
        corners = _corners(rate, error, [change for change in changes if change.node == node], to_ns)
        if any(error for _, error in corners):
            found[node] = corners
    return found


def _corners(rate: float, error: float, changes: Sequence[ClockChanged], to_ns: int) -> list[list[float]]:
    at, corners = 0, [[0.0, error]]
    for change in changes:
        error += (change.at_ns - at) * rate / 1e6
        corners.append([change.at_ns, error])
        at, rate, error = change.at_ns, change.rate_ppm, error + change.step_ns
        corners.append([at, error])
    return [*corners, [to_ns, error + (to_ns - at) * rate / 1e6]]


def _number(pattern: re.Pattern[str], text: str) -> float:
    match = pattern.fullmatch(text)
    return float(match[1]) if match else 0.0
