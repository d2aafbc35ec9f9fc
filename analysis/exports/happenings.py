"""What happened on each node, one happening at a time: the common ground of all exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.rundata import RunData
from sim.records import Message, Noted, Operation, Record, as_dict

_NOBODY = ("run_started", "run_ended", "links_cut", "links_healed")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at one node. event: "send", "receive", "lose" or the kind of a record.

    peer: the other end of a message. message: its number, the same where it is sent and where it arrives.
    """

    at_ns: int
    node: str
    event: str
    name: str  # the type of a message; otherwise the kind of the record
    values: Mapping[str, Any] = field(default_factory=dict)
    peer: str = ""
    message: int = -1


def happenings(run: RunData, from_ns: int = 0, to_ns: int | None = None) -> list[Happening]:
    """Return what happened from `from_ns` to `to_ns` inclusive, in order of time; sending before arriving.

    Faults and other events that belong to no node have the node "".
    """
    found: list[Happening] = []
    number = 0
    for record in (*run.records, *run.details):
        if type(record) is Message:
            found += _of_message(record, number)
            number += 1
        else:
            found += _of_record(record)
    upto = max((each.at_ns for each in found), default=0) if to_ns is None else to_ns
    within = [each for each in found if from_ns <= each.at_ns <= upto]
    return sorted(within, key=lambda each: (each.at_ns, each.event == "receive", each.message))


def _of_message(record: Message, number: int) -> list[Happening]:
    sent = Happening(
        record.sent_at_ns, record.source, "send", record.type, record.fields, record.target, number
    )
    if record.outcome == "delivered":
        arrived = Happening(
            record.at_ns, record.target, "receive", record.type, record.fields, record.source, number
        )
        return [sent, arrived]
    lost = {"outcome": record.outcome}
    return [sent, Happening(record.at_ns, record.source, "lose", record.type, lost, record.target, number)]


def _of_record(record: Record) -> list[Happening]:
    told = as_dict(record)
    kind, at_ns = told.pop("kind"), told.pop("at_ns")
    if kind in _NOBODY:
        return []
    node = told.pop("client" if type(record) is Operation else "node", "") or told.get("client", "")
    name = record.note if type(record) is Noted else kind
    return [Happening(at_ns, node, kind, name, told)]
