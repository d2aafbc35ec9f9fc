"""Parameters of protocols and workloads, as a scenario writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.scenario import units
from sim.scenario.units import QuantityError, found

COUNT_MAX = 10**12


def read_parameter(value: Any, metadata: Mapping[str, Any]) -> Any:
    """Return the stored value of what a scenario says of a field made by `protocols.api.parameter`.

    Raises:
        QuantityError: it is not of that unit, or below the minimum.
    """
    minimum = metadata.get("minimum")
    read = _READERS[metadata["unit"]](value)
    _check_minimum(value, read, metadata["unit"], 0 if minimum is None else minimum)
    return read


def _check_minimum(value: Any, stored: Any, unit: str, minimum: float) -> None:
    lowest = stored[0] if unit == "duration_range" else stored
    if isinstance(lowest, int | float) and not isinstance(lowest, bool) and lowest < minimum:
        shown = units.written_duration(int(minimum)) if unit.startswith("duration") else minimum
        raise QuantityError(f"found {found(value)}, less than the minimum of {shown}")


def _duration_range(value: object) -> tuple[int, int]:
    if not isinstance(value, tuple) or len(value) != 2:
        raise QuantityError(f"found {found(value)}, expected a range such as [150ms, 300ms]")
    low, high = units.duration(value[0]), units.duration(value[1])
    if low > high:
        raise QuantityError(f"found {value[0]} above {value[1]}, expected [lowest, highest]")
    return low, high


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise QuantityError(f"found {found(value)}, expected an integer")
    if value > COUNT_MAX:
        raise QuantityError(f"found {value}, more than the limit of {COUNT_MAX}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise QuantityError(f"found {found(value)}, expected true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise QuantityError(f"found {found(value)}, expected text")
    return value


_READERS: dict[str, units.Reader] = {
    "duration": units.duration,
    "duration_range": _duration_range,
    "count": _count,
    "flag": _flag,
    "ratio": units.ratio,
    "text": _text,
    "rate": lambda value: units.rate(value).period_ns,
}
