"""Latency and loss of one link, drawn a block at a time.

Each purpose has its own stream ("link n1>n2 latency", "... loss"), so that switching loss on moves
no latency. A lost message is a latency of -1: one draw on the hot path decides both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.network.spec import LinkSpec, Loss
from sim.rng import BLOCK, Seed, words
from sim.sampling import FIRST_BLOCK, Sampler

__all__ = ["FIRST_BLOCK", "LOST", "Block", "Chances", "LatencyDraws", "Lengths", "Rows"]

Rows = npt.NDArray[np.int64]
Block = list[int]
"""Draws, the next one last."""

LOST = -1
_TWO_64 = 2.0**64


class LatencyDraws:
    """The latencies of the messages of one link, in order of sending; LOST for lost ones.

    `first` is the first block if somebody computed it already (see `sim.network.bank`).
    """

    __slots__ = ("_name", "_seed", "_source", "_spec", "block", "fetched")

    def __init__(self, spec: LinkSpec, seed: Seed, link: str, first: Block | None = None) -> None:
        self._spec = spec
        self._seed = seed
        self._name = link
        self._source: _Source | None = None  # made when first needed
        self.block: Block = [] if first is None else first
        self.fetched = len(self.block)

    def refill(self) -> int:
        """Fetch a block and return its first draw."""
        if self._source is None:
            self._source = _Source(self._spec, self._seed, self._name, self.fetched)
        latencies = self._source.array()
        self.fetched += len(latencies)
        self.block.extend(latencies.tolist())
        return self.block.pop()

    def draw(self) -> int:
        """Return the next draw; the hot path takes it from `block` by itself."""
        return self.block.pop() if self.block else self.refill()

    @property
    def used(self) -> int:
        """Number of draws taken, which is the number of messages sent."""
        return self.fetched - len(self.block)


class _Source:
    """Where the draws of one link come from: its streams, begun after `drawn` draws."""

    __slots__ = ("_extra", "_latency", "_loss")

    def __init__(self, spec: LinkSpec, seed: Seed, link: str, drawn: int) -> None:
        self._latency = Sampler(spec.latency, seed.key(f"link {link} latency"), drawn)
        self._extra: Sampler | None = None
        self._loss: _LossChain | None = None
        if spec.extra_latency is not None:
            self._extra = Sampler(spec.extra_latency, seed.key(f"link {link} jitter"), drawn)
        if spec.loss.share > 0:
            self._loss = _LossChain(spec.loss, seed.key(f"link {link} loss"), drawn)

    def array(self) -> Rows:
        """Return the next block, last first."""
        latencies = self._latency.array()
        if self._extra is not None:
            latencies = latencies + self._extra.array()
        if self._loss is not None:
            latencies = np.where(self._loss.lost(len(latencies)), LOST, latencies)
        return latencies


class _LossChain:
    """Which messages are lost, as arrays ordered last first like all blocks."""

    __slots__ = ("_bad", "_drawn", "_enter", "_key", "_leave", "_share")

    def __init__(self, loss: Loss, key: int, drawn: int) -> None:
        self._key = key
        self._drawn = drawn
        self._bad = False
        self._share = int(loss.share * _TWO_64)
        self._leave = int(_TWO_64 / loss.burst)
        stay = loss.share / (1 - loss.share) / loss.burst if loss.share < 1 else 1.0
        self._enter = int(min(stay, 1.0) * _TWO_64)

    def lost(self, size: int) -> npt.NDArray[np.bool_]:
        drawn = words(self._key, self._drawn, size)
        self._drawn += size
        if self._leave >= _TWO_64 or self._share >= _TWO_64:
            return drawn < np.uint64(min(self._share, (1 << 64) - 1))
        return np.array([self._step(word) for word in drawn[::-1].tolist()], dtype=np.bool_)[::-1]

    def _step(self, word: int) -> bool:
        """Move Gilbert's chain by one message and return whether it is lost."""
        self._bad = word >= self._leave if self._bad else word < self._enter
        return self._bad


class Chances:
    """Which messages are chosen, each with the same probability; one word each."""

    __slots__ = ("_block", "_drawn", "_key", "_limit")

    def __init__(self, probability: float, key: int) -> None:
        self._key = key
        self._limit = np.uint64(min(int(probability * _TWO_64), (1 << 64) - 1))
        self._block: list[bool] = []
        self._drawn = 0

    def draw(self) -> bool:
        """Return whether the next message is chosen."""
        if not self._block:
            self._block = (words(self._key, self._drawn, BLOCK) < self._limit).tolist()
            self._drawn += BLOCK
        return self._block.pop()


class Lengths:
    """Draws of a distribution, one by one."""

    __slots__ = ("_block", "_sampler")

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._block: list[int] = []

    def draw(self) -> int:
        """Return the next value."""
        if not self._block:
            self._block = self._sampler.block()
        return self._block.pop()
