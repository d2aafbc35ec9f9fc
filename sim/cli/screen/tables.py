"""The metrics of a run as tables of text. Pure: what is shown, not how."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.cli.units import metric, rate_error, seconds
from sim.metrics import DAMAGE, ELECTION_TIMES, METRICS, PHASES, SPLIT_BRAIN, VIOLATION_PREFIX

if TYPE_CHECKING:
    from analysis.bounds import BoundHeld

Values = Mapping[str, float | int | None]
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One block of metrics: a table whose first row is its head, and single numbers under it.

    A row and a column of the table make the name of a metric, as `expect:` has it:
    `election_time.belief` and `p99`. Both are empty where nothing was measured.
    """

    title: str
    table: tuple[Row, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which metrics belong to a section. The column "" is the row's own name."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    facts: tuple[str, ...]


_PLANS = (
    _Plan(
        "Elections",
        tuple(f"election_time.{name}" for name in ELECTION_TIMES),
        ("min", "p50", "p99", "max"),
        (
            "elections",
            "elections.censored",
            "elections.split_rounds",
            "leader_changes",
            "leader_changes.unforced",
            "epoch.highest",
        ),
    ),
    _Plan("Phases of an election", tuple(f"election_phase.{phase}" for phase in PHASES), ("mean",), ()),
    _Plan(
        "Split brain",
        tuple(f"split_brain.{name}" for name in SPLIT_BRAIN),
        ("", "longest", "total"),
        ("effects.accepted", "effects.stale_accepted", "effects.rejected"),
    ),
    _Plan("Damage", (), (), tuple(f"damage.{name}" for name in DAMAGE)),
    _Plan("Availability", (), (), ("availability.system", "availability.leadership", "availability.client")),
    _Plan(
        "Outages",
        ("outages.system", "outages.leadership", "outages.client"),
        ("", "longest", "p99", "total"),
        ("outages.unjustified", "outages.justified"),
    ),
    _Plan(
        "Clients",
        (),
        (),
        (
            "operations",
            "operations.ok",
            "operations.fail",
            "operations.info",
            "operations.attempts",
            "latency.p50",
            "latency.p99",
            "latency.max",
        ),
    ),
    _Plan("Cost", (), (), ("cost.messages", "cost.messages_per_second", "cost.bytes", "cost.fsyncs")),
)
HEADS = {"": "count"}


def sections(values: Values) -> list[Section]:
    """Return what to show of the metrics, without what was not measured and empty sections.

    An election time that the end of the run cut off is shown as `> 1.5s`: what it is at least.
    """
    at_least: Callable[[str], float | None] = getattr(values, "at_least", lambda name: None)
    made = (_section(plan, values, at_least) for plan in _PLANS)
    return [section for section in made if section.table or section.facts]


def _section(plan: _Plan, values: Values, at_least: Callable[[str], float | None]) -> Section:
    def cell(row: str, column: str) -> str:
        name = f"{row}.{column}" if column else row
        return _text(name, values, at_least) if name in METRICS else ""

    shown = [row for row in plan.rows if not _is_of_absent_clients(row, values)]
    rows = [(row, *(cell(row, column) for column in plan.columns)) for row in shown]
    measured = tuple(row for row in rows if set(row[1:]) - {"-", ""})
    head = ("", *(HEADS.get(column, column) for column in plan.columns))
    facts = [(name, _text(name, values, at_least)) for name in plan.facts if _is_worth_showing(name, values)]
    return Section(plan.title, (head, *measured) if measured else (), tuple(facts))


def _is_worth_showing(name: str, values: Values) -> bool:
    """Bytes and the effects on resources are counted only in some runs: their zero says nothing."""
    value = values[name]
    if _is_of_absent_clients(name, values):
        return False
    return value is not None and (bool(value) or not name.startswith(("effects.", "cost.bytes")))


def _is_of_absent_clients(name: str, values: Values) -> bool:
    """Return whether the metric speaks of clients in a run in which none asked for anything."""
    return not values["operations"] and (name.endswith(".client") or name.startswith("operations"))


def _text(name: str, values: Values, at_least: Callable[[str], float | None]) -> str:
    value = values[name]
    bound = at_least(name) if value is None else None
    return metric(name, value) if bound is None else "> " + metric(name, bound)


def expected(name: str, text: str) -> str:
    """Return an expectation as one phrase: `election_time.belief.p99 < 1s`, `violations == 0`."""
    operator = re.match(r"[<>=!]+", text)
    return f"{name} {operator[0]} {text[operator.end() :].strip()}" if operator else f"{name} == {text}"


def measured(name: str, value: float | int | None, at_least: float | None) -> str:
    """Return what was measured, or how far the measurement got."""
    if value is None:
        return "nothing measured" if at_least is None else f"at least {metric(name, at_least)}"
    return metric(name, value)


def shown_bound(bound: BoundHeld) -> tuple[str, str, str]:
    """Return what is assumed, what is granted and what was measured of a bound, "-" for nothing."""
    worst = f"{in_unit(bound.measured, bound.unit)} {bound.worst_of}".rstrip()
    return in_unit(bound.assumed, bound.unit), in_unit(bound.granted, bound.unit), worst


def in_unit(value: float | None, unit: str) -> str:
    """Return a value of a bound in "ppm" or "s" as people write it."""
    if value is None:
        return "-"
    return rate_error(value) if unit == "ppm" else seconds(value)


def list_rows() -> list[Row]:
    """Return name, unit and meaning of every metric."""
    rows = [(name, known.unit, known.doc) for name, known in METRICS.items()]
    return [*rows, (VIOLATION_PREFIX + "<property>", "count", "violations of one property, by its name")]
