"""Measuring: variants take turns in one process, and what counts is the ratio within each round.

The machine may be busy with other things; a ratio of two times taken one after the other, and the
median over many rounds, is the best that can be had.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of each variant, by the clock that was asked for, one value a round."""

    seconds: Mapping[str, list[float]]

    def ratio(self, variant: str, base: str) -> float:
        """Return the median over the rounds of `variant`'s time relative to `base`'s."""
        pairs = zip(self.seconds[variant], self.seconds[base], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def median(self, variant: str) -> float:
        """Return the median seconds of a variant."""
        return statistics.median(self.seconds[variant])


def take_turns(
    variants: Mapping[str, Work], rounds: int, clock: Callable[[], float] = time.thread_time
) -> Measured:
    """Run each variant once a round and return all times; one round more is thrown away first."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for round_number in range(rounds + 1):
        for name, work in variants.items():
            gc.collect()
            start = clock()
            work()
            elapsed = clock() - start
            if round_number:
                seconds[name].append(elapsed)
    return Measured(seconds)
