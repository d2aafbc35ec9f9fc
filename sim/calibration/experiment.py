"""An experiment as data: what is run, what is measured, and what must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Curve = tuple[tuple[float, float], ...]
"""Points of a distribution: (share, the length that this share of all does not exceed)."""


@dataclass(frozen=True, slots=True)
class Band:
    """What is accepted, beside a published number: `text` says it, `holds(simulated, published)` decides."""

    text: str
    holds: Callable[[float, float], bool]


def within(relative: float) -> Band:
    """Accept what is off by this share of the published number at most."""
    return Band(f"+-{relative:.0%}", lambda simulated, known: abs(simulated - known) <= relative * abs(known))


def points(share: float) -> Band:
    """Accept a share that is off by so much at most."""
    return Band(f"+-{share * 100:g} points", lambda simulated, known: abs(simulated - known) <= share)


AT_MOST = Band("at most", lambda simulated, known: simulated <= known)
AT_LEAST = Band("at least", lambda simulated, known: simulated >= known)
BELOW = Band("less than", lambda simulated, known: simulated < known)


@dataclass(frozen=True, slots=True)
class Check:
    """One number of a series: a statistic of `analysis.estimates`, "distance" from the curve, or "change".

    `published` None: a prediction, which nothing is known to compare with. `reason`: why simulation and
    publication disagree, where they do; such a row is no miss.
    """

    statistic: str
    published: float | None = None
    band: Band = AT_MOST
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One distribution: the runs of a scenario with some `settings`, under seeds 0 to `trials` - 1.

    `measure` names a function ("module:function") from a result to a number, None if it never came to
    that; `unit` is its unit where it is not the experiment's. `curve` is the published distribution, as
    far as it is known. `baseline`: other settings, to whose mean "change" compares. `trace`: "summary"
    where what is measured needs the clients' operations.
    """

    name: str
    scenario: str
    settings: tuple[str, ...]
    measure: str
    trials: int
    quick_trials: int
    checks: tuple[Check, ...]
    curve: Curve = ()
    unit: str = ""
    baseline: tuple[str, ...] = ()
    trace: Literal["off", "summary"] = "off"

    def quick(self) -> Series:
        """Return the same with fewer trials."""
        return replace(self, trials=min(self.trials, self.quick_trials))


@dataclass(frozen=True, slots=True)
class Experiment:
    """Series that belong together; `unit` is that of what is measured ("ms", "share" ...)."""

    name: str
    about: str
    source: str
    unit: str
    series: tuple[Series, ...]
