"""What stands for a real system: a scenario, set up as the measured trials were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sim.calibration.real.hits import hit_of
from sim.calibration.real.table import Group, Trial


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What must hold of measured and simulated values; None: nothing is asked.

    `p_value`: the two-sample Kolmogorov-Smirnov test gives more. `median`: the medians differ by this
    share at most. `points`: of shares, the means differ by so much at most. `longest`: no simulated value
    is longer.
    """

    p_value: float | None = 0.01
    median: float | None = None
    points: float | None = None
    longest: float | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that was measured in each trial, and is measured in each run.

    `of_trial` returns it of a row of the table, None if that trial has none; `measure` names the function
    ("module:function") from a result to it. `unit`: "ms", "writes", or "share" of 0 and 1. `trace`:
    "summary" where what is measured needs the clients' operations.
    """

    name: str
    unit: str
    of_trial: Callable[[Trial], float | None]
    measure: str
    accept: Acceptance = Acceptance()
    trace: Literal["off", "summary"] = "off"


@dataclass(frozen=True, slots=True)
class Model:
    """How a fault of a system is simulated. `settings` makes overrides of `scenario` from a group.

    `in_a_row`: a run has about as many trials as the group, of processes that live on; its quantities
    measure a tuple. `fault` is as it stands in a table; `sim.calibration.real.hits` has what else means the
    same.
    It raises ValueError, with a sentence, where it does not know a setting of the group.
    """

    system: str
    fault: str
    scenario: str
    settings: Callable[[Group], tuple[str, ...]]
    quantities: tuple[Quantity, ...]
    source: str
    trials: int = 2000
    quick_trials: int = 100
    in_a_row: bool = False

    def runs(self, group: Group, quick: bool) -> int:
        """Return how many runs there are; of runs with trials in a row, enough to see how they differ."""
        trials = self.quick_trials if quick else self.trials
        if not self.in_a_row:
            return trials
        return max(10 if quick else 100, -(-trials // len(group.trials)))

    def fits(self, group: Group) -> bool:
        """Return whether the group's trials are of this system and fault, however that is put.

        Raises:
            ValueError: the group does not say clearly enough what its fault is.
        """
        hit = hit_of(group.fault)
        return group.system == self.system and hit is not None and hit == hit_of(self.fault)
