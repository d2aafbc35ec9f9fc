"""Quantities as people write them, always with a unit, read exactly into integers.

All arithmetic is on integers: `0.1us` is 100 ns, and `0.5ns` is refused, since it is not a whole
number. Each reader takes any value of a scenario file and raises `QuantityError`, which says what
was found and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

NUMBER = r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?"
"""A decimal number without leading zeros and without an exponent, as a regular expression."""

SECOND = 1_000_000_000
DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu, which looks the same
    "ms": 1_000_000,
    "s": SECOND,
    "min": 60 * SECOND,
    "h": 3600 * SECOND,
}
SIZES = {"B": 1, "kB": 1000, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
BITS = {"bit/s": 1, "kbit/s": 1000, "Mbit/s": 10**6, "Gbit/s": 10**9}
BANDWIDTHS = BITS | {f"{unit}/s": 8 * factor for unit, factor in SIZES.items()}
PERIODS = {"/s": SECOND, "/min": 60 * SECOND, "/h": 3600 * SECOND}
RATE_ERRORS = {"ppb": 1, "ppm": 1000, "%": 10**7}

DURATION_MAX_NS = 10 * 365 * 24 * 3600 * SECOND
SIZE_MAX = 1 << 40
RATE_MAX_PER_SECOND = 1_000_000
RATE_ERROR_MIN_PPB, RATE_ERROR_MAX_PPB = -990_000_000, 9_000_000_000


def _pattern(units: Mapping[str, int], sign: str = "") -> str:
    return f"^{sign}{NUMBER}(?:{'|'.join(map(re.escape, units))})$"


# The very patterns of the JSON Schema, so that an editor refuses what the loader refuses.
DURATION_PATTERN = _pattern(DURATIONS)
SIGNED_PATTERN = _pattern(DURATIONS, "[+-]?")
SIZE_PATTERN = _pattern(SIZES)
BANDWIDTH_PATTERN = _pattern(BANDWIDTHS)
RATE_PATTERN = _pattern(PERIODS)
SHARE_PATTERN = f"^{NUMBER}%$"
RATE_ERROR_PATTERN = _pattern(RATE_ERRORS, "[+-]?")
RATE_BOUND_PATTERN = _pattern(RATE_ERRORS)
FACTOR_PATTERN = f"^{NUMBER}x$"

_QUANTITY = re.compile(rf"([+-]?)({NUMBER})(\D*)")


class QuantityError(ValueError):
    """A quantity cannot be read; the message says what was found and what was expected."""


class Rate(float):
    """Events per second, as a float, with the exact mean gap `period_ns`, to the nanosecond."""

    __slots__ = ("period_ns",)
    period_ns: int

    def __new__(cls, per_second: float, period_ns: int) -> Rate:
        """Return the rate; the two must mean the same."""
        rate = super().__new__(cls, per_second)
        rate.period_ns = period_ns
        return rate

    def __getnewargs__(self) -> tuple[float, int]:  # type: ignore[override]
        """Return what `pickle` rebuilds it from."""
        return float(self), self.period_ns


def found(value: object) -> str:
    """Return how to name a value of a scenario file in a message, e.g. `the list of 3`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    return "a mapping" if isinstance(value, Mapping) else f"a list of {len(value)}"  # type: ignore[arg-type]


def duration(value: object) -> int:
    """Return nanoseconds, 0 to 10 years; `150ms`."""
    return _duration(value, "")


def positive_duration(value: object) -> int:
    """Return nanoseconds, at least 1; `150ms`."""
    read = duration(value)
    if not read:
        raise QuantityError(f"found {found(value)}, expected a duration above zero")
    return read


def signed_duration(value: object) -> int:
    """Return nanoseconds of either sign; `-5s`, `+150ms`."""
    return _duration(value, "+-")


def _duration(value: object, signs: str) -> int:
    read = _exact(value, DURATIONS, "a duration such as 150ms or 5s", signs)
    return _at_most(value, read, DURATION_MAX_NS, "10 years (87600h)")


def size(value: object) -> int:
    """Return bytes; `64KiB`, `1MB`."""
    read = _exact(value, SIZES, "a size such as 64KiB or 1MB")
    return _at_most(value, read, SIZE_MAX, "1024GiB")


def bandwidth(value: object) -> int:
    """Return bytes per second, at least 1; `10Mbit/s`, `1MB/s`."""
    bits = _exact(value, BANDWIDTHS, "a bandwidth such as 10Mbit/s or 1MB/s")
    if bits < 8 or bits % 8:
        raise QuantityError(f"found {found(value)}, expected a whole number of bytes per second above zero")
    return _at_most(value, bits // 8, SIZE_MAX, "1024GiB/s")


def rate(value: object) -> Rate:
    """Return events per second, above 0 and at most a million; `100/s`, `6/min`, `2/h`."""
    number, scale, unit = _split(value, PERIODS, "a rate such as 100/s or 6/min")
    period = PERIODS[unit]
    if not number:
        raise QuantityError(f"found {found(value)}, expected a rate above zero")
    if number * SECOND > RATE_MAX_PER_SECOND * scale * period:
        raise QuantityError(f"found {found(value)}, more than the limit of {RATE_MAX_PER_SECOND}/s")
    if period * scale > number * DURATION_MAX_NS:
        raise QuantityError(f"found {found(value)}, less than once in 10 years")
    return Rate(number * SECOND / (scale * period), (2 * period * scale + number) // (2 * number))


def share(value: object) -> float:
    """Return a share in [0, 1], written with a percent sign only: `5%`."""
    number, scale, _ = _split(value, {"%": 1}, "a share such as 5%")
    if number > 100 * scale:
        raise QuantityError(f"found {found(value)}, more than the limit of 100%")
    return number / (100 * scale)


def ratio(value: object) -> float:
    """Return a non-negative number, plain or as a percentage: `1.2`, `5%` -> 0.05."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10**12:
        return float(value)
    number, scale, _ = _split(value, {"%": 1}, "a ratio such as 1.2 or 5%")
    return number / (100 * scale)


def rate_error(value: object) -> int:
    """Return the rate error of a clock in parts per billion; `100ppm`, `-5%`."""
    read = _exact(value, RATE_ERRORS, "a rate error such as 100ppm or -5%", "+-")
    if not RATE_ERROR_MIN_PPB <= read <= RATE_ERROR_MAX_PPB:
        raise QuantityError(f"found {found(value)}, outside the limits of -99% and 900%")
    return read


def positive_rate_error(value: object) -> int:
    """Return a bound or a step of a rate error in parts per billion, at least 0; `200ppm`."""
    read = rate_error(value)
    if read < 0:
        raise QuantityError(f"found {found(value)}, expected a rate error that is not negative")
    return read


def factor(value: object) -> float:
    """Return how many times as slow, from 1 to a million; `10x`."""
    number, scale, _ = _split(value, {"x": 1}, "a factor such as 10x")
    if not scale <= number <= 10**6 * scale:
        raise QuantityError(f"found {found(value)}, expected a factor from 1x to 1000000x")
    return number / scale


def written_duration(value_ns: int) -> str:
    """Return a length as a scenario writes it: the largest unit in which it is a whole number."""
    if not value_ns:
        return "0s"
    whole = [unit for unit, factor in DURATIONS.items() if unit.isascii() and value_ns % factor == 0]
    return f"{value_ns // DURATIONS[whole[-1]]}{whole[-1]}"


Reader = Callable[[object], Any]


def _exact(value: object, units: Mapping[str, int], expected: str, signs: str = "") -> int:
    """Return `value` in the base unit, as an integer; refuse what is not a whole number of it."""
    number, scale, unit = _split(value, units, expected, signs)
    whole, rest = divmod(number * units[unit], scale)
    if rest:
        smallest = min(units, key=lambda name: units[name])
        raise QuantityError(f"found {found(value)}, which is not a whole number of {smallest}")
    return whole


def _split(value: object, units: Mapping[str, int], expected: str, signs: str = "") -> tuple[int, int, str]:
    """Return (number, scale, unit): the quantity is number / scale units."""
    if not isinstance(value, str):
        raise QuantityError(f"found {found(value)}{_unitless(value)}, expected {expected}")
    match = _QUANTITY.fullmatch(value)
    if match is None or match[3] not in units:
        raise QuantityError(f"found {found(value)}, expected {expected}{_listed(value, units)}")
    sign, number, unit = match.groups()
    if sign and sign not in signs:
        raise QuantityError(f"found {found(value)}, expected {expected}, without a sign")
    whole, _, decimals = number.partition(".")
    digits = int(whole + decimals)
    return -digits if sign == "-" else digits, 10 ** len(decimals), unit


def _unitless(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return " without a unit" if number else ""


def _listed(value: str, units: Mapping[str, int]) -> str:
    """Name the units when a number is there with another one, or with none."""
    plain = [unit for unit in units if unit.isascii()]
    numeric = re.match(r"[+-]?[0-9]", value) is not None and len(plain) > 1
    return f" (units: {', '.join(plain)})" if numeric else ""


def _at_most(value: object, read: int, limit: int, written: str) -> int:
    if abs(read) > limit:
        raise QuantityError(f"found {found(value)}, more than the limit of {written}")
    return read
