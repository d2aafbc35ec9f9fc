"""The first draws of all links of a small cluster, computed together.

A short run takes a few draws from each of many links. Fetching the first block of each by itself
would cost more than the run; one matrix for all of them costs as much as one block. The draws are
those that the links would have fetched: same streams, same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from sim.network.draws import FIRST_BLOCK, LOST, Block, Rows
from sim.network.spec import LinkSpec
from sim.rng import Seed, Words, first_words, name_keys
from sim.sampling import transform

NODES_MAX = 16
"""Beyond so many nodes most links are never used; then each fetches its own."""

Pair = tuple[str, str]


class FirstDraws:
    """The first block of every link's latencies, for any seed."""

    def __init__(self, nodes: Sequence[str], link: Callable[[str, str], LinkSpec]) -> None:
        groups: dict[LinkSpec, list[Pair]] = {}
        if len(nodes) <= NODES_MAX:
            for source, target in permutations(nodes, 2):
                spec = link(source, target)
                if spec.loss.burst == 1 and spec.extra_latency is None:
                    groups.setdefault(spec, []).append((source, target))
        self._groups = [_Group(spec, pairs) for spec, pairs in groups.items()]

    def draw(self, seed: Seed) -> dict[Pair, Block]:
        """Return, for each link, its first FIRST_BLOCK draws, last first."""
        found: dict[Pair, Block] = {}
        for group in self._groups:
            found.update(zip(group.pairs, group.draw(seed).tolist(), strict=True))
        return found


class _Group:
    """The links that are alike."""

    def __init__(self, spec: LinkSpec, pairs: list[Pair]) -> None:
        self.pairs = pairs
        self._transform = transform(spec.latency)
        self._latency = name_keys(f"link {source}>{target} latency" for source, target in pairs)
        self._loss: Words | None = None
        if spec.loss.share > 0:
            self._loss = name_keys(f"link {source}>{target} loss" for source, target in pairs)
        self._limit = np.uint64(min(int(spec.loss.share * 2.0**64), (1 << 64) - 1))

    def draw(self, seed: Seed) -> Rows:
        drawn = self._transform(first_words(seed.keys(self._latency), FIRST_BLOCK))
        if self._loss is not None:
            drawn = np.where(first_words(seed.keys(self._loss), FIRST_BLOCK) < self._limit, LOST, drawn)
        return drawn
