"""The records of a trace that are kept only at the levels `summary` and `full`; see `sim.records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Operation:
    """One client command, from the first attempt to its end (level `summary` and up).

    outcome: "ok"; "fail" certainly not done; "info" unknown (Jepsen's terms). `completed_at_ns` is
    -1 while open at the end of the run.
    """

    at_ns: int  # invoked
    completed_at_ns: int
    client: str
    serial: int
    command: tuple[Any, ...]
    outcome: Literal["ok", "fail", "info"]
    value: Any
    attempts: int
    node: str  # that answered; "" if none
    epoch: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message (level `full`), written when it arrives or is lost.

    outcome: "delivered", "lost" (by the link), "cut" (by a partition), "down" (nobody at the
    target), "ignored" (no handler). `at_ns` is the arrival, or the sending of one that was lost.
    """

    at_ns: int
    sent_at_ns: int
    source: str
    target: str
    type: str
    outcome: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """A record was handed to the disk (level `full`)."""

    at_ns: int
    node: str
    type: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Synced:
    """So many records became durable (level `full`)."""

    at_ns: int
    node: str
    records: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of a process fired (level `full`)."""

    at_ns: int
    node: str
    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Any other event that a protocol reported (level `full`); see `protocols.api.NOTES`."""

    at_ns: int
    node: str
    note: str
    values: dict[str, Any]
