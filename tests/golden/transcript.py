"""A run as text that can be read like a story: who said what to whom, and what came of it.

Times are milliseconds. `n1 > n2` is a message, written when it arrives; what a server then does stands
below it, indented. Entries are `index:term`, or `index:term command`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.records import FaultEnded, FaultStarted, Followed, Message, Noted
from sim.run import run

Values = Mapping[str, Any]


def transcript(scenario: Mapping[str, Any], title: str, *, quiet: Sequence[str] = ()) -> str:
    """Return the story of a scenario under seed 1; messages of the classes in `quiet` are left out."""
    result = run(scenario, seed=1, trace="full")
    faults = [record for record in result.records if type(record) in (FaultStarted, FaultEnded)]
    deposed = [record for record in result.records if type(record) is Followed]
    details = [each for each in result.details if type(each) in (Message, Noted)]
    # What is done to the servers comes before what they do in the same instant.
    story = sorted([*faults, *details, *deposed], key=lambda record: record.at_ns)
    lines = [text for record in story if (text := _line(record, quiet))]
    ends = [f"{node}: {_log(result.details, node)}" for node in result.records[0].servers]
    return "\n".join([title, "", *lines, "", "Logs at the end, as they were appended:", *ends]) + "\n"


def _line(record: Any, quiet: Sequence[str]) -> str:
    time = f"{record.at_ns / 1e6:9.3f}"
    if type(record) is FaultStarted:
        return f"{time}  * {record.action} {', '.join(record.targets)}"
    if type(record) is FaultEnded:
        return f"{time}  * end of {record.action} {', '.join(record.targets)}"
    if type(record) is Followed:
        return f"{time}      {record.node} leads no more in term {record.epoch}: {record.reason}"
    if type(record) is Message:
        return "" if record.type in quiet else f"{time}  {_message(record)}"
    own = record.note == "leader_known" and record.values["leader"] == record.node
    note = "led" if own else record.note
    text = _NOTES[note](record.values) if note in _NOTES else ""
    return f"{time}      {record.node} {text}" if text else ""


def _message(record: Message) -> str:
    shown = [text for name, value in record.fields.items() if (text := _field(name, value, record.fields))]
    lost = "" if record.outcome == "delivered" else f"  ({record.outcome})"
    return f"{record.source} > {record.target}  {record.type} {' '.join(shown)}{lost}"


def _field(name: str, value: Any, fields: Values) -> str:
    if name == "entries":
        return entries(fields["prev_log_index"], value)
    if value is None or name == "candidate":  # the candidate is who sends
        return ""
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name}={value}" if isinstance(value, int | str) else f"{name}=..."


def entries(prev_index: int, found: Sequence[Values]) -> str:
    """Return entries as `[2:1 3:1 put x 1]`; no-ops are their index and term alone."""
    return "[" + " ".join(_entry(index, each) for index, each in enumerate(found, prev_index + 1)) + "]"


def _entry(index: int, entry: Values) -> str:
    command = entry["command"]
    if isinstance(command, list):
        words = "" if command == ["noop"] else " " + " ".join(map(str, command))
    elif "command" in command:  # a client's request
        words = " " + " ".join(map(str, command["command"]))
    else:  # a configuration
        words = "".join(f" {name}={'/'.join(value)}" for name, value in command.items() if value)
    return f"{index}:{entry['epoch']}{words}"


_NOTES: dict[str, Callable[[Values], str]] = {
    "campaigned": lambda v: f"campaigns in term {v['epoch']}",
    "vote_granted": lambda v: f"votes for {v['candidate']} in term {v['epoch']}",
    "vote_refused": lambda v: f"refuses {v['candidate']} its vote in term {v['epoch']}: {v['reason']}",
    "leader_known": lambda v: f"knows that {v['leader']} leads in term {v['epoch']}",
    "led": lambda v: f"leads in term {v['epoch']}",
    "appended": lambda v: f"appends {entries(v['prev_index'], v['entries'])}",
    "truncated": lambda v: f"removes its entries from {v['from_index']} on",
    "committed": lambda v: f"commits up to {v['index']}",
    "restored": lambda v: f"takes a snapshot up to {v['index']}:{v['epoch']} in place of its state",
}


def _log(details: Sequence[Any], node: str) -> str:
    """Return the log of a node, from what it noted; what a snapshot replaced is not in it."""
    log: dict[int, str] = {}
    for each in details:
        if type(each) is Noted and each.node == node:
            if each.note == "truncated":
                log = {index: text for index, text in log.items() if index < each.values["from_index"]}
            elif each.note == "restored":
                log = {each.values["index"]: f"...{each.values['index']}:{each.values['epoch']}"}
            elif each.note == "appended":
                for index, entry in enumerate(each.values["entries"], each.values["prev_index"] + 1):
                    log[index] = f"{index}:{entry['epoch']}"
    return " ".join(log[index] for index in sorted(log))
