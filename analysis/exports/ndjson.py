"""One JSON object per event, in causal order: what a trace validator reads."""

from __future__ import annotations

import json

from analysis.exports.happenings import happenings
from analysis.rundata import RunData


def ndjson(run: RunData, from_ns: int = 0, to_ns: int | None = None) -> str:
    """Return a line per event: n (from 0), at_ns, node, event, name, and its values.

    event: "send", "receive" and "lose" (with peer and message, the number that joins them), or a kind of
    `sim.records`; of a note, name is its kind. A sending comes before its arrival.

    Source of the idea: Cirstea, Kuppe, Loillier, Merz, "Validating Traces of Distributed Programs Against
    TLA+ Specifications" (2024): events in order, with what they changed.
    """
    lines = []
    for number, each in enumerate(happenings(run, from_ns, to_ns)):
        told = {"n": number, "at_ns": each.at_ns, "node": each.node, "event": each.event, "name": each.name}
        if each.message >= 0:
            told |= {"peer": each.peer, "message": each.message}
        lines.append(json.dumps({**told, "values": dict(each.values)}, separators=(",", ":")) + "\n")
    return "".join(lines)
