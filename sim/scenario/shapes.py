"""The base of every part of a scenario: strict, frozen, and with mistakes in plain words.

A *shape* is what is written in the file; what the engine reads are integers, strings and frozen
dataclasses. `Read` joins the two: it validates a shape, then converts it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    GetCoreSchemaHandler,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from sim.scenario import units
from sim.scenario.document import Document
from sim.scenario.units import QuantityError, found

SHARED = "x-shared"
"""A key of the JSON Schema under way, with the [name, schema] of a part that many places share."""

OURS = "scenario"
"""The type of an error whose message needs no translation."""


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who in the scenario: node names by role, and the regions."""

    roles: Mapping[str, tuple[str, ...]]  # "contenders", "servers", "clients", "resources"
    regions: tuple[str, ...] | None = ()  # None: not known, because their block was not valid

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node, once, in the order of the roles."""
        return tuple(dict.fromkeys(node for role in self.roles.values() for node in role))


@dataclass(slots=True)
class Context:
    """What validators know of the rest of the scenario; each part adds to it, in the file's order.

    None means that the part was not valid: what depends on it is then not checked.
    """

    document: Document
    folder: FilePath
    names: Names | None = None
    protocol: Any = None  # the protocol's ProtocolSpec
    duration_ns: int | None = None
    heal_at_ns: int | None = None
    place: dict[str, str] = field(default_factory=dict)  # node -> region


def mistake(message: str) -> PydanticCustomError:
    """Return the error of one mistake, to be raised in a validator."""
    return PydanticCustomError(OURS, "{message}", {"message": message})


def mistakes(found_there: Iterable[tuple[Sequence[str | int], str]]) -> ValidationError:
    """Return the error of several mistakes, each with its path from the value that is validated."""
    return ValidationError.from_exception_data(
        OURS,
        [InitErrorDetails(type=mistake(text), loc=tuple(path), input=None) for path, text in found_there],
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or the list of what there is when nothing is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(names)}" if 0 < len(names) <= 24 else ""


class Shape(BaseModel):
    """A mapping of a scenario file: strict, frozen, and nothing but its own keys."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_plain_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # No key has a meaning without a value; pydantic would take it for an optional one left out.
        empty = [key for key, value in data.items() if value is None] if isinstance(data, Mapping) else []
        wrong = [((key,), "found nothing after this key; give it a value or leave it out") for key in empty]
        try:
            valid = handler(data)
        except ValidationError as error:
            said = [each for each in _translated(cls, error) if each[0][:1] not in [(key,) for key in empty]]
            raise mistakes([*wrong, *said]) from None
        if wrong:
            raise mistakes(wrong)
        return valid

    @classmethod
    def keys(cls) -> list[str]:
        """Return the keys as they are written."""
        return [info.alias or name for name, info in cls.model_fields.items() if not info.exclude]


class Read:
    """Metadata of an annotation: validate `shape`, then `convert(value, context)`."""

    def __init__(self, shape: Any, convert: Callable[[Any, Context], Any]) -> None:
        self._shape = shape
        self._convert = convert

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the shape's own schema, followed by the conversion."""
        convert = self._convert

        def converted(value: Any, info: core_schema.ValidationInfo[Context]) -> Any:
            return convert(value, info.context)

        return core_schema.with_info_after_validator_function(converted, handler.generate_schema(self._shape))


def either(plain: Any, mapping: Any) -> Any:
    """Return the annotation of what is a mapping of one shape, or else something plain."""
    return Annotated[
        Annotated[plain, Tag("<plain>")] | Annotated[mapping, Tag("<mapping>")],
        Discriminator(lambda value: "<mapping>" if isinstance(value, Mapping) else "<plain>"),
    ]


def quantity(name: str, reader: units.Reader, pattern: str, description: str) -> Any:
    """Return annotation metadata for a quantity: read by `reader`, described to editors by `pattern`."""

    def read(value: object) -> Any:
        try:
            return reader(value)
        except QuantityError as error:
            raise mistake(str(error)) from None

    schema = {SHARED: [name, {"type": "string", "pattern": pattern, "description": description}]}
    return _Quantity(read, schema)


# Compared by identity: it is metadata of annotations, which must be hashable.
@dataclass(frozen=True, slots=True, eq=False)
class _Quantity:
    read: Callable[[object], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return dict(self.schema)


Duration = Annotated[
    int, quantity("duration", units.duration, units.DURATION_PATTERN, "a duration, such as 150ms or 5s")
]
Length = Annotated[
    int, quantity("length", units.positive_duration, units.DURATION_PATTERN, "a duration above zero")
]
SignedDuration = Annotated[
    int, quantity("signed", units.signed_duration, units.SIGNED_PATTERN, "a duration of either sign, as -5s")
]
Share = Annotated[float, quantity("share", units.share, units.SHARE_PATTERN, "a share, such as 5%")]
EventRate = Annotated[
    units.Rate, quantity("rate", units.rate, units.RATE_PATTERN, "a rate, such as 100/s or 6/min")
]
Bandwidth = Annotated[
    int, quantity("bandwidth", units.bandwidth, units.BANDWIDTH_PATTERN, "such as 10Mbit/s or 1MB/s")
]
RateError = Annotated[
    int, quantity("rateError", units.rate_error, units.RATE_ERROR_PATTERN, "such as 100ppm or -5%")
]
RateBound = Annotated[
    int, quantity("rateBound", units.positive_rate_error, units.RATE_BOUND_PATTERN, "such as 200ppm or 5%")
]
Factor = Annotated[
    float, quantity("factor", units.factor, units.FACTOR_PATTERN, "times as slow, such as 10x")
]


# What was expected, by the type of pydantic's error.
_EXPECTED: dict[str, str] = {
    "int_type": "an integer",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _translated(shape: type[Shape], error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    found_there = error.errors(include_url=False)
    # Items that were refused do not count for pydantic: their list is not too short for that.
    inside = {each["loc"][:length] for each in found_there for length in range(len(each["loc"]))}
    return [
        (each["loc"], _message(shape, each))
        for each in found_there
        if each["type"] != "too_short" or each["loc"] not in inside
    ]


def _message(shape: type[Shape], each: Mapping[str, Any]) -> str:
    kind, where = each["type"], each["loc"]
    if kind == OURS:
        return str(each["msg"])
    if kind == "missing":
        return "this key is missing"
    if kind == "extra_forbidden":
        return f"unknown key '{where[-1]}'{nearest(str(where[-1]), shape.keys())}"
    if kind == "string_pattern_mismatch":
        return f"found {found(each['input'])}, expected {_description(shape, where)}"
    if kind == "too_short":
        return f"found {found(each['input'])}, expected at least {each['ctx']['min_length']}"
    expected = _EXPECTED.get(kind) or str(each["msg"]).removeprefix("Input should be ")
    if kind == "literal_error" and expected == "True":
        expected = "true"
    return f"found {found(each['input'])}, expected {expected}"


def _description(shape: type[Shape], where: Sequence[str | int]) -> str:
    """Return what the field says of itself."""
    infos = {info.alias or name: info for name, info in shape.model_fields.items()}
    return (infos[str(where[0])].description if str(where[0]) in infos else None) or "another form"
