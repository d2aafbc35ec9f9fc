"""Measured against simulated: the same quantity of the same experiment, as two samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.estimates import STATISTICS
from sim.calibration.experiment import Series
from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.models import MODELS
from sim.calibration.real.table import Group
from sim.calibration.trials import conduct

Verdict = Literal["pass", "miss", "no model"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of one experiment. `ks_p` is of the two-sample Kolmogorov-Smirnov test.

    `reason` says what of the acceptance does not hold, or why there is no model.
    """

    experiment: str
    quantity: str
    unit: str
    measured: list[float]
    simulated: list[float]
    ks_p: float | None
    verdict: Verdict
    reason: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """Return the row as `--json` prints it."""
        return {
            "experiment": self.experiment,
            "quantity": self.quantity,
            "unit": self.unit,
            "measured": _summary(self.measured),
            "simulated": _summary(self.simulated),
            "ks_p": self.ks_p,
            "verdict": self.verdict,
            "reason": self.reason or None,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """A quantity of a group, and the series that simulates it."""

    group: Group
    model: Model
    quantity: Quantity
    series: Series


def pairs(groups: Sequence[Group], quick: bool, models: Sequence[Model] = MODELS) -> list[Pair | Compared]:
    """Return what is to be simulated, and, of groups that no model fits, that there is none."""
    return [each for group in groups for each in _pairs_of(group, quick, models)]


def _pairs_of(group: Group, quick: bool, models: Sequence[Model]) -> Iterator[Pair | Compared]:
    try:
        model = next((each for each in models if each.fits(group)), None)
        if model is None:
            raise ValueError(f"{group.system}: nobody models the fault '{group.fault}'")
        settings = model.settings(group)
    except ValueError as error:
        yield _without_model(group, str(error))
        return
    trials = model.quick_trials if quick else model.trials
    for quantity in model.quantities:
        name = f"{group.experiment}, {quantity.name}"
        series = Series(
            name, model.scenario, settings, quantity.measure, trials, trials, (), trace=quantity.trace
        )
        yield Pair(group, model, quantity, series)


def _without_model(group: Group, reason: str) -> Compared:
    return Compared(group.experiment, "", "ms", [], [], None, "no model", reason, "")


def compare(
    ready: Sequence[Pair | Compared],
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda trials: None,
) -> Generator[Compared, None, None]:
    """Simulate what is ready and yield a row for each, in order."""
    simulated = conduct([each.series for each in ready if isinstance(each, Pair)], jobs, progress)
    for each in ready:
        yield each if isinstance(each, Compared) else _compared(each, next(simulated))


def _compared(pair: Pair, simulated: list[float]) -> Compared:
    quantity, accept = pair.quantity, pair.quantity.accept
    found = (quantity.of_trial(trial) for trial in pair.group.trials)
    measured = [value for value in found if value is not None]
    p_value = ks_p(measured, simulated) if measured and quantity.unit != "share" else None
    wrong = list(_misses(accept, measured, simulated, p_value)) if measured else ["nothing was measured"]
    return Compared(
        experiment=pair.group.experiment,
        quantity=quantity.name,
        unit=quantity.unit,
        measured=measured,
        simulated=simulated,
        ks_p=p_value,
        verdict="miss" if wrong else "pass",
        reason="; ".join(wrong),
        source=pair.model.source,
    )


def ks_p(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return how likely two samples of one distribution differ as much as these (two-sample KS test)."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(ones, others).pvalue)


def _misses(
    accept: Acceptance, measured: Sequence[float], simulated: Sequence[float], p_value: float | None
) -> Iterator[str]:
    if accept.p_value is not None and p_value is not None and not p_value > accept.p_value:
        yield f"KS p = {p_value:.2g}, expected > {accept.p_value:g}"
    if accept.median is not None:
        known, found = (STATISTICS["p50"](each).value for each in (measured, simulated))
        if not abs(found - known) <= accept.median * abs(known):
            yield f"median {found:.4g} against {known:.4g}, expected within {accept.median:.0%}"
    if accept.points is not None:
        known, found = (STATISTICS["mean"](each).value for each in (measured, simulated))
        if not abs(found - known) <= accept.points:
            yield f"share {found:.1%} against {known:.1%}, expected within {accept.points * 100:g} points"
    if accept.longest is not None and max(simulated) > accept.longest:
        yield f"up to {max(simulated):.4g}, expected at most {accept.longest:g}"


def _summary(values: Sequence[float]) -> dict[str, float | int | None]:
    found = {
        name: STATISTICS[name](values).value if values else None for name in ("p10", "p50", "p90", "mean")
    }
    return {
        "n": len(values),
        **{name: value if value is None or math.isfinite(value) else None for name, value in found.items()},
    }
