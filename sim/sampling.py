"""From a distribution to draws: tables of quantiles, looked up a block at a time.

A draw is the quantile of a random word. All arithmetic is on integers, or single floating-point
operations that IEEE 754 rounds correctly, or `decimal`, whose exp and ln are correctly rounded; the
logarithms of the C library and of numpy differ in their last bit between versions and machines.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache, singledispatch

import numpy as np
import numpy.typing as npt

from sim.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Normal,
    Pareto,
    Uniform,
)
from sim.normal_quantiles import LOW, NODES, SCALE
from sim.rng import BLOCK, words

Values = npt.NDArray[np.int64]
Transform = Callable[[npt.NDArray[np.uint64]], Values]

FIRST_BLOCK = 32
"""Short runs draw little: the first blocks are of this size."""

_TOP = (1 << 32) - 1
_SHIFT_32, _SHIFT_11 = np.uint64(32), np.uint64(11)
_UNIT = 2.0**-53
_Z99 = Decimal("2.32634787404084110088560778")  # standard normal quantile of 0.99
_EXACT = Context(prec=24)
# All nodes, from both tails, as 32-bit words.
_GRID: npt.NDArray[np.uint64] = np.array([*NODES, *(_TOP - x for x in reversed(NODES))], dtype=np.uint64)


class Sampler:
    """Draws of one distribution from one stream, in blocks.

    >>> from sim.rng import Seed
    >>> Sampler(Constant(5), Seed(1).key("x")).block()[:3]
    [5, 5, 5]
    """

    __slots__ = ("_key", "_transform", "drawn")

    def __init__(self, distribution: Distribution, key: int, drawn: int = 0) -> None:
        """Begin after the first `drawn` draws."""
        self._transform = transform(distribution)
        self._key = key
        self.drawn = drawn

    def block(self) -> list[int]:
        """Return the next draws, the first one last, so that `pop()` takes them in order."""
        drawn: list[int] = self.array().tolist()
        return drawn

    def array(self) -> Values:
        """Return what `block` returns, as an array."""
        size = FIRST_BLOCK if self.drawn < 3 * FIRST_BLOCK else BLOCK
        drawn = self._transform(words(self._key, self.drawn, size))
        self.drawn += size
        return drawn


@lru_cache(maxsize=1024)
def transform(distribution: Distribution) -> Transform:
    """Return the function from random words to values of `distribution`."""
    return _transform(distribution)


@singledispatch
def _transform(distribution: Distribution) -> Transform:
    raise TypeError(f"{distribution!r} is not a distribution")


@_transform.register
def _constant(distribution: Constant) -> Transform:
    return lambda block: np.full(block.shape, distribution.value, dtype=np.int64)


@_transform.register
def _uniform(distribution: Uniform) -> Transform:
    low, width = distribution.low, float(distribution.high - distribution.low)

    def draw(block: npt.NDArray[np.uint64]) -> Values:
        scaled = (block >> _SHIFT_11) * _UNIT
        scaled *= width
        return scaled.astype(np.int64) + low

    return draw


@_transform.register
def _empirical(distribution: Empirical) -> Transform:
    values = np.array(sorted(distribution.values), dtype=np.float64)
    nodes = np.linspace(0, _TOP, len(values)).astype(np.uint64)
    return _lookup(nodes, values) if len(values) > 1 else _constant(Constant(int(values[0])))


@_transform.register
def _normal(distribution: Normal) -> Transform:
    values = [distribution.mean + (z * distribution.sd) // SCALE for z in _normal_grid()]
    return _lookup(_GRID, np.maximum(np.array(values, dtype=np.float64), distribution.minimum))


@_transform.register
def _lognormal(distribution: Lognormal) -> Transform:
    ratio = _EXACT.divide(Decimal(distribution.p99), Decimal(distribution.median))
    sigma = _EXACT.divide(ratio.ln(_EXACT), _Z99)
    scaled = _EXACT.divide(sigma, Decimal(SCALE))
    exponents = [_EXACT.multiply(scaled, Decimal(z)) for z in _normal_grid()]
    return _exact_table([_EXACT.multiply(Decimal(distribution.median), x.exp(_EXACT)) for x in exponents])


@_transform.register
def _exponential(distribution: Exponential) -> Transform:
    scale = Decimal(distribution.mean - distribution.minimum)
    survivals = _log_survivals()
    return _exact_table(
        [_EXACT.subtract(Decimal(distribution.minimum), _EXACT.multiply(scale, x)) for x in survivals]
    )


@_transform.register
def _pareto(distribution: Pareto) -> Transform:
    power = _EXACT.divide(Decimal(-1), Decimal(distribution.alpha))
    exponents = [_EXACT.multiply(power, x) for x in _log_survivals()]
    return _exact_table([_EXACT.multiply(Decimal(distribution.minimum), x.exp(_EXACT)) for x in exponents])


def _normal_grid() -> list[int]:
    return [*LOW, *(-z for z in reversed(LOW))]


@lru_cache(maxsize=1)
def _log_survivals() -> list[Decimal]:
    """Return ln P(X > x) at each node of the grid: the probability of a larger word."""
    halves = Decimal(1 << 33)
    return [_EXACT.divide(Decimal(2 * (_TOP - int(x)) + 1), halves).ln(_EXACT) for x in _GRID]


def _exact_table(values: list[Decimal]) -> Transform:
    """Round to integers; beyond a century of nanoseconds nothing is told apart."""
    limit = Decimal(3 * 10**18)
    rounded = [float(int(min(value, limit).to_integral_value())) for value in values]
    return _lookup(_GRID, np.array(rounded, dtype=np.float64))


def _lookup(nodes: npt.NDArray[np.uint64], values: npt.NDArray[np.float64]) -> Transform:
    """Return linear interpolation of `values` at `nodes` (32-bit words, ascending)."""
    widths = np.diff(nodes.astype(np.float64))
    widths[widths == 0] = 1.0
    slopes = np.diff(values) / widths
    last = len(nodes) - 2

    def draw(block: npt.NDArray[np.uint64]) -> Values:
        position = block >> _SHIFT_32
        index = np.minimum(np.searchsorted(nodes, position, side="right") - 1, last)
        offset = (position - nodes[index]).astype(np.float64)
        offset *= slopes[index]
        offset += values[index]
        return offset.astype(np.int64)

    return draw
