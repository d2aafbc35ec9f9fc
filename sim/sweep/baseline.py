"""Baselines: what a set of scenarios came to once, in a small file to be reviewed, and what changed since.

A check runs the same seeds, in looks that double in size, and stops as soon as each scenario is decided: its
runs are the very same ones; or the interval of a change excludes what is allowed; or it lies within
it. Each look spends an equal part of the 5 % error (Bonferroni), so that looking often does not raise
alarms. What is still open at the last look is "not decided": no evidence of a change beyond what
is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf, isfinite, isinf, sqrt
from pathlib import Path
from typing import Any, Literal

from sim.errors import UserError
from sim.files import write_text
from sim.metrics import METRICS
from sim.sweep.cells import Cell
from sim.sweep.measures import Gauge, Measure, per_run
from sim.sweep.tables import PLACE, Rows
from sim.sweep.version import code_version

FORMAT = "leadersim-baseline"
VERSION = 1
FIRST_LOOK = 50
ERROR = 0.05
DEFAULT_METRICS = (
    "election_time.service.p50",
    "election_time.service.p99",
    "availability.system",
    "availability.client",
    "cost.messages_per_second",
)
_RUN = PLACE["runs"]

Decision = Literal["same", "within", "better", "worse", "open"]


def looks(seeds: int) -> list[int]:
    """Return after how many seeds a check looks: 50, 100, 200 ... and at the end.

    >>> looks(300), looks(30)
    ([50, 100, 200, 300], [30])
    """
    found = []
    at = FIRST_LOOK
    while at < seeds:
        found.append(at)
        at *= 2
    return [*found, seeds]


# What is collected ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Collected:
    """The runs of one cell so far, from seed 0 on."""

    cell: Cell
    gauges: dict[str, Gauge]
    runs: int = 0
    not_passed: dict[int, str] = field(default_factory=dict)  # seed -> reason
    _digests: Any = field(default_factory=lambda: blake2b(digest_size=8))
    digest_at: dict[int, str] = field(default_factory=dict)

    def add(self, rows: Rows, at: Sequence[int]) -> None:
        """Take in more rows, in the order of seeds; `at`: the numbers of runs to remember a digest at."""
        for gauge_ in self.gauges.values():
            gauge_.add(rows)
        for row in rows["runs"]:
            self.runs += 1
            self._digests.update(str(row[_RUN["digest"]]).encode())
            if row[_RUN["verdict"]] != "pass":
                self.not_passed[row[0]] = str(row[_RUN["error"]].strip() or row[_RUN["reason"]])
            if self.runs in at:
                self.digest_at[self.runs] = self._digests.hexdigest()


def collected(cells: Sequence[Cell], metrics: Sequence[str]) -> dict[tuple[str, ...], Collected]:
    """Return an empty collection for each cell, by its key."""
    return {cell.key: Collected(cell, {name: per_run(name) for name in metrics}) for cell in cells}


# The file ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """One cell as it was: how to run it, and what it came to."""

    scenario: str
    protocol: str
    source: str
    overrides: tuple[str, ...]
    text_digest: str  # of the scenario file
    seeds: int
    not_passed: tuple[int, ...]
    digests: dict[str, str]  # number of runs -> digest of their digests
    metrics: dict[str, dict[str, float | None]]  # name -> value, error


def text_digest(text: str) -> str:
    """Return a digest of a scenario file, to notice that it is another one now."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def recorded(found: Collected, source: str, overrides: tuple[str, ...]) -> Recorded:
    """Return what is kept of a cell; metrics that nothing measured are left out."""
    measures = {name: each.measure() for name, each in found.gauges.items()}
    return Recorded(
        found.cell.scenario,
        found.cell.protocol,
        source,
        overrides,
        text_digest(found.cell.text),
        found.runs,
        tuple(sorted(found.not_passed)),
        {str(at): digest for at, digest in found.digest_at.items()},
        {
            name: {"value": None if isinf(measure.value) else measure.value, "error": measure.error}
            for name, measure in measures.items()
            if measure.value is not None
        },
    )


def write(path: Path, cells: Sequence[Recorded]) -> None:
    """Write a baseline, whole; UserError if it cannot be."""
    listed = [{name: getattr(cell, name) for name in Recorded.__dataclass_fields__} for cell in cells]
    made = {"format": FORMAT, "version": VERSION, "leadersim": code_version(), "cells": listed}
    write_text(path, json.dumps(made, indent=1, allow_nan=False) + "\n")


def read(path: Path) -> list[Recorded]:
    """Return the cells of a baseline file.

    Raises:
        UserError: there is no such file, or it is no baseline that this version can read.
    """
    try:
        made = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: not a baseline: {error}") from None
    if not isinstance(made, dict) or made.get("format") != FORMAT:
        raise UserError(f"{path}: not a baseline; leadersim baseline save makes one")
    found = made.get("version")
    if found != VERSION:
        raise UserError(f"{path}: a baseline of version {found}; this leadersim reads version {VERSION}")
    try:
        return [_restored(cell) for cell in made["cells"]]
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged: {error}") from None


def _restored(cell: dict[str, Any]) -> Recorded:
    lists = {name: tuple(cell[name]) for name in ("overrides", "not_passed")}
    return Recorded(**{**cell, **lists})


# The comparison ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """How a metric changed for the worse: +0.12 is 12 % more time, cost or downtime; and its half interval.

    Infinite where there was nothing before, or a quantile is not reached any more.
    """

    metric: str
    before: float | None
    after: float | None
    change: float
    half: float
    decision: Decision

    def __str__(self) -> str:
        if not isfinite(self.change):
            return f"{self.metric} {_number(self.before)} before, {_number(self.after)} now"
        name = self.metric if METRICS[self.metric].unit != "share" else f"1 - {self.metric}"
        return f"{name} {self.change:+.0%} +-{self.half:.0%} against baseline"


def _number(value: float | None) -> str:
    return "not reached" if value is None or isinf(value) else f"{value:.4g}"


def change(
    name: str, before: dict[str, float | None], after: Measure, allowed: float, level: float
) -> Change:
    """Return what became of a metric; `level` is the confidence of this look."""
    was = inf if before["value"] is None else before["value"]
    now = inf if after.value is None else after.value
    bad_was, bad_now = _badness(name, was), _badness(name, now)
    if bad_was == bad_now:
        return Change(name, before["value"], after.value, 0.0, 0.0, "within")
    if not (isfinite(bad_was) and isfinite(bad_now) and bad_was > 0):
        worse: Decision = "worse" if bad_now > bad_was else "better"
        return Change(name, before["value"], after.value, inf if worse == "worse" else -inf, 0.0, worse)
    ratio = bad_now / bad_was
    half = _z(level) * ratio * sqrt(_relative(after.error, bad_now) + _relative(before["error"], bad_was))
    return Change(name, before["value"], after.value, ratio - 1, half, _decide(ratio - 1, half, allowed))


def _badness(name: str, value: float) -> float:
    """Return what should be small: of an availability, the time without it."""
    return 1 - value if METRICS[name].unit == "share" else value


def _relative(error: float | None, value: float) -> float:
    return 0.0 if not value or error is None else (error / value) ** 2


def _z(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def _decide(change: float, half: float, allowed: float) -> Decision:
    if change - half > allowed:
        return "worse"
    if change + half < -allowed:
        return "better"
    return "within" if change + half <= allowed else "open"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check says of one cell after so many seeds."""

    before: Recorded
    seeds: int
    same: bool  # the runs are the very same ones; what is expected of them may have changed
    changes: tuple[Change, ...]
    fallen: dict[int, str]  # seeds that passed before and do not now, with the reason

    @property
    def decided(self) -> bool:
        """Whether more seeds would change nothing."""
        return self.same or bool(self.fallen) or all(each.decision != "open" for each in self.changes)

    @property
    def worse(self) -> bool:
        """Whether the gate is to stay shut."""
        return bool(self.fallen) or any(each.decision == "worse" for each in self.changes)


def compare(before: Recorded, found: Collected, allowed: float, level: float) -> Outcome:
    """Return what the runs so far say against the baseline."""
    same = before.digests.get(str(found.runs)) == found.digest_at.get(found.runs, "")
    fallen = {seed: why for seed, why in found.not_passed.items() if seed not in before.not_passed}
    changes = () if same else tuple(_changes(before, found, allowed, level))
    return Outcome(before, found.runs, same, changes, fallen)


def _changes(before: Recorded, found: Collected, allowed: float, level: float) -> Iterator[Change]:
    for name, values in before.metrics.items():
        yield change(name, values, found.gauges[name].measure(), allowed, level)
