"""`expect:` and `reach:` lines as data: a metric, and what it must be."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`metric operator value`, e.g. `election_time.belief.p99 < 1.0`; value in the metric's unit.

    `text` is what the user wrote to the right of the metric ("< 1s"), `line` where (0: not in a file).
    """

    metric: str
    operator: str
    value: float
    text: str
    line: int = 0

    def holds(self, measured: float | None) -> bool | None:
        """Return whether `measured` satisfies this, or None if there was nothing to measure."""
        return None if measured is None else OPERATORS[self.operator](measured, self.value)

    @property
    def demands_presence(self) -> bool:
        """True if zero does not satisfy this: a scenario that wants to see a flaw says `>= 1`."""
        return not OPERATORS[self.operator](0.0, self.value)
