"""Randomness: one seed, and an independent stream for each purpose.

The generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014, Figure 19), counter-based: word i of a stream is a fixed function of (seed, name, i).
It is plain 64-bit integer arithmetic, so that every machine and version draws the same, and the
blocks that numpy computes equal the words computed one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
T = TypeVar("T")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_U30, _U27, _U31 = np.uint64(30), np.uint64(27), np.uint64(31)
_M1, _M2 = np.uint64(_MIX_1), np.uint64(_MIX_2)
_UNIT = 2.0**-53

BLOCK = 512
_FIRST_BLOCK = 32
# Counters n, n-1 ... 1, times the golden gamma: blocks are made backwards, so that popping from
# the end yields the words in their order whatever the size of a block.
_STEPS: Words = np.arange(BLOCK, 0, -1, dtype=np.uint64) * np.uint64(_GOLDEN)


def mix(word: int) -> int:
    """Return SplitMix64's finalizer of a 64-bit integer."""
    word = (word ^ (word >> 30)) * _MIX_1 & _MASK
    word = (word ^ (word >> 27)) * _MIX_2 & _MASK
    return word ^ (word >> 31)


@lru_cache(maxsize=65536)
def _name_key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


class Seed:
    """The seed of one run, from which the keys of all streams follow."""

    __slots__ = ("_mixed", "value")

    def __init__(self, value: int) -> None:
        self.value = value
        self._mixed = mix((value * _GOLDEN + 1) & _MASK)

    def key(self, name: str) -> int:
        """Return the 64-bit key of the stream for that purpose ("link n1>n2 latency")."""
        return mix(self._mixed ^ _name_key(name))

    def keys(self, names: Words) -> Words:
        """Return the keys of many streams at once, from what `name_keys` made of their names."""
        return _mix_all(names ^ np.uint64(self._mixed))

    def stream(self, name: str) -> Stream:
        """Return the stream for that purpose, at its beginning."""
        return Stream(self.key(name))

    def streams(self, names: Sequence[str]) -> dict[str, Stream]:
        """Return many streams at their beginning: their first words are drawn together, which is cheaper."""
        keys = self.keys(name_keys(names))
        blocks = first_words(keys, _FIRST_BLOCK).tolist()
        return {
            name: Stream(key, block) for name, key, block in zip(names, keys.tolist(), blocks, strict=True)
        }


def name_keys(names: Iterable[str]) -> Words:
    """Return what `Seed.keys` needs to know of the names of streams."""
    return np.array([_name_key(name) for name in names], dtype=np.uint64)


def words(key: int, start: int, size: int) -> Words:
    """Return words start+size ... start+1 of a stream: `size` <= BLOCK of them, the last first."""
    return _mix_all(_STEPS[BLOCK - size :] + np.uint64((key + start * _GOLDEN) & _MASK))


def first_words(keys: Words, size: int) -> Words:
    """Return `words(key, 0, size)` for each key: shape (keys, size)."""
    return _mix_all(keys[:, None] + _STEPS[BLOCK - size :])


def _mix_all(mixed: Words) -> Words:
    """Return `mix` of each word, in place."""
    mixed ^= mixed >> _U30
    mixed *= _M1
    mixed ^= mixed >> _U27
    mixed *= _M2
    mixed ^= mixed >> _U31
    return mixed


class Stream:
    """A sequence of random words; implements `protocols.api.Random`."""

    __slots__ = ("_block", "_index", "_key")

    def __init__(self, key: int, first: list[int] | None = None) -> None:
        """Begin at the first word; `first` may hold the first words, the first one last."""
        self._key = key
        self._block = [] if first is None else first
        self._index = len(self._block)

    def word(self) -> int:
        """Return the next 64 random bits."""
        try:
            return self._block.pop()
        except IndexError:
            return self._refill()

    def _refill(self) -> int:
        """Fetch a block whose size grows with use: most streams are asked once or twice only."""
        index = self._index
        if index < 4:
            self._index = index + 1
            return mix((self._key + (index + 1) * _GOLDEN) & _MASK)
        size = _FIRST_BLOCK if index < 2 * _FIRST_BLOCK else BLOCK
        self._block = words(self._key, index, size).tolist()
        self._index = index + size
        return self._block.pop()

    def random(self) -> float:
        """Return a float in [0, 1), a multiple of 2**-53."""
        return (self.word() >> 11) * _UNIT

    def randrange(self, start: int, stop: int) -> int:
        """Return an integer in [start, stop); uneven by less than (stop - start) / 2**64."""
        # `word()`, spelled out: election timeouts are drawn at every heartbeat.
        try:
            word = self._block.pop()
        except IndexError:
            word = self._refill()
        return start + (word * (stop - start) >> 64)

    def chance(self, probability: float) -> bool:
        """Return True with that probability; draws one word, even for 0 and 1."""
        return self.random() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Return one of `items`; IndexError if there are none."""
        return items[self.randrange(0, len(items))]

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """Return `size` different ones of `items`, in the order of `items`."""
        left = list(range(len(items)))
        chosen = [left.pop(self.randrange(0, len(left))) for _ in range(size)]
        return [items[index] for index in sorted(chosen)]
