"""How far a run went, against what its protocol assumes and its scenario grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.records import BoundMeasured, Record

_LENGTH = ("s", 1_000_000_000)
UNITS = {"clock_rate": ("ppm", 1000), "clock_error": _LENGTH, "pause": _LENGTH, "delay": _LENGTH}
"""Of each bound: the unit in which it is told, and how many of the record's units make one."""


@dataclass(frozen=True, slots=True)
class BoundHeld:
    """One bound of a run, in `unit` ("ppm" or "s"); None where nothing is assumed or granted.

    `exceeded_by`: how much the worst was beyond what the protocol assumes; None if it was not.
    """

    bound: str
    unit: str
    assumed: float | None
    granted: float | None
    measured: float
    worst_of: str
    exceeded_by: float | None


def bounds(records: Sequence[Record]) -> list[BoundHeld]:
    """Return the bounds that the protocol assumes, or the scenario grants, and what was measured."""
    return [_held(record) for record in records if type(record) is BoundMeasured]


def _held(record: BoundMeasured) -> BoundHeld:
    unit, scale = UNITS[record.bound]

    def told(value: int | None) -> float | None:
        return None if value is None else value / scale

    beyond = None if record.assumed is None else record.measured - record.assumed
    return BoundHeld(
        record.bound,
        unit,
        told(record.assumed),
        told(record.granted),
        record.measured / scale,
        record.worst_of,
        told(beyond) if beyond is not None and beyond > 0 else None,
    )
