"""Which of the settings that a sweep tried are safe, and which of those is best.

A setting is *safe* if every constraint holds over its whole interval, *unsafe* if one of them holds
nowhere in it, and *unsure* in between: more seeds would tell. A combination that the scenario's own rules
refuse (a heartbeat as long as the election timeout) is *refused*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isinf
from typing import Any, Literal

from sim.conditions import Condition
from sim.sweep.cells import Cell, Varied
from sim.sweep.measures import Gauge, Measure, gauge
from sim.sweep.tables import Rows

Safety = Literal["safe", "unsure", "unsafe", "refused"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What to make small, or large, and under which conditions."""

    metric: str
    maximise: bool
    constraints: tuple[Condition, ...]


def holds(condition: Condition, measure: Measure) -> bool | None:
    """Return whether a condition holds of everything that a metric may be; None: of some of it.

    Nothing measured is None too: a run in which nothing happened proves nothing.
    """
    if measure.value is None or measure.low is None or measure.high is None:
        return None
    if condition.operator in ("==", "!="):
        return condition.holds(measure.value)
    ends = condition.holds(measure.low), condition.holds(measure.high)
    return ends[0] if ends[0] == ends[1] else None


def slack(condition: Condition, measure: Measure) -> float | None:
    """Return how far a value is from a bound, in the metric's unit; negative on the wrong side."""
    if measure.value is None or isinf(measure.value) or condition.operator in ("==", "!="):
        return None
    distance = condition.value - measure.value
    return distance if condition.operator in ("<", "<=") else -distance


@dataclass(slots=True)
class Setting:
    """One combination of protocol and values, and what its runs came to."""

    protocol: str
    varied: Varied
    cell: Cell | None = None  # None: refused, for `reason`
    reason: str = ""
    objective: Gauge | None = None
    constrained: list[Gauge] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """Take in the rows of more runs."""
        assert self.objective is not None
        for each in (self.objective, *self.constrained):
            each.add(rows)

    @property
    def key(self) -> tuple[str, ...]:
        """Protocol and varied values."""
        return self.protocol, *(value for _, value in self.varied)


@dataclass(frozen=True, slots=True)
class Judged:
    """A setting with its measures; `held` has an entry for each constraint, as `holds` returns it."""

    setting: Setting
    objective: Measure
    measured: tuple[Measure, ...]
    held: tuple[bool | None, ...]

    @property
    def safety(self) -> Safety:
        """Whether it may be used."""
        if self.setting.cell is None:
            return "refused"
        return "unsafe" if False in self.held else "unsure" if None in self.held else "safe"


def settings(cells: Sequence[Cell], refused: Iterable[tuple[str, Varied, str]], goal: Goal) -> list[Setting]:
    """Return what is tried: the cells with what measures them, and the combinations that cannot be."""
    tried = [Setting(cell.protocol, cell.varied, cell) for cell in cells]
    for each in tried:
        each.objective = gauge(goal.metric)
        each.constrained = [gauge(condition.metric) for condition in goal.constraints]
    return tried + [Setting(protocol, varied, reason=reason) for protocol, varied, reason in refused]


def judge(setting: Setting, goal: Goal) -> Judged:
    """Return what the runs so far say of a setting."""
    nothing = Measure(None, None, None)
    if setting.objective is None:
        return Judged(setting, nothing, (), ())
    measured = tuple(each.measure() for each in setting.constrained)
    held = tuple(holds(c, m) for c, m in zip(goal.constraints, measured, strict=True))
    return Judged(setting, setting.objective.measure(), measured, held)


def best(tried: Sequence[Judged], goal: Goal) -> Judged | None:
    """Return the safe setting with the best objective, the first of equals; None if none is safe."""
    sign = -1 if goal.maximise else 1
    safe = [
        (sign * each.objective.value, at, each)
        for at, each in enumerate(tried)
        if each.safety == "safe" and each.objective.value is not None
    ]
    return min(safe, key=lambda found: found[:2])[2] if safe else None


# The edge of the safe region ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edge:
    """The nearest value of `path`, all others being equal, at which the best setting is not safe.

    margin_ns: how far away that is, for lengths of time; None if every value tried in that direction is safe.
    """

    path: str
    value: str
    unsafe_at: str | None
    margin_ns: int | None
    why: str = ""


def edges(chosen: Judged, tried: Sequence[Judged]) -> list[Edge]:
    """Return the edge towards shorter and towards longer values, for each path of lengths of time."""
    return [
        edge
        for path, value in chosen.setting.varied
        if _length_ns(value) is not None
        for edge in _edges(path, value, chosen, tried)
    ]


def _edges(path: str, value: str, chosen: Judged, tried: Sequence[Judged]) -> list[Edge]:
    here = _length_ns(value) or 0
    others = [each for each in tried if _differs(each, chosen, path)]
    line = [(_length_ns(dict(each.setting.varied)[path]), each) for each in others]
    found = []
    for towards in (-1, 1):
        beyond = [(abs(at - here), each) for at, each in line if at is not None and (at - here) * towards > 0]
        beyond.sort(key=lambda pair: pair[0])
        unsafe = next((pair for pair in beyond if pair[1].safety != "safe"), None)
        if unsafe is not None:
            there = dict(unsafe[1].setting.varied)[path]
            found.append(Edge(path, value, there, unsafe[0], unsafe[1].safety))
        elif beyond:
            found.append(Edge(path, value, None, None))
    return found


def _differs(each: Judged, chosen: Judged, path: str) -> bool:
    """Return whether two settings differ in `path` and in nothing else."""
    one, other = dict(each.setting.varied), dict(chosen.setting.varied)
    same = each.setting.protocol == chosen.setting.protocol
    return same and one != other and {**one, path: ""} == {**other, path: ""}


def _length_ns(written: str) -> int | None:
    """Return a length of time, or the first of a range of two, None for anything else."""
    from sim.scenario.units import QuantityError, duration

    try:
        return duration(written.strip("[] ").partition(",")[0].strip())
    except QuantityError:
        return None


def as_dict(judged: Judged, goal: Goal) -> dict[str, Any]:
    """Return a setting as `leadersim tune --json` prints it."""
    rows = zip(goal.constraints, judged.measured, judged.held, strict=True) if judged.held else ()
    return {
        "protocol": judged.setting.protocol,
        "vary": dict(judged.setting.varied),
        "safety": judged.safety,
        "reason": judged.setting.reason or None,
        "objective": judged.objective.as_dict(),
        "constraints": [
            {
                "metric": condition.metric,
                "expected": condition.text,
                "measured": measure.as_dict(),
                "holds": held,
                "slack": slack(condition, measure),
            }
            for condition, measure, held in rows
        ],
    }
