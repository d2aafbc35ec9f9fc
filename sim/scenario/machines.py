"""The blocks on what a node is made of: `clocks:`, `disk:` and `nodes:`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, ValidationError, core_schema

from sim.distributions import Constant, Distribution
from sim.scenario import distributions
from sim.scenario.distributions import LengthDistribution, OffsetDistribution
from sim.scenario.placing import per_node
from sim.scenario.shapes import (
    SHARED,
    Context,
    Duration,
    Length,
    RateBound,
    RateError,
    Read,
    Shape,
    Share,
    either,
    mistakes,
)


@dataclass(frozen=True, slots=True)
class Drift:
    """The rate error of each clock, in parts per billion, drawn once at the start.

    `default` is for the nodes that `of_node` does not name.
    """

    default: Distribution
    of_node: Mapping[str, Distribution]


@dataclass(frozen=True, slots=True)
class ConstantDrift:
    """The rate error stays as it was drawn."""


@dataclass(frozen=True, slots=True)
class RandomWalk:
    """Every `every_ns` the rate error moves by `step_ppb` up or down, within +-`limit_ppb`."""

    step_ppb: int
    every_ns: int
    limit_ppb: int


@dataclass(frozen=True, slots=True)
class Piecewise:
    """From each (at_ns, rate_ppb) on the rate error of every clock is this."""

    pieces: tuple[tuple[int, int], ...]


DriftModel = ConstantDrift | RandomWalk | Piecewise


class _DriftField:
    """One distribution for all nodes, or a mapping from nodes and roles to distributions."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(_drift)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        scale = distributions.RATE_ERRORS
        one = {SHARED: [scale.name, distributions.json_schema(scale)]}
        names = {"not": {"enum": list(distributions.NAMES)}}
        many = {"type": "object", "propertyNames": names, "additionalProperties": one, "minProperties": 1}
        return {"anyOf": [one, many]}


def _drift(value: Any, info: core_schema.ValidationInfo[Context]) -> Drift:
    context: Context = info.context
    scale = distributions.RATE_ERRORS
    single = not isinstance(value, Mapping) or not value or any(key in distributions.NAMES for key in value)
    if single:
        return Drift(distributions.read(value, scale, context), {})
    read: dict[str, Any] = {}
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for key, written in value.items():
        try:
            read[key] = distributions.read(written, scale, context)
        except PydanticCustomError as error:
            wrong.append(((key,), error.message()))
        except ValidationError as error:
            wrong += [((key, *each["loc"]), each["msg"]) for each in error.errors(include_url=False)]
    if wrong:
        raise mistakes(wrong)
    return Drift(Constant(0), per_node(read, (), context))


class _RandomWalk(Shape):
    """Rate errors that wander."""

    step: RateBound = Field(description="how far the rate error moves each time")
    every: Length = Field(description="how often")
    limit: RateBound = Field(description="how far it gets, up or down")


class _Piece(Shape):
    """From a time on, another rate error."""

    at: Duration = Field(description="from when on")
    rate: RateError = Field(description="the rate error from then on")


class _Model(Shape):
    """How rate errors change."""

    random_walk: _RandomWalk | None = Field(None, description="every so often a step up or down")
    piecewise: tuple[_Piece, ...] | None = Field(None, description="a rate error from each time on")


def _drift_model(shape: _Model | str, context: Context) -> DriftModel:
    if not isinstance(shape, _Model):
        return ConstantDrift()
    if (shape.random_walk is None) == (shape.piecewise is None):
        raise mistakes([((), "expected either random_walk or piecewise")])
    if shape.random_walk is not None:
        walk = shape.random_walk
        return RandomWalk(walk.step, walk.every, walk.limit)
    pieces = tuple((piece.at, piece.rate) for piece in shape.piecewise or ())
    if list(pieces) != sorted(pieces, key=lambda piece: piece[0]):
        raise mistakes([(("piecewise",), "found times out of order, expected them ascending")])
    return Piecewise(pieces)


class Ntp(Shape):
    """How wall clocks are corrected."""

    every_ns: Length = Field(alias="every", description="how often a node asks, such as 64s")
    mode: Literal["slew", "step"] = Field("slew", description="run faster or slower for a while, or jump")
    slew_rate_ppb: RateBound = Field(
        "500ppm", alias="slew_rate", validate_default=True, description="how much faster or slower"
    )
    error: OffsetDistribution = Field(
        "0s", validate_default=True, description="error of the answer (half the asymmetry of the path)"
    )


class Clocks(Shape):
    """The nodes' clocks. Rate errors move timers, offsets only the wall clock."""

    drift: Annotated[Drift, _DriftField()] = Field(
        "0ppm", validate_default=True, description="rate error: for all nodes, or {n1: 100ppm, clients: ...}"
    )
    offset: OffsetDistribution = Field(
        "0s", validate_default=True, description="of the wall clocks at the start"
    )
    drift_model: Annotated[DriftModel, Read(either(Literal["constant"], _Model), _drift_model)] = Field(
        "constant", validate_default=True, description="how rate errors change (default: not)"
    )
    ntp: Ntp | None = Field(None, description="how wall clocks are corrected; without it they are not")


class Stalls(Shape):
    """Times in which the disk completes nothing."""

    every: LengthDistribution = Field(description="from the end of one to the start of the next")
    length: LengthDistribution = Field(description="how long one lasts")


class Disk(Shape):
    """The nodes' disks."""

    write: LengthDistribution = Field("0s", validate_default=True, description="time to write a record")
    fsync: LengthDistribution = Field("0s", validate_default=True, description="time to make it durable")
    torn_writes: Share = Field(
        "0%", validate_default=True, description="share of crashes that leave a part of the unsynced records"
    )
    stalls: Stalls | None = Field(None, description="times in which the disk completes nothing")


class Nodes(Shape):
    """The nodes' processors."""

    service_time: LengthDistribution = Field(
        "0s", validate_default=True, description="time to handle one message"
    )
