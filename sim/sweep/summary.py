"""What a cell's runs come to, in memory that does not grow with their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sim.metrics import SPLIT_BRAIN, VIEWS
from sim.sweep.cells import Cell
from sim.sweep.intervals import Estimate, Lengths, estimate
from sim.sweep.tables import CRASHED, PLACE, Row, Rows
from sim.tally import three_digits

VERDICTS = ("pass", "fail", "inconclusive", CRASHED)
DEFINITION = "service"
SHOWN = (0.5, 0.99)
BAD_MAX = 10
"""So many runs that did not pass are remembered by their seed, for each cell."""

_RUN = PLACE["runs"]
_ELECTION = PLACE["elections"]


@dataclass(frozen=True, slots=True)
class Bad:
    """A run that did not pass, and the command that runs it again."""

    seed: int
    verdict: str
    reason: str
    replay: str


@dataclass(slots=True)
class CellSummary:
    """Counts of one cell. Election times are kept with three significant digits, as they are shown."""

    cell: Cell
    runs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    lengths: Lengths = field(default_factory=Lengths)
    incidents: Counter[str] = field(default_factory=Counter)  # of all runs, by level
    affected: Counter[str] = field(default_factory=Counter)  # runs that had any
    shares: dict[str, list[float]] = field(default_factory=dict)  # view -> [sum, number of runs]
    messages: list[float] = field(default_factory=lambda: [0.0, 0])
    bad: list[Bad] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """Take in the rows of more runs."""
        for row in rows["runs"]:
            self._add_run(row)
        service, end = _ELECTION[f"{DEFINITION}_s"], _ELECTION["end_s"]
        for row in rows["elections"]:
            ended = row[service]
            self.lengths.add(_rounded_ns(row[end] if ended is None else ended), ended is None)

    def _add_run(self, row: Row) -> None:
        verdict = row[_RUN["verdict"]]
        self.runs += 1
        self.verdicts[verdict] += 1
        if verdict != "pass" and len(self.bad) < BAD_MAX:
            seed = row[0]
            told = row[_RUN["error"]].strip() or row[_RUN["reason"]]
            self.bad.append(Bad(seed, verdict, told, self.cell.replay(seed)))
        if verdict == CRASHED:
            return
        for level in SPLIT_BRAIN:
            found = row[_RUN[f"split_brain.{level}"]]
            self.incidents[level] += found
            self.affected[level] += found > 0
        for view in VIEWS:
            _accumulate(self.shares.setdefault(view, [0.0, 0]), row[_RUN[f"availability.{view}"]])
        _accumulate(self.messages, row[_RUN["cost.messages_per_second"]])

    def election_time(self, share: float) -> Estimate:
        """Return a quantile of the time until service of all elections, in ns, with its interval."""
        return estimate(self.lengths, share)

    def availability(self, view: str) -> float | None:
        """Return the mean over the runs that had something to measure."""
        return _mean(self.shares.get(view, [0.0, 0]))

    def as_dict(self) -> dict[str, Any]:
        """Return the cell as `leadersim sweep --json` prints it; times in seconds."""
        return {
            "scenario": self.cell.scenario,
            "protocol": self.cell.protocol,
            "vary": dict(self.cell.varied),
            "runs": self.runs,
            "verdicts": {verdict: self.verdicts[verdict] for verdict in VERDICTS},
            f"election_time.{DEFINITION}": {
                "elections": self.lengths.total,
                "censored": self.lengths.censored.total(),
                **{f"p{share * 100:g}": _seconds(self.election_time(share)) for share in SHOWN},
            },
            "split_brain": {
                level: {"incidents": self.incidents[level], "runs": self.affected[level]}
                for level in SPLIT_BRAIN
            },
            "availability": {view: self.availability(view) for view in VIEWS},
            "cost.messages_per_second": _mean(self.messages),
            "not_passed": [
                {"seed": bad.seed, "verdict": bad.verdict, "reason": bad.reason, "replay": bad.replay}
                for bad in self.bad
            ],
        }


def summaries(cells: Iterable[Cell]) -> dict[tuple[str, ...], CellSummary]:
    """Return an empty summary for each cell, by its key."""
    return {cell.key: CellSummary(cell) for cell in cells}


def _rounded_ns(length_s: float) -> int:
    return three_digits(round(length_s * 1e9))


def _accumulate(into: list[float], value: float | None) -> None:
    if value is not None:
        into[0] += value
        into[1] += 1


def _mean(of: list[float]) -> float | None:
    return of[0] / of[1] if of[1] else None


def _seconds(found: Estimate) -> dict[str, Any]:
    in_seconds: Callable[[int | None], float | None] = lambda ns: None if ns is None else ns / 1e9  # noqa: E731
    return {"value": in_seconds(found.value), "interval": [in_seconds(found.low), in_seconds(found.high)]}
