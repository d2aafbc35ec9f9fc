"""How a scenario writes a distribution: `5ms`, `{uniform: [1ms, 5ms]}`, `{empirical: file.csv}`, ...

One table has every kind and its keys; reading and the JSON Schema follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sim import distributions as dist
from sim.distributions import Distribution
from sim.scenario import units
from sim.scenario.shapes import SHARED, Context, mistake, mistakes, nearest
from sim.scenario.tables import TableError, column
from sim.scenario.units import QuantityError, found

Mistake = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True)
class Scale:
    """What a distribution is about: how its values are written, and their limits."""

    read: units.Reader
    spread: units.Reader  # for what cannot be negative, such as a standard deviation
    pattern: str
    name: str
    example: str
    minimum: int  # where a normal distribution is cut off unless it says so
    maximum: int
    columns: Mapping[str, int]  # units in the header of a CSV file: "ms" in `latency_ms`


_TIMES = {unit: factor for unit, factor in units.DURATIONS.items() if unit.isascii()}
_LONGEST = units.DURATION_MAX_NS
LENGTHS = Scale(units.duration, units.duration, units.DURATION_PATTERN, "lengths", "5ms", 0, _LONGEST, _TIMES)
OFFSETS = Scale(
    units.signed_duration,
    units.duration,
    units.SIGNED_PATTERN,
    "offsets",
    "-5ms",
    -_LONGEST,
    _LONGEST,
    _TIMES,
)
RATE_ERRORS = Scale(
    units.rate_error,
    units.positive_rate_error,
    units.RATE_ERROR_PATTERN,
    "rateErrors",
    "100ppm",
    units.RATE_ERROR_MIN_PPB,
    units.RATE_ERROR_MAX_PPB,
    {"ppb": 1, "ppm": 1000},
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of distribution: its keys, how each is read, and what it becomes.

    A key is read as a "value", a "spread" (never negative) or a plain "number".
    """

    keys: Mapping[str, str]
    optional: tuple[str, ...]
    build: Callable[[Mapping[str, Any], Scale], Distribution]
    doc: str


def _uniform(low: int, high: int) -> Distribution:
    if low > high:
        raise QuantityError("found a lower end above the upper end, expected [low, high]")
    return dist.Uniform(low, high) if low < high else dist.Constant(low)


def _normal(keys: Mapping[str, Any], scale: Scale) -> Distribution:
    return dist.Normal(keys["mean"], keys["sd"], keys.get("minimum", scale.minimum))


def _lognormal(keys: Mapping[str, Any], scale: Scale) -> Distribution:
    if not 0 < keys["median"] <= keys["p99"]:
        raise QuantityError("expected a median above zero, and a p99 that is not below it")
    return dist.Lognormal(keys["median"], keys["p99"])


def _exponential(keys: Mapping[str, Any], scale: Scale) -> Distribution:
    minimum = keys.get("minimum", 0)
    if keys["mean"] <= minimum:
        raise QuantityError("expected a mean above the minimum, which it includes")
    return dist.Exponential(keys["mean"], minimum)


def _pareto(keys: Mapping[str, Any], scale: Scale) -> Distribution:
    if keys["minimum"] <= 0 or not 0 < keys["alpha"] <= 1000:
        raise QuantityError("expected a minimum above zero, and an alpha above 0 and at most 1000")
    return dist.Pareto(keys["minimum"], keys["alpha"])


KINDS: dict[str, Kind] = {
    "normal": Kind(
        {"mean": "value", "sd": "spread", "minimum": "value"},
        ("minimum",),
        _normal,
        "Bell curve; what lies below `minimum` becomes `minimum` (default 0 where nothing can be negative).",
    ),
    "lognormal": Kind(
        {"median": "value", "p99": "value"}, (), _lognormal, "Given by its median and 99th percentile."
    ),
    "exponential": Kind(
        {"mean": "value", "minimum": "value"},
        ("minimum",),
        _exponential,
        "Memoryless; `mean` includes `minimum` (default 0).",
    ),
    "pareto": Kind(
        {"minimum": "value", "alpha": "number"}, (), _pareto, "P(X > x) = (minimum / x) ** alpha."
    ),
}
NAMES = ("uniform", *KINDS, "empirical")


def read(value: Any, scale: Scale, context: Context) -> Distribution:
    """Return the distribution that `value` describes.

    Raises:
        PydanticCustomError, ValidationError: with the path of every mistake in it.
    """
    if not isinstance(value, Mapping):
        try:
            return dist.Constant(scale.read(value))
        except QuantityError as error:
            raise mistake(f"{error}; or a distribution such as {{uniform: [...]}}") from None
    if len(value) != 1:
        raise mistake(f"found {len(value)} keys, expected one distribution: {', '.join(NAMES)}")
    name, content = next(iter(value.items()))
    if name == "uniform":
        return _read_uniform(content, scale)
    if name == "empirical":
        return _read_empirical(content, scale, context)
    if name not in KINDS:
        raise mistakes([((name,), f"unknown distribution '{name}'{nearest(name, NAMES)}")])
    return _read_kind(name, content, scale)


def _read_uniform(content: Any, scale: Scale) -> Distribution:
    if not isinstance(content, tuple) or len(content) != 2:
        raise mistakes([(("uniform",), f"found {found(content)}, expected [low, high]")])
    wrong: list[Mistake] = []
    ends = [_read_key(end, "value", scale, ("uniform", i), wrong) for i, end in enumerate(content)]
    if wrong:
        raise mistakes(wrong)
    try:
        return _uniform(ends[0], ends[1])
    except QuantityError as error:
        raise mistakes([(("uniform",), str(error))]) from None


def _read_kind(name: str, content: Any, scale: Scale) -> Distribution:
    kind = KINDS[name]
    if not isinstance(content, Mapping):
        written = ", ".join(kind.keys)
        raise mistakes([((name,), f"found {found(content)}, expected a mapping with {written}")])
    wrong: list[Mistake] = [
        ((name, key), f"unknown key '{key}'{nearest(key, kind.keys)}")
        for key in content
        if key not in kind.keys
    ]
    values = {
        key: _read_key(content[key], how, scale, (name, key), wrong)
        for key, how in kind.keys.items()
        if key in content
    }
    needed = [key for key in kind.keys if key not in (*content, *kind.optional)]
    wrong += [((name, key), "this key is missing") for key in needed]
    if wrong:
        raise mistakes(wrong)
    try:
        return kind.build(values, scale)
    except QuantityError as error:
        raise mistakes([((name,), str(error))]) from None


def _read_key(value: Any, how: str, scale: Scale, path: tuple[str | int, ...], wrong: list[Mistake]) -> Any:
    readers = {"value": scale.read, "spread": scale.spread, "number": _number}
    try:
        return readers[how](value)
    except QuantityError as error:
        wrong.append((path, str(error)))
        return 0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QuantityError(f"found {found(value)}, expected a plain number")
    return float(value)


def _read_empirical(content: Any, scale: Scale, context: Context) -> Distribution:
    options = {"file": content} if isinstance(content, str) else content
    if not isinstance(options, Mapping) or "file" not in options:
        message = f"found {found(content)}, expected a file, or {{file: ..., column: ..., unit: ...}}"
        raise mistakes([(("empirical",), message)])
    wrong = [
        (("empirical", key), f"found {found(text)}, expected text; the keys are file, column, unit")
        for key, text in options.items()
        if key not in ("file", "column", "unit") or not isinstance(text, str)
    ]
    if wrong:
        raise mistakes(wrong)
    try:
        path = context.folder / options["file"]
        values = column(path, scale.columns, options.get("column"), options.get("unit"))
        return _empirical(values, scale)
    except TableError as error:
        raise mistakes([(("empirical",), str(error))]) from None


def _empirical(values: tuple[int, ...], scale: Scale) -> Distribution:
    low, high = scale.minimum, scale.maximum
    if values[0] < low or values[-1] > high:
        raise TableError(f"found values from {values[0]} to {values[-1]}, outside the limits {low} to {high}")
    return dist.Empirical(values)


class Of:
    """Metadata of an annotation: a distribution over `scale`."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that calls `read`."""

        def validate(value: Any, info: core_schema.ValidationInfo[Context]) -> Distribution:
            return read(value, self.scale, info.context)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Return every way to write it, from the table of kinds."""
        return {SHARED: [self.scale.name, json_schema(self.scale)]}


LengthDistribution = Annotated[Distribution, Of(LENGTHS)]
OffsetDistribution = Annotated[Distribution, Of(OFFSETS)]
RateErrorDistribution = Annotated[Distribution, Of(RATE_ERRORS)]


_CLOSED = {"additionalProperties": False}


def json_schema(scale: Scale) -> dict[str, Any]:
    """Return the JSON Schema of a distribution over `scale`."""
    value = {"type": "string", "pattern": scale.pattern}
    number = {"type": "number", "exclusiveMinimum": 0}
    text = {"type": "string", "minLength": 1}
    pair = {"type": "array", "items": value, "minItems": 2, "maxItems": 2}
    shown = {"value": value, "spread": value, "number": number}
    kinds = {name: _object(kind, shown) for name, kind in KINDS.items()}
    file = {
        "type": "object",
        "properties": {"file": text, "column": text, "unit": text},
        "required": ["file"],
    }
    kinds["uniform"] = {**pair, "description": "Every value in [low, high) alike."}
    kinds["empirical"] = {
        "anyOf": [text, {**file, **_CLOSED}],
        "description": "Measured values: a CSV file, relative to the scenario, with the unit in the header.",
    }
    return {
        "oneOf": [
            {**value, "description": f"always the same, such as {scale.example}"},
            *(
                {"type": "object", "properties": {name: kinds[name]}, "required": [name], **_CLOSED}
                for name in NAMES
            ),
        ],
    }


def _object(kind: Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": kind.doc,
        "properties": {key: shown[how] for key, how in kind.keys.items()},
        "required": [key for key in kind.keys if key not in kind.optional],
        "additionalProperties": False,
    }
