"""Pass, fail or inconclusive: what the scenario asked for against what was measured.

A run that compared nothing is not green: it is inconclusive if it never reached what the scenario is
about, or if an expectation had nothing to measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.incidents import LOST_STATE
from analysis.metrics import Metrics, metrics
from analysis.rundata import RunData
from sim.conditions import Condition
from sim.metrics import VIOLATION_PREFIX
from sim.records import Violated

Status = Literal["pass", "fail", "inconclusive"]

_GROUPS: dict[str, tuple[str, ...]] = {
    "election_safety": ("split_brain.same_epoch",),
    "exclusive_belief": (
        "split_brain.dual_belief",
        "split_brain.dual_belief.total",
        "split_brain.dual_belief.longest",
    ),
    "dual_effect": ("split_brain.dual_effect", "effects.stale_accepted"),
    "fencing": ("split_brain.dual_effect", "effects.stale_accepted"),
    **{name: ("split_brain.lost_state",) for name in sorted(LOST_STATE)},
}
"""The metrics, beside `violations` and `violations.<property>`, that show a property's violation."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of `reach:` or `expect:`, and what came of it.

    ok: None if there was nothing to compare. at_least: where measured is None because the run ended
    too early, what it cannot be less than (in the metric's unit); that may decide the comparison.
    """

    condition: Condition
    measured: float | int | None
    ok: bool | None
    at_least: float | None = None

    def __str__(self) -> str:
        if self.measured is not None:
            found = f"measured {self.measured:g}"
        elif self.at_least is not None:
            found = f"not reached by the end of the run, at least {self.at_least:g}"
        else:
            found = "nothing was measured"
        return f"{self.condition.metric} {self.condition.text}: {found}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run is worth. `violations` has all of them, also those outside the protocol's envelope.

    reasons: a sentence for each thing that keeps the run from passing, the gravest first.
    """

    status: Status
    expectations: tuple[Outcome, ...]
    reach: tuple[Outcome, ...]
    violations: tuple[Violated, ...]
    reasons: tuple[str, ...]


def judge(
    run: RunData,
    reach: Sequence[Condition],
    expect: Sequence[Condition],
    measured: Metrics | None = None,
) -> Verdict:
    """Return the verdict on a run; `measured` are its metrics, if they are at hand.

    Fail: a property was violated inside the protocol's envelope (liveness, "convergence", is one) and
    no line of `expect` demands it; or an expectation does not hold. Inconclusive, unless it fails: a
    line of `reach` does not hold, or an expectation had nothing to measure. An expectation on a
    censored election time is decided where the length of the run decides it: "below 1 s" is false
    of a run that stayed without a leader for 20 s.

    Raises:
        KeyError: a condition names no metric.
    """
    values = metrics(run) if measured is None else measured
    reached = tuple(_outcome(condition, values) for condition in reach)
    expected = tuple(_outcome(condition, values) for condition in expect)
    violations = tuple(record for record in run.records if type(record) is Violated)
    failures = _unexpected(violations, expect)
    failures += [f"expected {outcome}" for outcome in expected if outcome.ok is False]
    doubts = [f"never reached {outcome}" for outcome in reached if not outcome.ok]
    doubts += [f"compared nothing: {outcome}" for outcome in expected if outcome.ok is None]
    status: Status = "fail" if failures else "inconclusive" if doubts else "pass"
    return Verdict(status, expected, reached, violations, (*failures, *doubts))


def _outcome(condition: Condition, values: Metrics) -> Outcome:
    measured = values[condition.metric]
    if measured is not None:
        return Outcome(condition, measured, condition.holds(measured))
    at_least = values.at_least(condition.metric)
    decided = None if at_least is None else _decided(condition, at_least)
    return Outcome(condition, None, decided, at_least)


def _decided(condition: Condition, at_least: float) -> bool | None:
    """Return True if `condition` holds of all values from `at_least` on, False: of none, None: of some."""
    if condition.operator in ("==", "!=") and condition.value >= at_least:
        return None
    lowest = condition.holds(at_least)
    return lowest if lowest == condition.holds(math.inf) else None


def _unexpected(violations: Sequence[Violated], expect: Sequence[Condition]) -> list[str]:
    demanded = {condition.metric for condition in expect if condition.demands_presence}
    return [
        f"{found.property} violated at {found.at_ns / 1e9:.6f} s ({', '.join(found.nodes)}): {found.evidence}"
        for found in violations
        if not found.outside_envelope and demanded.isdisjoint(_shown_by(found.property))
    ]


def _shown_by(name: str) -> tuple[str, ...]:
    return ("violations", VIOLATION_PREFIX + name, *_GROUPS.get(name, ()))
