"""`reach:` and `expect:`: metrics and what they must be, with units that fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sim.conditions import Condition
from sim.metrics import METRICS, VIOLATION_PREFIX
from sim.scenario import units
from sim.scenario.shapes import Context, mistake, mistakes, nearest
from sim.scenario.units import QuantityError, found

_OPERATOR = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*")
_LINE = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*((?:==|!=|<=|>=|<|>).*)")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]*")

Mistake = tuple[tuple[str | int, ...], str]
Wanted = tuple[str, float, str]  # operator, value in the metric's unit, as written


def _count(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,17}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise QuantityError(f"found {found(value)}, expected a plain integer")
    if abs(value) > 10**18:
        raise QuantityError(f"found {found(value)}, more than the limit of 10^18")
    return float(value)


_READERS: dict[str, Callable[[Any], float]] = {
    "seconds": lambda value: units.duration(value) / units.SECOND,
    "share": units.share,
    "count": _count,
    "per_second": lambda value: 0.0 if value in ("0/s", "0/min", "0/h") else float(units.rate(value)),
    "bytes": lambda value: float(units.size(value)),
}
_EXAMPLES = {
    "seconds": "a duration such as < 1s",
    "share": "a share such as >= 95%",
    "count": "an integer such as 0 or >= 1",
    "per_second": "a rate such as < 100/s",
    "bytes": "a size such as < 1MB",
}


def unit_of(metric: str) -> str:
    """Return the unit of a metric; a violation's property name may be any.

    Raises:
        PydanticCustomError: there is no such metric; the message has the nearest one.
    """
    if metric in METRICS:
        return METRICS[metric].unit
    if metric.startswith(VIOLATION_PREFIX) and _PROPERTY.fullmatch(metric.removeprefix(VIOLATION_PREFIX)):
        return "count"
    inner = sorted(name for name in METRICS if name.startswith(f"{metric}."))
    hint = f"; there is {', '.join(inner)}" if 0 < len(inner) <= 12 else nearest(metric, METRICS)
    raise mistake(f"unknown metric '{metric}'{hint}")


def wanted(written: Any, unit: str) -> list[Wanted]:
    """Return the conditions in what is written beside a metric: one, or two for a range.

    Raises:
        QuantityError: it is no condition, or its unit does not fit.
    """
    if isinstance(written, tuple):
        return _wanted_list(written, unit)
    text = written if isinstance(written, str) else str(written)
    match = _OPERATOR.fullmatch(text) if isinstance(written, str) else None
    if match:
        return [(match[1], _value(match[2], unit), text.strip())]
    low, dots, high = text.partition("..")
    if isinstance(written, str) and dots:
        return _range(low.strip(), high.strip(), unit)
    return [("==", _value(written, unit), text if isinstance(written, str | int) else found(written))]


def _wanted_list(written: tuple[Any, ...], unit: str) -> list[Wanted]:
    with_operator = [isinstance(item, str) and _OPERATOR.fullmatch(item) is not None for item in written]
    if written and all(with_operator):
        return [each for item in written for each in wanted(item, unit)]
    if len(written) != 2 or any(with_operator):
        raise QuantityError(f"found {found(written)}, expected a range such as [1, 3]")
    return _range(written[0], written[1], unit)


def _range(low: Any, high: Any, unit: str) -> list[Wanted]:
    ends = _value(low, unit), _value(high, unit)
    if ends[0] > ends[1]:
        raise QuantityError(f"found {low} above {high}, expected lowest..highest")
    return [(">=", ends[0], f">= {low}"), ("<=", ends[1], f"<= {high}")]


def _value(written: Any, unit: str) -> float:
    try:
        return _READERS[unit](written)
    except QuantityError as error:
        text = str(error)
        raise QuantityError(f"{text.partition(', expected')[0]}, expected {_EXAMPLES[unit]}") from None


def conditions(text: str) -> tuple[Condition, ...]:
    """Return the conditions in a line such as `availability.client >= 99%`, as `reach:` has them.

    Raises:
        ValueError: it is none; the message says what was found and what was expected.
    """
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"found {found(text)}, expected `metric operator value`")
    try:
        unit = unit_of(match[1])
    except PydanticCustomError as error:
        raise ValueError(error.message()) from None
    return tuple(Condition(match[1], *each) for each in wanted(match[2].strip(), unit))


def _expect(value: Any, context: Context) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise mistake(f"found {found(value)}, expected a mapping such as {{leader_changes: 1}}")
    conditions: list[Condition] = []
    wrong: list[Mistake] = []
    for metric, written in value.items():
        line = context.document.line(("expect", metric))
        _collect(metric, written, line, (metric,), conditions, wrong)
    if wrong:
        raise mistakes(wrong)
    return tuple(conditions)


def _reach(value: Any, context: Context) -> tuple[Condition, ...]:
    if not isinstance(value, tuple):
        raise mistake(f"found {found(value)}, expected a list such as [leader_changes >= 1]")
    conditions: list[Condition] = []
    wrong: list[Mistake] = []
    for index, text in enumerate(value):
        match = _LINE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            wrong.append(((index,), f"found {found(text)}, expected `metric operator value`"))
            continue
        line = context.document.line(("reach", index))
        _collect(match[1], match[2], line, (index,), conditions, wrong)
    if wrong:
        raise mistakes(wrong)
    return tuple(conditions)


def _collect(
    metric: str,
    written: Any,
    line: int,
    path: tuple[str | int, ...],
    conditions: list[Condition],
    wrong: list[Mistake],
) -> None:
    try:
        unit = unit_of(metric)
        conditions += [Condition(metric, *each, line) for each in wanted(written, unit)]
    except QuantityError as error:
        wrong.append((path, str(error)))
    except PydanticCustomError as error:
        wrong.append((path, error.message()))


class _Conditions:
    """Reads conditions; `schema` describes how they are written."""

    def __init__(self, read: Callable[[Any, Context], tuple[Condition, ...]], schema: dict[str, Any]) -> None:
        self._read = read
        self._schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: Any, info: core_schema.ValidationInfo[Context]) -> tuple[Condition, ...]:
            return self._read(value, info.context)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return self._schema


_WANTED = {"type": ["string", "integer"]}
_CONDITION = {"anyOf": [_WANTED, {"type": "array", "items": _WANTED, "minItems": 1}]}
_EXPECT_SCHEMA = {
    "type": "object",
    "properties": {
        name: {**_CONDITION, "description": f"{metric.doc} ({metric.unit}); {_EXAMPLES[metric.unit]}"}
        for name, metric in METRICS.items()
    },
    "patternProperties": {f"^violations\\.{_PROPERTY.pattern}$": _CONDITION},
    "additionalProperties": False,
}
_REACH_SCHEMA = {"type": "array", "items": {"type": "string", "pattern": _LINE.pattern}}

Expect = Annotated[tuple[Condition, ...], _Conditions(_expect, _EXPECT_SCHEMA)]
Reach = Annotated[tuple[Condition, ...], _Conditions(_reach, _REACH_SCHEMA)]
