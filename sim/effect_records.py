"""Records of what leaders do to resources, and of the damage; see `sim.records`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EffectJudged:
    """A resource accepted or rejected an effect issued under `epoch`; `highest` was its maximum before.

    A milestone when the effect was stale (`epoch` < `highest`) or rejected; the others at level `summary`
    and up.
    """

    at_ns: int
    resource: str
    node: str
    epoch: int
    accepted: bool
    highest: int


@dataclass(frozen=True, slots=True)
class Damaged:
    """A resource suffered a harm, a key of `sim.metrics.DAMAGE`, `amount` times.

    `node` did it under `epoch`; both are empty ("" and -1) where it is nobody's in particular.
    """

    at_ns: int
    harm: str
    resource: str
    node: str
    epoch: int
    amount: int
    detail: str


@dataclass(frozen=True, slots=True)
class DamageTotal:
    """At the end of a run: one of `sim.metrics.DAMAGE`, as a number or in nanoseconds."""

    at_ns: int
    metric: str
    value: int
