"""A log for ShiViz (https://bestchai.bitbucket.io/shiviz/), with a vector clock for every event."""

from __future__ import annotations

import json
from collections.abc import Iterator

from analysis.exports.happenings import Happening, happenings
from analysis.rundata import RunData

PARSER = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"
"""The regular expression of the first line: ShiViz reads the log with it."""

_QUIET = frozenset({"timer_fired", "saved", "synced", "noted", "operation"})


def shiviz(run: RunData, from_ns: int = 0, to_ns: int | None = None) -> str:
    """Return the log: the parser, an empty line, then two lines for each event.

    Events are messages sent, received and lost, and milestones of nodes. In a vector clock the entry of
    the host itself grows by one with each of its events; a message that was sent before `from_ns` brings
    nothing along.

    Source: ShiViz's input format (its README, "Log format").
    """
    return "\n".join([PARSER, "", *_lines(happenings(run, from_ns, to_ns))]) + "\n"


def _lines(found: list[Happening]) -> Iterator[str]:
    clocks: dict[str, dict[str, int]] = {}
    carried: dict[int, dict[str, int]] = {}
    for each in found:
        if not each.node or each.event in _QUIET:
            continue
        host = each.node.replace(" ", "_")
        clock = clocks.setdefault(host, {})
        if each.event == "receive":
            for other, count in carried.pop(each.message, {}).items():
                clock[other] = max(clock.get(other, 0), count)
        clock[host] = clock.get(host, 0) + 1
        if each.event == "send":
            carried[each.message] = dict(clock)
        yield f"{each.at_ns / 1e9:.9f} {_told(each)}".replace("\n", " ")
        yield f"{host} {json.dumps(clock)}"


def _told(each: Happening) -> str:
    ways = {"send": "to", "receive": "from", "lose": "to"}
    if each.event in ways:
        return f"{each.event} {each.name} {ways[each.event]} {each.peer}"
    return " ".join([each.name, *(f"{name}={value}" for name, value in each.values.items())])
