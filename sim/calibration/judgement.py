"""From what was measured to the rows of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis import estimates
from analysis.estimates import Estimate
from sim.calibration.experiment import Check, Experiment, Series

_UNITS = {"distance": "", "change": "share"}
"""Statistics whose unit is not that of what was measured."""

Verdict = Literal["pass", "miss", "explained", "prediction"]


@dataclass(frozen=True, slots=True)
class Row:
    """One number: what was published, what came out here, and whether that is within the band.

    Lengths are in the unit of the experiment. verdict: "explained" is outside of the band for a `reason`
    that is known; "prediction" has nothing to compare with.
    """

    experiment: str
    series: str
    statistic: str
    unit: str
    published: float | None
    simulated: Estimate
    band: str
    verdict: Verdict
    trials: int
    source: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the row as `--json` prints it."""
        found = self.simulated
        interval = None if found.low is None else [found.low, found.high]
        return {
            "experiment": self.experiment,
            "series": self.series,
            "statistic": self.statistic,
            "unit": self.unit,
            "published": self.published,
            "simulated": found.value,
            "confidence_interval": interval,
            "accepted": self.band or None,
            "verdict": self.verdict,
            "trials": self.trials,
            "source": self.source,
            "reason": self.reason or None,
        }


def judge(
    experiment: Experiment,
    series: Series,
    values: Sequence[float],
    quick: bool,
    baseline: Sequence[float] = (),
) -> list[Row]:
    """Return a row for each check of a series; `baseline` are the values under its other settings.

    The estimate must lie within the band. Of few trials less is asked: the interval, twice as wide so that
    hardly any of so many rows misses by bad luck, must reach into the band.
    """
    found = [_estimate(check.statistic, series, values, baseline) for check in series.checks]
    pairs = zip(series.checks, found, strict=True)
    return [_row(experiment, series, check, each, len(values), quick) for check, each in pairs]


def _estimate(statistic: str, series: Series, values: Sequence[float], baseline: Sequence[float]) -> Estimate:
    if statistic == "distance":
        return estimates.distance(values, series.curve)
    if statistic == "change":
        return estimates.change(values, baseline)
    return estimates.STATISTICS[statistic](values)


def _row(
    experiment: Experiment, series: Series, check: Check, found: Estimate, trials: int, quick: bool
) -> Row:
    verdict = _verdict(check, found, quick)
    return Row(
        experiment=experiment.name,
        series=series.name,
        statistic=check.statistic,
        unit=_UNITS.get(check.statistic, series.unit or experiment.unit),
        published=check.published,
        simulated=found,
        band="" if check.published is None else check.band.text,
        verdict=verdict,
        trials=trials,
        source=experiment.source,
        reason=check.reason if verdict == "explained" else "",
    )


def _verdict(check: Check, found: Estimate, quick: bool) -> Verdict:
    known = check.published
    if known is None:
        return "prediction"
    if any(check.band.holds(each, known) for each in _candidates(found, known, quick)):
        return "pass"
    return "explained" if check.reason else "miss"


def _candidates(found: Estimate, known: float, quick: bool) -> list[float]:
    """Return values of which one must be accepted: of an interval, its ends, and what is known if inside."""
    if not quick or found.low is None or found.high is None:
        return [found.value]
    low, high = (found.value + 2 * (end - found.value) for end in (found.low, found.high))
    return [low, found.value, high, *([known] if low <= known <= high else [])]
