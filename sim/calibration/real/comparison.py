"""Measured against simulated: the same quantity of the same experiment, as two samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.estimates import STATISTICS
from sim.calibration.experiment import Series
from sim.calibration.real.model import Model, Quantity
from sim.calibration.real.models import MODELS
from sim.calibration.real.samples import Sample, misses
from sim.calibration.real.table import Group
from sim.calibration.trials import conduct

Verdict = Literal["pass", "miss", "no model"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of one experiment. `ks_p` is of the two-sample Kolmogorov-Smirnov test.

    `simulated` is that of all runs; with trials in a row `runs` has them one by one, and `runs_p` is the
    share of them that are as far from all of them as what was measured. `reason` says what of the
    acceptance does not hold, or why there is no model.
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
    runs: tuple[tuple[float, ...], ...] = ()
    runs_p: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as `--json` prints it."""
        return {
            "experiment": self.experiment,
            "quantity": self.quantity,
            "unit": self.unit,
            "measured": _summary(self.measured),
            "simulated": _summary(self.simulated),
            "ks_p": self.ks_p,
            "runs": len(self.runs) or len(self.simulated),
            "runs_p": self.runs_p,
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
    trials = model.runs(group, quick)
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


def _compared(pair: Pair, found: list[Any]) -> Compared:
    quantity, accept = pair.quantity, pair.quantity.accept
    runs = tuple(found) if pair.model.in_a_row else ()
    simulated = [value for run in runs for value in run] if runs else found
    per_trial = (quantity.of_trial(trial) for trial in pair.group.trials)
    measured = [value for value in per_trial if value is not None]
    sample = Sample(measured, simulated, [run for run in runs if run])
    continuous = bool(measured) and quantity.unit != "share"
    wrong = list(misses(accept, sample, continuous)) if measured else ["nothing was measured"]
    return Compared(
        experiment=pair.group.experiment,
        quantity=quantity.name,
        unit=quantity.unit,
        measured=measured,
        simulated=simulated,
        ks_p=sample.ks_p if continuous else None,
        verdict="miss" if wrong else "pass",
        reason="; ".join(wrong),
        source=pair.model.source,
        runs=runs,
        runs_p=sample.runs_p if continuous and runs else None,
    )


def _summary(values: Sequence[float]) -> dict[str, float | int | None]:
    found = {
        name: STATISTICS[name](values).value if values else None for name in ("p10", "p50", "p90", "mean")
    }
    return {
        "n": len(values),
        **{name: value if value is None or math.isfinite(value) else None for name, value in found.items()},
    }
