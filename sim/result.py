"""The result of one run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.files import write_text
from sim.records import Record, Violated
from sim.tally import Costs, OperationTally

if TYPE_CHECKING:
    import pandas as pd

    from analysis.metrics import Metrics
    from analysis.verdict import Verdict
    from sim.conditions import Condition


@dataclass(eq=False)
class Result:
    """What happened in one run, and what follows from it.

    `records` are the milestones, kept at every trace level; `details` are the rest, at levels
    `summary` and `full`. Tables and metrics are computed when asked for.
    """

    name: str
    protocol: str
    seed: int
    digest: str  # "" at trace level `off`
    records: list[Record]
    details: list[Record]
    tally: OperationTally
    costs: Costs
    effects_accepted: int
    drawn: dict[str, str] = field(default_factory=dict)
    reach: tuple[Condition, ...] = ()
    expect: tuple[Condition, ...] = ()
    scenario: Any = None
    level: str = "digest"
    replay: str = ""  # the command that runs it again; "" of a scenario that is not in a file

    @cached_property
    def metrics(self) -> Metrics:
        """Every metric of `sim.metrics.METRICS` by name; None where nothing was measured."""
        from analysis.metrics import metrics

        return metrics(self)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the run passed, failed or was inconclusive, and why."""
        from analysis.verdict import judge

        return judge(self, self.reach, self.expect, self.metrics)

    @property
    def violations(self) -> list[Violated]:
        """Every violation, also those outside the protocol's envelope."""
        return [record for record in self.records if type(record) is Violated]

    # Tables -------------------------------------------------------------------------------------

    @cached_property
    def elections(self) -> pd.DataFrame:
        """One row per loss of a leader: how long until there was another, by definition."""
        return _frame("elections", self)

    @cached_property
    def leaderships(self) -> pd.DataFrame:
        """One row per interval in which a node believed that it leads."""
        return _frame("leaderships", self)

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """One row per split-brain incident."""
        return _frame("incidents", self)

    @cached_property
    def damage(self) -> pd.DataFrame:
        """One row per harm that the workload counted at its resource."""
        return _frame("damage", self)

    @cached_property
    def envelope(self) -> pd.DataFrame:
        """One row per bound that the protocol assumes or the scenario grants: what was measured."""
        return _frame("envelope", self)

    @cached_property
    def outages(self) -> pd.DataFrame:
        """One row per interval without service, by view."""
        return _frame("outages", self)

    @cached_property
    def operations(self) -> pd.DataFrame:
        """One row per client command; needs trace level `summary` or `full`."""
        if self.level not in ("summary", "full"):
            raise UserError(f"operations are kept at trace level summary or full, not {self.level}")
        return _frame("operations", self)

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row per message; needs trace level `full`."""
        if self.level != "full":
            raise UserError(f"messages are kept at trace level full, not {self.level}")
        return _frame("messages", self)

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per record of the trace, as far as the level has them."""
        return _frame("events", self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: verdict, leadership lanes, a few metrics."""
        from analysis.report import card

        return card(self)

    # Files --------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Return the result as `leadersim run --json` prints it."""
        from analysis.bounds import bounds

        verdict = self.verdict
        return {
            "scenario": self.name,
            "protocol": self.protocol,
            "seed": self.seed,
            "digest": self.digest,
            "verdict": verdict.status,
            "metrics": dict(self.metrics),
            "expectations": [
                {
                    "metric": outcome.condition.metric,
                    "expected": outcome.condition.text,
                    "measured": outcome.measured,
                    "ok": outcome.ok,
                }
                for outcome in [*verdict.reach, *verdict.expectations]
            ],
            "violations": [
                {
                    "property": violation.property,
                    "at_s": violation.at_ns / 1e9,
                    "nodes": list(violation.nodes),
                    "evidence": violation.evidence,
                    "outside_envelope": violation.outside_envelope or None,
                }
                for violation in verdict.violations
            ],
            "envelope": [asdict(bound) for bound in bounds(self.records)],
        }

    def write(self, directory: Path | str) -> None:
        """Write `result.json`, `trace.jsonl` and `trace.parquet`, each whole; UserError if it cannot be.

        `result.json` is `as_dict()` with the version of leadersim, what was drawn from the seed, and the
        sums over client operations, so that the files say as much as this object.
        """
        from sim.trace_files import write_jsonl, write_parquet

        directory = Path(directory)
        records = [*self.records, *self.details]
        write_text(directory / "result.json", json.dumps(self._told(), indent=2, allow_nan=False) + "\n")
        write_jsonl(directory / "trace.jsonl", records)
        write_parquet(directory / "trace.parquet", records)

    def _told(self) -> dict[str, Any]:
        return {
            "leadersim": _version(),
            **self.as_dict(),
            "drawn": self.drawn,
            "about": getattr(self.scenario, "about", ""),
            "replay": self.replay,
            "level": self.level,
            "sums": {
                "tally": self.tally.as_dict(),
                "costs": asdict(self.costs),
                "effects_accepted": self.effects_accepted,
            },
        }


def _version() -> str:
    try:
        return version("leadersim")
    except PackageNotFoundError:
        return "not installed"  # run from a checkout


def _frame(name: str, result: Result) -> pd.DataFrame:
    import analysis.frames.one

    table: pd.DataFrame = getattr(analysis.frames.one, name)(result)
    return table
