"""Running a scenario with a setting under several seeds, without and with fencing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import analysis
from analysis.plots.style import duration
from sim.errors import ScenarioError
from sim.run import run
from study.settings import SEEDS, Setting

FOLDER = Path(__file__).parents[1] / "scenarios" / "studies"


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one setting, without and with fencing; none of those that its protocol refuses."""

    setting: Setting
    plain: Sequence[Any]
    fenced: Sequence[Any]

    def mean(self, metric: str, fenced: bool = False) -> float:
        """Return the mean of a metric over the runs that measured it."""
        values = [result.metrics[metric] for result in (self.fenced if fenced else self.plain)]
        found = [value for value in values if value is not None]
        return sum(found) / len(found) if found else float("nan")

    @property
    def leaderless(self) -> str:
        """The median time from a fault on the leader to the next that believes, as far as there was one."""
        elections = analysis.elections(list(self.plain))
        # Who follows itself unforced was never missing: all members called elections at once.
        itself = (elections["old_leader"] == elections["new_leader"]).fillna(False)
        changed = (elections["cause"] != "start") & ~(itself & (elections["cause"] == "unforced"))
        found = analysis.quantiles(elections[changed], "belief", shares=(0.5,)).iloc[0]
        if not found["elections"]:
            return "no election"
        if found["value_s"] == float("inf"):
            return f"longer than the run ({found['censored']} of {found['elections']})"
        open_ = f", {found['censored']} of {found['elections']} not over" if found["censored"] else ""
        return duration(found["value_s"]) + open_

    @property
    def violated(self) -> str:
        """What properties were violated, in how many of the runs, inside and outside of the envelope."""
        counts: dict[str, int] = {}
        for result in self.plain:
            for name in sorted({_named(found) for found in result.violations}):
                counts[name] = counts.get(name, 0) + 1
        return ", ".join(f"{name} in {count} of {len(self.plain)}" for name, count in counts.items()) or "-"


def _named(violation: Any) -> str:
    name: str = violation.property
    return f"{name} (outside the envelope)" if violation.outside_envelope else name


def measure(scenario: str, setting: Setting) -> Measured:
    """Run a scenario with a setting; every number of a page is from these runs."""

    def runs(*more: str) -> list[Any]:
        overrides = [*setting.overrides, *more]
        return [
            run(FOLDER / f"{scenario}.yaml", seed=s, protocol=setting.protocol, overrides=overrides)
            for s in SEEDS
        ]

    return Measured(setting, _if_it_fits(runs), _if_it_fits(partial(runs, "workload.fenced=true")))


def _if_it_fits(runs: Callable[[], list[Any]]) -> list[Any]:
    try:
        return runs()
    except ScenarioError:
        return []
