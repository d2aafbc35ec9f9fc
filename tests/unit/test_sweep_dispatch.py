"""Every run is done once and reported in order, whatever dies: with a pool whose deaths are scripted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from queue import SimpleQueue
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import UserError
from sim.sweep.dispatch import Dispatch, Finished, Span, Supply, SweepLost
from sim.sweep.tables import CRASHED, PLACE, nothing, run_row
from sim.sweep.work import Done, Work

RUNS = 40
Fate = Callable[[Sequence[int], int], None]
"""Given seeds and how many chunks were begun before: raises what the worker dies of."""


class ScriptedPool:
    """Does the youngest chunk first, so that order is worth nothing; a death takes all that wait along."""

    def __init__(self, workers: int, fate: Fate = lambda seeds, begun: None, most: int = RUNS) -> None:
        self.workers = workers
        self.fate = fate
        self.most = most  # so many runs fit into a chunk's budget
        self.begun = 0
        self.done: list[int] = []
        self.most_under_way = 0
        self.closed = False
        self._open: list[tuple[Future[Done], Sequence[int]]] = []
        self._calls: SimpleQueue[bool] = SimpleQueue()
        Thread(target=self._serve, daemon=True).start()

    def submit(self, work: Work) -> Future[Done]:
        future: Future[Done] = Future()
        self._open.append((future, work.seeds))
        self.most_under_way = max(self.most_under_way, len(self._open))
        self._calls.put(True)
        return future

    def rebuild(self) -> None:
        assert not self._open

    def close(self) -> None:
        self.closed = True
        self._calls.put(False)

    def _serve(self) -> None:
        while self._calls.get():
            if self._open:
                self._serve_one(*self._open.pop())

    def _serve_one(self, future: Future[Done], seeds: Sequence[int]) -> None:
        self.begun += 1
        try:
            self.fate(seeds, self.begun)
        except BrokenProcessPool as death:
            broken, self._open = [future, *(each for each, _ in self._open)], []
            for each in broken:
                each.set_exception(death)
        except Exception as error:
            future.set_exception(error)
        else:
            ran = seeds[: self.most]
            self.done += ran
            future.set_result(
                Done(nothing() | {"runs": [run_row(seed, {}, None) for seed in ran]}, len(ran), 0.2)
            )


def dispatch(pool: ScriptedPool, gaps: Sequence[Span], kept: list[Span] | None = None) -> list[Finished]:
    """Run the gaps of a sweep whose seeds are 1000 and on."""
    seeds = range(1000, 1000 + RUNS)
    work = Dispatch(
        pool, gaps, lambda span: Work(b"", seeds[span.start : span.stop], ""), lambda span: seeds[span.start]
    )
    return list(work.in_order(lambda span, done: None if kept is None else kept.append(span)))


def seeds_of(found: Sequence[Finished]) -> list[tuple[int, int]]:
    """Return cell and seed of every row, in the order in which they came."""
    return [(span.cell, row[0]) for span, done in found for row in done.rows["runs"]]


def crashed(found: Sequence[Finished]) -> list[int]:
    """Return the seeds that are reported as crashed."""
    rows = [row for _, done in found for row in done.rows["runs"]]
    return [row[0] for row in rows if row[PLACE["runs"]["verdict"]] == CRASHED]


def killer(*poison: int) -> Fate:
    """Return the fate of chunks in which some seeds kill their worker."""

    def fate(seeds: Sequence[int], begun: int) -> None:
        if set(seeds) & set(poison):
            raise BrokenProcessPool("a worker died")

    return fate


def kill_at(*times: int) -> Fate:
    """Return the fate of chunks of which the n-th ones are killed from outside, whatever they do."""

    def fate(seeds: Sequence[int], begun: int) -> None:
        if begun in times:
            raise BrokenProcessPool("a worker was killed")

    return fate


WHOLE = [Span(0, 0, RUNS), Span(1, 0, RUNS)]
EVERY_SEED = [(cell, 1000 + position) for cell in (0, 1) for position in range(RUNS)]


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("most", [1, 3, RUNS])
def test_rows_come_in_order_of_cells_and_seeds(workers: int, most: int) -> None:
    """The pool does the youngest chunk first, and leaves the rest of chunks that take too long."""
    assert seeds_of(dispatch(ScriptedPool(workers, most=most), WHOLE)) == EVERY_SEED


def test_only_what_is_missing_is_run() -> None:
    """With gaps, nothing beside them is done."""
    pool = ScriptedPool(2)
    dispatch(pool, [Span(0, 3, 5), Span(1, 39, 40)])

    assert sorted(pool.done) == [1003, 1004, 1039]


@pytest.mark.parametrize("times", [(1,), (2, 3), (4, 9, 14), tuple(range(3, 60, 3))])
def test_killed_workers_cost_no_run_and_double_none(times: tuple[int, ...]) -> None:
    """A worker killed from outside: every seed is there, once, and none is blamed."""
    found = dispatch(ScriptedPool(2, kill_at(*times)), WHOLE)

    assert seeds_of(found) == EVERY_SEED
    assert crashed(found) == []


@pytest.mark.parametrize("workers", [2, 4])
def test_seed_that_kills_its_worker_is_named(workers: int) -> None:
    """A chunk that keeps failing is split until the one seed is left; all others are run."""
    found = dispatch(ScriptedPool(workers, killer(1000, 1017)), [Span(0, 0, RUNS)])

    assert seeds_of(found) == EVERY_SEED[:RUNS]
    assert crashed(found) == [1000, 1017]


def test_seed_is_not_blamed_for_three_deaths() -> None:
    """A machine short of memory kills the same run more than once; two deaths alone are needed."""
    found = dispatch(ScriptedPool(2, kill_at(1, 2, 3)), [Span(0, 0, 1)])

    assert (seeds_of(found), crashed(found)) == ([(0, 1000)], [])


def test_chunk_that_fails_by_itself_is_split_too() -> None:
    """Dask says itself whose work failed (KilledWorker): no other chunk is troubled."""

    def fate(seeds: Sequence[int], begun: int) -> None:
        if 1005 in seeds:
            raise RuntimeError("killed 3 workers")

    found = dispatch(ScriptedPool(2, fate), WHOLE[:1])

    assert seeds_of(found) == EVERY_SEED[:RUNS]
    assert crashed(found) == [1005]


def test_what_is_done_when_the_pool_breaks_is_kept_once() -> None:
    """`keep` gets each chunk as it ends; together they are the whole, without overlap."""
    kept: list[Span] = []
    dispatch(ScriptedPool(2, killer(1009)), WHOLE, kept)
    positions = [(span.cell, position) for span in kept for position in range(span.start, span.stop)]

    assert sorted(positions) == [(cell, seed - 1000) for cell, seed in EVERY_SEED]


def test_workers_that_always_die_are_no_endless_loop() -> None:
    """Where nothing is ever done, the fault is not in a seed: say so."""

    def fate(seeds: Sequence[int], begun: int) -> None:
        raise BrokenProcessPool("cannot start")

    with pytest.raises(UserError, match="worker processes keep dying and get nothing done: cannot start"):
        dispatch(ScriptedPool(2, fate), WHOLE)


@pytest.mark.parametrize(
    ("error", "expected"), [(UserError("other code"), UserError), (CancelledError(), SweepLost)]
)
def test_refusal_and_lost_scheduler_end_the_sweep(error: Exception, expected: type[Exception]) -> None:
    """Neither becomes a crashed run."""

    def fate(seeds: Sequence[int], begun: int) -> None:
        raise error

    with pytest.raises(expected):
        dispatch(ScriptedPool(1, fate), WHOLE)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_window_is_bounded(workers: int) -> None:
    """No more than two chunks for each worker are handed in at once, one if there is one worker."""
    pool = ScriptedPool(workers, most=1)
    dispatch(pool, WHOLE)

    assert pool.most_under_way <= (2 * workers if workers > 1 else 1)


@given(
    workers=st.integers(1, 4),
    most=st.integers(1, 12),
    poison=st.sets(st.integers(1000, 1000 + RUNS - 1), max_size=3),
    kills=st.sets(st.integers(1, 80), max_size=6),
)
def test_nothing_is_lost_or_doubled(workers: int, most: int, poison: set[int], kills: set[int]) -> None:
    """Whatever is killed, and whoever kills: each seed has one row, and every killer is named."""
    own, outside = killer(*poison), kill_at(*kills)

    def fate(seeds: Sequence[int], begun: int) -> None:
        own(seeds[:most], begun)
        outside(seeds, begun)

    found = dispatch(ScriptedPool(workers, fate, most), WHOLE[:1])

    assert seeds_of(found) == EVERY_SEED[:RUNS]
    assert set(crashed(found)) >= poison


def test_chunks_take_about_a_second_of_what_runs_cost() -> None:
    """10 ms a run: 100 runs; towards the end less, but half a second at least."""
    supply = Supply([Span(0, 0, 1000)], workers=2)
    supply.learn(0, 0.01)
    lengths = []
    while (span := supply.take()) is not None:
        lengths.append(span.length)

    assert sum(lengths) == 1000
    assert lengths[0] == 100
    assert min(lengths[:-1]) == 50


def test_chunk_of_slow_runs_is_one_run() -> None:
    """A run of ten seconds is a chunk."""
    supply = Supply([Span(0, 0, 3)], workers=2)
    supply.learn(0, 10.0)

    assert supply.take() == Span(0, 0, 1)
