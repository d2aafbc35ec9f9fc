"""Turning messages, records and notes into the plain values of a full trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from protocols.api import NOTES
from sim.records import Noted, Saved, Synced
from sim.trace import Trace


def plain_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a message or record, fit for JSON."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def plain(value: Any) -> Any:
    """Return `value` as numbers, texts, lists and dicts."""
    if is_dataclass(value):
        return plain_fields(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def record_details(trace: Trace) -> None:
    """Record every save, synchronisation and note of a run from now on."""

    def saving(node: str, record: Any) -> None:
        trace.detail(Saved(trace.now, node, type(record).__name__, plain_fields(record)))

    def saved(node: str, count: int) -> None:
        trace.detail(Synced(trace.now, node, count))

    trace.listen("saving", saving)
    trace.listen("saved", saved)
    for kind, names in NOTES.items():
        trace.listen(kind, _noter(trace, kind, names))


def _noter(trace: Trace, kind: str, names: tuple[str, ...]) -> Callable[..., None]:
    def note(node: str, *values: Any) -> None:
        named = {name: plain(value) for name, value in zip(names, values, strict=True)}
        trace.detail(Noted(trace.now, node, kind, named))

    return note
