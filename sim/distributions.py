"""Probability distributions as a scenario names them: plain data, in integer units.

How they become draws is `sim.rng`'s business. Lengths are nanoseconds; the same classes serve for
clock rates in parts per billion and any other integer quantity.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value."""

    value: int


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every value in [low, high) alike."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Normal:
    """Bell curve, cut off at `minimum`: what lies below becomes `minimum`."""

    mean: int
    sd: int
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Lognormal:
    """The logarithm is normal; given by its median and its 99th percentile."""

    median: int
    p99: int


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless, shifted to start at `minimum`; `mean` includes the shift."""

    mean: int
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Pareto:
    """Heavy tail: P(X > x) = (minimum / x) ** alpha."""

    minimum: int
    alpha: float


@dataclass(frozen=True, slots=True)
class Empirical:
    """Measured values, sorted; drawn by linear interpolation between neighbours."""

    values: tuple[int, ...]


Distribution = Constant | Uniform | Normal | Lognormal | Exponential | Pareto | Empirical
