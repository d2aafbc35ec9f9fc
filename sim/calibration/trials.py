"""Runs the trials of many series on all cores."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any

from sim.calibration.experiment import Series
from sim.errors import SimulatorError
from sim.sweep.cells import Cell, cells
from sim.sweep.dispatch import Dispatch, Span
from sim.sweep.pools import LocalPool, Pool, SerialPool, cores
from sim.sweep.tables import PLACE
from sim.sweep.version import code_version
from sim.sweep.work import Done, Work

FEW = 1500
"""Below so many trials, worker processes take longer to start than they save."""


def conduct(
    series: Sequence[Series], jobs: int | None = None, progress: Callable[[int], None] = lambda trials: None
) -> Generator[list[Any], None, None]:
    """Yield what was measured in each series, in order: a number for each trial, infinite if it never came.

    A measure that returns a tuple has trials in a row, and a tuple for each run. `progress` is told how many
    more runs are done.

    Raises:
        ScenarioError: a series cannot be loaded with its settings.
        SimulatorError: a run crashed, by a bug of ours.
    """
    ready = [cells([each.scenario], overrides=each.settings)[0] for each in series]
    spans = [Span(number, 0, each.trials) for number, each in enumerate(series)]
    with closing(_pool(jobs, sum(each.trials for each in series))) as pool:
        dispatch = Dispatch(pool, spans, lambda span: _work(span, series, ready), lambda span: span.start)
        found: list[Any] = []
        for span, done in dispatch.in_order(lambda span, done: progress(done.ran)):
            found += _values(ready[span.cell], done)
            if len(found) == series[span.cell].trials:
                yield found
                found = []


def _pool(jobs: int | None, trials: int) -> Pool:
    workers = cores() if jobs is None else jobs
    return SerialPool() if workers == 1 or trials < FEW else LocalPool(workers)


def _work(span: Span, series: Sequence[Series], ready: Sequence[Cell]) -> Work:
    seeds = range(span.start, span.stop)
    each = series[span.cell]
    return Work(ready[span.cell].payload, seeds, code_version(), measure=each.measure, trace=each.trace)


def _values(cell: Cell, done: Done) -> list[Any]:
    for row in done.rows["runs"]:
        raise SimulatorError(f"{cell.replay(row[0])}: {row[PLACE['runs']['error']]}")
    return [_value(value) for _, value in done.rows["measured"]]


def _value(found: Any) -> Any:
    if type(found) is tuple:
        return tuple(_value(each) for each in found)
    return math.inf if found is None else found
