"""Differences between protocols under the same seeds: what is common to both runs cancels out.

For each cell but those of the first protocol, and each metric: the difference to the run of the first
protocol with the same scenario, values and seed. A pair counts if both runs measured something; the
number that does not is told, since a run without an election time is the slowest of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from sim.sweep.cells import Cell
from sim.sweep.tables import PLACE, Row, Rows

COMPARED = (
    "election_time.service.p50",
    "election_time.service.max",
    "availability.system",
    "availability.client",
    "cost.messages_per_second",
)
LEVEL = 0.95
Key = tuple[str, ...]


@dataclass(slots=True)
class Difference:
    """The mean of paired differences, other minus first, in the metric's unit, and its 95 % interval."""

    pairs: int = 0
    unpaired: int = 0
    mean: float = 0.0
    _squares: float = 0.0

    def add(self, first: float | None, other: float | None) -> None:
        """Take in a pair (Welford, Technometrics 4, 1962)."""
        if first is None or other is None:
            self.unpaired += first is not other  # where neither measured anything, nothing is missing
            return
        self.pairs += 1
        step = other - first - self.mean
        self.mean += step / self.pairs
        self._squares += step * (other - first - self.mean)

    def interval(self) -> tuple[float, float] | None:
        """Return the interval by Student's t, None for fewer than two pairs."""
        if self.pairs < 2:
            return None
        from scipy.stats import t

        half = t.ppf((1 + LEVEL) / 2, self.pairs - 1) * sqrt(self._squares / (self.pairs - 1) / self.pairs)
        return self.mean - half, self.mean + half

    def as_dict(self) -> dict[str, Any]:
        """Return it as `leadersim compare --json` prints it."""
        interval = self.interval()
        return {
            "pairs": self.pairs,
            "unpaired": self.unpaired,
            "mean": self.mean if self.pairs else None,
            "interval": None if interval is None else list(interval),
        }


@dataclass(slots=True)
class Pairs:
    """Collects, cell by cell in the order of a sweep, and keeps a few numbers for each run of the first."""

    cells: Sequence[Cell]
    differences: dict[Key, dict[str, Difference]] = field(default_factory=dict)
    _firsts: dict[Key, dict[int, tuple[float | None, ...]]] = field(default_factory=dict)

    def add(self, cell: Cell, rows: Rows) -> None:
        """Take in runs of a cell; those of the first protocol come first."""
        same_but_protocol = (cell.scenario, *cell.key[2:])
        if cell.protocol == self.cells[0].protocol:
            kept = self._firsts.setdefault(same_but_protocol, {})
            kept.update((row[0], _numbers(row)) for row in rows["runs"])
            return
        firsts = self._firsts[same_but_protocol]
        found = self.differences.setdefault(cell.key, {name: Difference() for name in COMPARED})
        for row in rows["runs"]:
            for name, first, other in zip(COMPARED, firsts[row[0]], _numbers(row), strict=True):
                found[name].add(first, other)


def _numbers(row: Row) -> tuple[float | None, ...]:
    return tuple(row[PLACE["runs"][name]] for name in COMPARED)
