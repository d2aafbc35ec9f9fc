"""Whether what was measured may come from what was simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.estimates import STATISTICS
from sim.calibration.real.model import Acceptance


@dataclass(frozen=True)
class Sample:
    """What was measured, in one run, and what was simulated: all of it, and by run if trials are in a row."""

    measured: Sequence[float]
    simulated: Sequence[float]
    runs: Sequence[Sequence[float]] = ()

    @cached_property
    def ks_p(self) -> float:
        """How likely two samples of one distribution differ as much (two-sample Kolmogorov-Smirnov test).

        Trials that share the phases of their processes' ticks are correlated, and it comes out too low for
        them: `runs_p` tells by how much.
        """
        return ks(self.measured, self.simulated)[1]

    @cached_property
    def runs_p(self) -> float:
        """How likely a run is as far from all runs as the measured one, by the same distance."""
        far = ks(self.measured, self.simulated)[0]
        farther = sum(ks(run, self.simulated)[0] >= far for run in self.runs)
        return (1 + farther) / (1 + len(self.runs))

    def of_both(self, statistic: str) -> tuple[float, float]:
        """Return a statistic of what was measured, and of all that was simulated."""
        known, found = (STATISTICS[statistic](each).value for each in (self.measured, self.simulated))
        return known, found


def ks(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Return the distance of two samples, and the p-value of the two-sample Kolmogorov-Smirnov test."""
    from scipy.stats import ks_2samp

    found = ks_2samp(ones, others)
    return float(found.statistic), float(found.pvalue)


def misses(accept: Acceptance, sample: Sample, continuous: bool) -> Iterator[str]:
    """Yield a sentence for each part of the acceptance that does not hold."""
    if accept.p_value is not None and continuous and not sample.ks_p > accept.p_value:
        among = f" ({sample.runs_p:.2g} among runs)" if sample.runs else ""
        yield f"KS p = {sample.ks_p:.2g}{among}, expected > {accept.p_value:g}"
    if accept.median is not None:
        known, found = sample.of_both("p50")
        if not abs(found - known) <= accept.median * abs(known):
            yield f"median {found:.4g} against {known:.4g}, expected within {accept.median:.0%}"
    if accept.points is not None:
        known, found = sample.of_both("mean")
        if not abs(found - known) <= accept.points:
            yield f"share {found:.1%} against {known:.1%}, expected within {accept.points * 100:g} points"
    if accept.longest is not None and max(sample.simulated) > accept.longest:
        yield f"up to {max(sample.simulated):.4g}, expected at most {accept.longest:g}"
