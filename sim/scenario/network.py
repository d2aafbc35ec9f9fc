"""The `network:` block: what links are like, between whom they differ, and where nodes stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from sim.distributions import Distribution, Uniform
from sim.network.spec import Loss
from sim.scenario import units
from sim.scenario.distributions import LengthDistribution
from sim.scenario.placing import per_node
from sim.scenario.selectors import FixedTargets
from sim.scenario.shapes import (
    Bandwidth,
    Context,
    Names,
    Read,
    Shape,
    Share,
    either,
    mistakes,
    nearest,
)
from sim.scenario.tables import RoundTrips, TableError, round_trips

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reorder:
    """Share of messages that are held back, and for how long."""

    share: float
    by: Distribution


@dataclass(frozen=True, slots=True)
class Regions:
    """Where nodes stand, and how long a message takes between two regions.

    `place`: node -> region. `one_way_ns`: (region, region) -> half the round trip, for every pair of
    regions in which nodes stand. `jitter` comes on top. Links of nodes without a place keep
    `network.latency`.
    """

    place: Mapping[str, str]
    one_way_ns: Mapping[tuple[str, str], int]
    jitter: Distribution


class _Burst(Shape):
    """Losses that come in bursts."""

    rate: Share = Field(description="average share of messages lost")
    length: Annotated[float, Field(ge=1, le=1_000_000)] = Field(
        description="mean length of a burst, in messages"
    )


class _BurstLoss(Shape):
    """Losses that come in bursts (Gilbert's model)."""

    burst: _Burst = Field(description="average rate and mean length")


def _loss(shape: _BurstLoss | float, context: Context) -> Loss:
    if not isinstance(shape, _BurstLoss):
        return Loss(shape)
    share, length = shape.burst.rate, shape.burst.length
    # The good state must last at least one message on average: share <= length / (length + 1).
    if share * (length + 1) > length:
        limit = f"{100 * length / (length + 1):.4g}%"
        raise mistakes(
            [(("burst", "rate"), f"bursts of {length:g} messages lose at most {limit} on average")]
        )
    return Loss(share, float(length))


LossField = Annotated[Loss, Read(either(Share, _BurstLoss), _loss)]


class _Reorder(Shape):
    """Messages that are held back."""

    share: Share = Field(description="share of messages held back")
    by: LengthDistribution = Field("10ms", validate_default=True, description="for how much longer")


def _reorder(shape: _Reorder | float, context: Context) -> Reorder:
    if isinstance(shape, _Reorder):
        return Reorder(shape.share, shape.by)
    return Reorder(shape, Uniform(0, 10 * _MS))


ReorderField = Annotated[Reorder, Read(either(Share, _Reorder), _reorder)]


class LinkOverride(Shape):
    """Links that differ from the rest; of several that apply, each key's last one wins. None: as the rest."""

    source: FixedTargets = Field(alias="from", description="links from these nodes")
    target: FixedTargets = Field(alias="to", description="links to these nodes")
    latency: LengthDistribution | None = Field(None, description="time on the way, one way")
    loss: LossField | None = Field(None, description="share of messages lost, or bursts")
    duplicate: Share | None = Field(None, description="share of messages that arrive twice")
    reorder: ReorderField | None = Field(None, description="share held back, by 0 to 10ms unless said")
    fifo: bool | None = Field(None, description="true: nothing overtakes")
    bandwidth: Bandwidth | None = Field(None, description="of each link, in bytes per second")


class _Regions(Shape):
    """Nodes in regions, with measured round-trip times between them."""

    matrix: Any = Field(
        description="round-trip times: a CSV file (from,to,rtt_ms, or a square), or {a: {b: 30ms}}",
        json_schema_extra={
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "object"}},
            ]
        },
    )
    place: dict[str, str] = Field(description="node, role, or `all` -> region")
    jitter: LengthDistribution = Field("0s", validate_default=True, description="added to each one-way time")


def _regions(shape: _Regions, context: Context) -> Regions:
    trips = _trips(shape.matrix, context)
    place = _place(shape.place, trips.regions, context)
    regions = tuple(dict.fromkeys(place.values()))
    one_way = {(a, b): _one_way(trips, a, b) for a in regions for b in regions}
    if context.names is not None:
        context.names = Names(context.names.roles, regions)
        context.place = place
    return Regions(place, one_way, shape.jitter)


def _one_way(trips: RoundTrips, source: str, target: str) -> int:
    """Return half the round trip; within a region 0 where nothing was measured."""
    try:
        trip = trips.between(source, target)
    except TableError as error:
        raise mistakes([(("matrix",), str(error))]) from None
    if trip is None and source != target:
        raise mistakes([(("matrix",), f"found no round-trip time between '{source}' and '{target}'")])
    return (trip or 0) // 2


def _trips(matrix: Any, context: Context) -> RoundTrips:
    if isinstance(matrix, str):
        try:
            return round_trips(context.folder / matrix)
        except TableError as error:
            raise mistakes([(("matrix",), str(error))]) from None
    if not isinstance(matrix, Mapping):
        raise mistakes([(("matrix",), "expected a CSV file, or a mapping such as {a: {b: 30ms}}")])
    return _inline(matrix)


def _inline(matrix: Mapping[str, Any]) -> RoundTrips:
    cells: dict[tuple[str, str], int] = {}
    wrong: list[tuple[tuple[str, ...], str]] = []
    for source, row in matrix.items():
        if not isinstance(row, Mapping):
            wrong.append((("matrix", source), "expected a mapping such as {b: 30ms}"))
            continue
        for target, written in row.items():
            try:
                cells[source, target] = units.duration(written)
            except units.QuantityError as error:
                wrong.append((("matrix", source, target), str(error)))
    if wrong:
        raise mistakes(wrong)
    names = tuple(dict.fromkeys(name for pair in cells for name in pair))
    return RoundTrips(names, lambda a, b: cells.get((a, b), cells.get((b, a))))


def _place(written: Mapping[str, str], regions: tuple[str, ...], context: Context) -> dict[str, str]:
    """Return node -> region; a node's own name beats its role, and a role beats `all`."""
    wrong = [
        (("place", who), f"unknown region '{region}'{nearest(region, regions)}")
        for who, region in written.items()
        if region not in regions
    ]
    if wrong:
        raise mistakes(wrong)
    return per_node(written, ("place",), context)


class Network(Shape):
    """What every link is like, unless `links` or `regions` say otherwise."""

    latency: LengthDistribution = Field(
        "1ms", validate_default=True, description="time on the way, one way (default 1ms)"
    )
    loss: LossField = Field(
        "0%", validate_default=True, description="share of messages lost, or bursts of them"
    )
    duplicate: Share = Field("0%", validate_default=True, description="share of messages that arrive twice")
    reorder: ReorderField = Field(
        "0%", validate_default=True, description="share held back, by 0 to 10ms unless said"
    )
    fifo: bool = Field(False, description="true: nothing overtakes on a link")
    bandwidth: Bandwidth | None = Field(None, description="of each link; without it there is no limit")
    regions: Annotated[Regions, Read(_Regions, _regions)] | None = Field(
        None, description="nodes in regions, with round-trip times between them"
    )
    links: tuple[LinkOverride, ...] = Field(
        (), description="links that differ; the last one that applies wins"
    )
