"""What a worker does: the runs of one chunk, and the rows that they leave."""

from __future__ import annotations

import pickle
import resource
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING

from sim.errors import UserError
from sim.sweep.tables import Rows, crashed_row, nothing, rows_of, run_row
from sim.sweep.version import code_version

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.trace import Level

BUDGET_S = 2.0
"""CPU seconds after which a chunk ends, with the rest of its seeds left to another."""


@dataclass(frozen=True, slots=True)
class Work:
    """A chunk: seeds of one cell, whose pickled scenario is `payload`; `code` made the plan.

    `measure` names a function ("module:function") from a `Result` to a number or None. Then each run is
    one row (seed, number) of the table "measured", nothing else is computed of it, and `trace` is its level.
    """

    payload: bytes
    seeds: Sequence[int]
    code: str
    budget_s: float = BUDGET_S
    measure: str = ""
    trace: Level = "off"

    @property
    def needs_main(self) -> bool:
        """Whether it refers to the program itself, such as a protocol that a script defines."""
        return b"__main__" in self.payload or self.measure.startswith("__main__")


@dataclass(frozen=True, slots=True)
class Done:
    """The rows of the first `ran` seeds of a chunk, and what a run of it costs after the first."""

    rows: Rows
    ran: int
    pace_s: float  # CPU seconds a run


# One chunk at a time in a process: the engine keeps what it has prepared, and is not made for threads.
_one_at_a_time = Lock()
_scenarios: dict[bytes, Scenario] = {}


def run_chunk(work: Work) -> Done:
    """Run the seeds of a chunk in order, until its budget is spent; at least one.

    Raises:
        UserError: this process has other code than the one that planned the sweep.
    """
    if work.code != code_version():
        raise UserError(f"a worker has leadersim {code_version()}, the client {work.code}: install the same")
    with _one_at_a_time:
        return _run(_scenario(work.payload), work)


def _run(scenario: Scenario, work: Work) -> Done:
    rows = nothing()
    begun = first = _cpu_s()
    ran = 0
    for ran, seed in enumerate(work.seeds, start=1):
        run_one(scenario, seed, rows, work.measure, work.trace)
        spent = _cpu_s()
        if ran == 1:
            first = spent  # imports and preparation are in the first run, and say nothing of the next
        if spent - begun > work.budget_s:
            break
    return Done(rows, ran, (_cpu_s() - first) / (ran - 1) if ran > 1 else first - begun)


def run_one(scenario: Scenario, seed: int, rows: Rows, measure: str = "", trace: Level = "off") -> None:
    """Run once and add the rows; a crash of ours is a row too, and stops nothing."""
    try:
        made = _measured(scenario, seed, measure, trace) if measure else _rows(scenario, seed)
    except UserError:
        raise
    except Exception:
        rows["runs"].append(crashed_row(seed, traceback.format_exc()))
        return
    for table, new in made.items():
        rows.setdefault(table, []).extend(new)


def _measured(scenario: Scenario, seed: int, measure: str, trace: Level) -> Rows:
    from sim.run import run

    module, _, function = measure.partition(":")
    number = getattr(import_module(module), function)(run(scenario, seed=seed, trace=trace))
    return {"measured": [(seed, number)]}


def _rows(scenario: Scenario, seed: int) -> Rows:
    from analysis.metrics import metrics
    from analysis.verdict import judge
    from sim.run import run

    result = run(scenario, seed=seed)
    measured = metrics(result)
    facts = measured.facts
    verdict = judge(result, result.reach, result.expect, measured)
    outcome = {
        "digest": result.digest,
        "verdict": verdict.status,
        "reason": verdict.reasons[0] if verdict.reasons else "",
        "violated": ", ".join(sorted({found.property for found in verdict.violations})),
    }
    return {
        "runs": [run_row(seed, outcome, measured)],
        "elections": rows_of("elections", seed, facts.elections),
        "incidents": rows_of("incidents", seed, facts.ledger),
        "leaderships": rows_of("leaderships", seed, facts.leaderships),
        "outages": rows_of("outages", seed, facts.outages),
    }


def _scenario(payload: bytes) -> Scenario:
    """Return the scenario of a payload; the newest few are kept, with what was prepared of them."""
    key = blake2b(payload, digest_size=16).digest()
    if key not in _scenarios:
        if len(_scenarios) >= 8:
            _scenarios.clear()
        _scenarios[key] = pickle.loads(payload)
    return _scenarios[key]


def _cpu_s() -> float:
    """Return the CPU time of this thread: other load on the machine must not make chunks smaller."""
    who = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)  # macOS knows no threads there
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime
