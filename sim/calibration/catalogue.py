"""The experiments that there are, by name, and what runs them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from sim.calibration.experiment import Experiment, Series
from sim.calibration.judgement import Row, judge
from sim.calibration.published import dissertation, etcd, partial_connectivity, raft_paper, refloated
from sim.calibration.trials import conduct
from sim.errors import UserError

EXPERIMENTS: tuple[Experiment, ...] = (
    dissertation.SPLIT_VOTES,
    dissertation.AVAILSIM,
    raft_paper.FIGURE_16,
    raft_paper.NO_RANDOMNESS,
    refloated.CANDIDATE_TIMER,
    partial_connectivity.OMNI_PAXOS,
    partial_connectivity.HOWARD_ABRAHAM,
    etcd.LEASE_READS,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one series: what was measured in each trial (infinite if it never came), and its rows."""

    experiment: Experiment
    series: Series
    values: list[float]
    rows: list[Row]


def chosen(names: Sequence[str]) -> tuple[Experiment, ...]:
    """Return the experiments of these names, or all.

    Raises:
        UserError: there is no such experiment.
    """
    known = {each.name: each for each in EXPERIMENTS}
    return tuple(known[name_in(name, known)] for name in names) or EXPERIMENTS


def name_in(name: str, known: Sequence[str] | dict[str, Experiment]) -> str:
    """Return `name` if it is one of those that are known.

    Raises:
        UserError: it is none of them; the message has the nearest one, or all.
    """
    if name in known:
        return name
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there is {', '.join(known)}"
    raise UserError(f"unknown experiment '{name}'; {hint}")


def trials(experiments: Sequence[Experiment], quick: bool) -> int:
    """Return how many runs these take."""
    return sum(run.trials for _, each in _all_series(experiments, quick) for run in _runs(each))


def calibrate(
    experiments: Sequence[Experiment],
    quick: bool = False,
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda trials: None,
) -> Generator[Found, None, None]:
    """Run experiments and yield each series with its rows, in order; `quick`: fewer trials.

    Raises:
        SimulatorError: a run crashed, by a bug of ours.
    """
    pairs = list(_all_series(experiments, quick))
    measured = conduct([run for _, series in pairs for run in _runs(series)], jobs, progress)
    for experiment, series in pairs:
        values = next(measured)
        baseline = next(measured) if series.baseline else []
        yield Found(experiment, series, values, judge(experiment, series, values, quick, baseline))


def _runs(series: Series) -> tuple[Series, ...]:
    """Return what is to be run for a series: itself, and its baseline under the same seeds."""
    return (series, replace(series, settings=series.baseline)) if series.baseline else (series,)


def _all_series(experiments: Sequence[Experiment], quick: bool) -> Iterator[tuple[Experiment, Series]]:
    for experiment in experiments:
        for series in experiment.series:
            yield experiment, series.quick() if quick else series
