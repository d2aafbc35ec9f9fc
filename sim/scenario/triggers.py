"""Events on which a fault fires or a run ends: `{event: leader_elected, epoch: ">= 3"}`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from protocols.api import NOTES
from sim.scenario.faults import EpochCondition, Trigger
from sim.scenario.selectors import WORDS, Selector, Who
from sim.scenario.shapes import Context, Length, Read, Shape, mistake, mistakes, nearest
from sim.scenario.units import found

EVENTS: dict[str, str] = {
    "leader_elected": "a node begins to believe that it leads",
    "leader_lost": "a node no longer believes so, or crashed while it did",
    "service_leader_elected": "a member of a coordination service begins to lead the others",
    "service_leader_lost": "it no longer does, or crashed while it did",
    "crashed": "a process died",
    "restarted": "a process started again",
    "paused": "a process stands still",
    "resumed": "a process runs again",
    "saving": "a record was handed to the disk, and is not durable yet",
    "saved": "a record became durable",
    **{kind: f"the protocol reported it, with {', '.join(values)}" for kind, values in NOTES.items()},
}
WITH_RECORD = ("saving", "saved")
WITHOUT_EPOCH = (
    *("crashed", "restarted", "paused", "resumed", *WITH_RECORD),
    *(kind for kind, values in NOTES.items() if "epoch" not in values),
)

_EPOCH = re.compile(r"(==|!=|<=|>=|<|>)?\s*(0|[1-9][0-9]{0,17})")


class _EpochField:
    """An epoch, or an operator and an epoch."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_epoch)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": f"^{_EPOCH.pattern}$"}]
        }


def _epoch(value: Any) -> EpochCondition:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _EPOCH.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise mistake(f'found {found(value)}, expected an epoch such as 3, or a condition such as ">= 3"')
    return EpochCondition(match[1] or "==", int(match[2]))


_FIXED_WORDS = tuple(word for word in WORDS if word != "that node")


class _Trigger(Shape):
    """Something that happens in the run."""

    event: str = Field(description="what happens", json_schema_extra={"enum": list(EVENTS)})
    node: Annotated[Selector, Who(_FIXED_WORDS)] | None = Field(
        None, description="at one of these nodes only"
    )
    epoch: Annotated[EpochCondition, _EpochField()] | None = Field(None, description="in such an epoch only")
    nth: Annotated[int, Field(ge=1, le=10**9)] = Field(
        1, description="every how many of these (1: every one)"
    )
    record: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="with saving and saved: this class of record only, such as hard_state",
    )
    lasting: Length | None = Field(
        None, description="with leader_elected: so much later, if that node has led all the time"
    )


def _trigger(shape: _Trigger, context: Context) -> Trigger:
    wrong: list[tuple[tuple[str, ...], str]] = []
    if shape.event not in EVENTS:
        wrong.append((("event",), f"unknown event '{shape.event}'{nearest(shape.event, EVENTS)}"))
    if shape.record is not None and shape.event not in WITH_RECORD:
        wrong.append((("record",), f"only {' and '.join(WITH_RECORD)} have a record, not {shape.event}"))
    if shape.epoch is not None and shape.event in WITHOUT_EPOCH:
        wrong.append((("epoch",), f"the event {shape.event} has no epoch"))
    if shape.lasting is not None and shape.event != "leader_elected":
        wrong.append((("lasting",), f"only leader_elected begins something that lasts, not {shape.event}"))
    if wrong:
        raise mistakes(wrong)
    return Trigger(shape.event, shape.node, shape.epoch, shape.nth, shape.record, shape.lasting or 0)


TriggerField = Annotated[Trigger, Read(_Trigger, _trigger)]
