"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.metrics import METRICS

SECOND_NS = 1_000_000_000
_LENGTHS = (
    # From this length on, in this unit, with this name.
    (36_000 * SECOND_NS, 3_600 * SECOND_NS, "h"),
    (600 * SECOND_NS, 60 * SECOND_NS, "min"),
    (SECOND_NS, SECOND_NS, "s"),
    (1_000_000, 1_000_000, "ms"),
    (1_000, 1_000, "us"),
)
_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def three_digits(value: float) -> str:
    """Return `value` >= 0 with three significant digits, or all digits before the point.

    >>> three_digits(1.5), three_digits(213.4), three_digits(12345.6), three_digits(0.01234)
    ('1.5', '213', '12346', '0.0123')
    """
    if not 0 < value < 100:
        return f"{value:.0f}"
    text = f"{value:.3g}" if value >= 1e-4 else f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(length_ns: float) -> str:
    """Return a length of time, e.g. `213ms`."""
    for least, unit, name in _LENGTHS:
        if length_ns >= least:
            return three_digits(length_ns / unit) + name
    return "0s" if not length_ns else three_digits(length_ns) + "ns"


def seconds(length: float) -> str:
    """Return a length given in seconds, e.g. `213ms`."""
    return duration(length * SECOND_NS)


def rate_error(ppm: float) -> str:
    """Return how far a clock's rate is off: `50ppm`, or `25%` from 0.1% on.

    >>> rate_error(50.0), rate_error(250_000.0), rate_error(0.0)
    ('50ppm', '25%', '0ppm')
    """
    return f"{ppm / 10_000:.6g}%" if ppm >= 1000 else f"{ppm:.6g}ppm"


def instant(at_ns: int) -> str:
    """Return a point in time to the microsecond, so that it can be found in a trace: `12.345678s`."""
    return f"{at_ns / SECOND_NS:.6f}s"


def share(value: float) -> str:
    """Return a percentage that is 100% or 0% only if exactly that was measured.

    >>> share(0.5), share(0.9953), share(0.999999), share(1.0)
    ('50%', '99.53%', '99.9999%', '100%')
    """
    for digits in range(2, 9):
        text = f"{value * 100:.{digits}f}"
        if value in (0.0, 1.0) or text.strip("0.") not in ("", "1"):
            break
    return text.rstrip("0").rstrip(".") + "%"


def count(value: float) -> str:
    """Return a number with separated thousands: `12,345`."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def size(value: float) -> str:
    """Return bytes, e.g. `1.23MB`."""
    for unit, name in _SIZES:
        if value >= unit:
            return three_digits(value / unit) + name
    return f"{value:.0f}B"


def per_second(value: float) -> str:
    """Return a rate, e.g. `812/s`."""
    return three_digits(value) + "/s"


_METRIC: dict[str, Callable[[float], str]] = {
    "seconds": seconds,
    "share": share,
    "count": count,
    "bytes": size,
    "per_second": per_second,
}


def metric(name: str, value: float | None) -> str:
    """Return the value of a metric in its unit; `-` if nothing was measured."""
    if value is None:
        return "-"
    # What is not in the catalogue is `violations.<property>`, a count.
    return _METRIC[METRICS[name].unit if name in METRICS else "count"](value)


def written(value: Any, unit: str) -> Any:
    """Return a parameter's stored value as a scenario writes it: 50_000_000, "duration" -> "50ms".

    `unit` is one of `protocols.api.Unit`; the result is text, a number, a flag or a list of text.
    """
    from sim.scenario.units import written_duration

    writers: dict[str, Callable[[Any], Any]] = {
        "duration": written_duration,
        "duration_range": lambda pair: [written_duration(each) for each in pair],
        "rate": lambda gap_ns: f"{SECOND_NS / gap_ns:g}/s",
    }
    return writers.get(unit, lambda same: same)(value)
