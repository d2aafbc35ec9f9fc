"""A trace in Chrome's JSON format, which Perfetto (https://ui.perfetto.dev) opens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from analysis.exports.happenings import Happening, happenings
from analysis.plots.bands import bands
from analysis.rundata import RunData
from analysis.states import end_ns, stays

LONGEST_NS = 1000
_STATES, _MESSAGES, _FAULTS = 1, 2, 3
_PROCESSES = {_STATES: "nodes", _MESSAGES: "messages", _FAULTS: "faults"}
_MOMENTS = ("send", "receive", "lose")


def perfetto(run: RunData, from_ns: int = 0, to_ns: int | None = None) -> str:
    """Return the trace: what nodes were, messages as slices joined by arrows, milestones, faults.

    Times are microseconds. A slice of a message is a microsecond long or ends at the next one of its node,
    since slices of a thread must nest.

    Source: Trace Event Format (Google, 2016): events X, i, s, f, M; Perfetto's notes on JSON traces.
    """
    upto = end_ns(run.records) if to_ns is None else to_ns
    found = [each for each in happenings(run, from_ns, upto) if each.node]
    threads = {node: number for number, node in enumerate(dict.fromkeys(_nodes(run, found)), start=1)}
    events = [*_names(threads), *_states(run, threads, from_ns, upto), *_faults(run, from_ns, upto)]
    for each, length_ns in _with_lengths(found):
        events += _events(each, threads[each.node], length_ns)
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": events}) + "\n"


def _nodes(run: RunData, found: Sequence[Happening]) -> Iterator[str]:
    yield from (stay.node for stay in stays(run.records))
    yield from (each.node for each in found)


def _names(threads: dict[str, int]) -> Iterator[dict[str, Any]]:
    for pid, name in _PROCESSES.items():
        yield {"ph": "M", "name": "process_name", "pid": pid, "args": {"name": name}}
        for node, tid in threads.items() if pid != _FAULTS else ():
            yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": node}}


def _states(run: RunData, threads: dict[str, int], from_ns: int, to_ns: int) -> Iterator[dict[str, Any]]:
    for stay in stays(run.records):
        since, until = max(stay.from_ns, from_ns), min(stay.to_ns, to_ns)
        if since < until and stay.state not in ("follower", "not started"):
            yield _slice(stay.state, _STATES, threads[stay.node], since, until - since, {"epoch": stay.epoch})


def _faults(run: RunData, from_ns: int, to_ns: int) -> Iterator[dict[str, Any]]:
    for number, band in enumerate(bands(run.records)):
        since, until = max(band.from_ns, from_ns), min(band.to_ns, to_ns)
        if since <= until:
            yield _slice(band.about, _FAULTS, number + 1, since, until - since, {})


def _slice(name: str, pid: int, tid: int, at_ns: int, length_ns: int, args: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"ph": "X", "name": name, "pid": pid, "tid": tid},
        **{"ts": at_ns / 1000, "dur": length_ns / 1000, "args": args},
    }


def _with_lengths(found: Sequence[Happening]) -> Iterator[tuple[Happening, int]]:
    following: dict[
        str, tuple[int, int]
    ] = {}  # node -> (instant of its next moments, the instant after that)
    lengths: list[int] = []
    for each in reversed(found):
        at, after = following.get(each.node, (-1, -1))
        if each.event in _MOMENTS and each.at_ns != at:
            following[each.node] = at, after = each.at_ns, at
        lengths.append(LONGEST_NS if after < 0 else min(LONGEST_NS, after - each.at_ns))
    yield from zip(found, reversed(lengths), strict=True)


def _events(each: Happening, tid: int, length_ns: int) -> list[dict[str, Any]]:
    if each.event not in _MOMENTS:
        if each.event in ("timer_fired", "saved", "synced", "noted", "operation"):
            return []
        moment = {"ph": "i", "s": "t", "name": each.name, "pid": _STATES, "tid": tid, "ts": each.at_ns / 1000}
        return [moment | {"args": dict(each.values)}]
    args = {"peer": each.peer, **each.values}
    made = [_slice(f"{each.event} {each.name}", _MESSAGES, tid, each.at_ns, length_ns, args)]
    if each.event != "lose":
        flow = {"name": each.name, "cat": "message", "id": each.message, "pid": _MESSAGES, "tid": tid}
        kind = {"ph": "s"} if each.event == "send" else {"ph": "f", "bp": "e"}
        made.append(flow | kind | {"ts": each.at_ns / 1000})
    return made
