"""A sweep from beginning to end: what is there already, what is run, and the rows in order."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.sweep.cells import Cell
from sim.sweep.dispatch import Dispatch, Span
from sim.sweep.pools import LocalPool, Pool, SerialPool, cores
from sim.sweep.store import Store, gaps
from sim.sweep.tables import Rows
from sim.sweep.version import code_version
from sim.sweep.work import Done, Work, run_chunk

SERIAL_S = 2.0
"""Below so much work, worker processes take longer to start than they save."""
PROBE_S = 0.25


@dataclass(frozen=True)
class Campaign:
    """Cells under the same seeds. `arguments` are what the user asked for, as JSON has it."""

    cells: tuple[Cell, ...]
    seeds: Sequence[int]
    arguments: dict[str, Any]

    @property
    def planned(self) -> int:
        """How many runs there are."""
        return len(self.cells) * len(self.seeds)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a sweep to be resumed."""
        texts = {cell.scenario: cell.text for cell in self.cells}
        return {"leadersim": code_version(), "arguments": self.arguments, "scenarios": texts}

    def work(self, span: Span) -> Work:
        """Return what is sent for a span."""
        return Work(self.cells[span.cell].payload, self.seeds[span.start : span.stop], code_version())

    def first_seed(self, span: Span) -> int:
        """Return the seed at the beginning of a span."""
        return self.seeds[span.start]

    def store(self, folder: Path, resume: bool) -> Store:
        """Return the directory of this sweep, opened."""
        versions = {name: version(name) for name in ("numpy", "simpy", "pyarrow")}
        store = Store(folder, self.identity)
        store.open(resume, {"python": platform.python_version(), **versions})
        return store


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of consecutive seeds of one cell; `fresh` if they were run now."""

    cell: Cell
    rows: Rows
    fresh: bool


MakePool = Callable[[], Pool]


def conduct(
    plan: Campaign, store: Store | None = None, jobs: int | None = None, remote: MakePool | None = None
) -> Iterator[Batch]:
    """Run what is missing and yield everything, in the order of cells and seeds.

    `jobs` processes at once, by default one per core; in this process if one is asked for, or if there
    is little to do. `remote` makes another pool. Close the iterator to end the workers.
    """
    finished = [] if store is None else store.spans()
    missing = list(gaps(finished, len(plan.cells), len(plan.seeds)))
    old = ((span, None) for span in finished)
    for span, done in merge(old, _fresh(plan, missing, store, jobs, remote), key=lambda each: each[0]):
        if done is not None:
            yield Batch(plan.cells[span.cell], done.rows, fresh=True)
        elif store is not None:
            yield Batch(plan.cells[span.cell], store.read(span), fresh=False)


def _fresh(
    plan: Campaign, missing: list[Span], store: Store | None, jobs: int | None, remote: MakePool | None
) -> Iterator[tuple[Span, Done | None]]:
    def keep(span: Span, done: Done) -> None:
        if store is not None:
            store.write(plan.cells[span.cell], span, done.rows)

    if not missing:
        return
    pace_s, pool = None, None if remote is None else remote()
    if pool is None:
        span, done = _probe(plan, missing)
        keep(span, done)
        yield span, done
        pace_s = done.pace_s
        pool = _local(jobs, pace_s * sum(each.length for each in missing))
    dispatch = Dispatch(pool, missing, plan.work, plan.first_seed)
    if pace_s is not None:
        dispatch.supply.learn(missing[0].cell if missing else 0, pace_s)
    try:
        yield from dispatch.in_order(keep)
    finally:
        pool.close()


def _probe(plan: Campaign, missing: list[Span]) -> tuple[Span, Done]:
    """Run the first seeds here, to see what they cost, and take them off what is missing."""
    first = missing.pop(0)
    work = plan.work(first)
    done = run_chunk(Work(work.payload, work.seeds, work.code, PROBE_S))
    upto = first.start + done.ran
    if upto < first.stop:
        missing.insert(0, Span(first.cell, upto, first.stop))
    return Span(first.cell, first.start, upto), done


def _local(jobs: int | None, work_s: float) -> Pool:
    workers = cores() if jobs is None else jobs
    return SerialPool() if workers == 1 or work_s < SERIAL_S else LocalPool(workers)
