"""Hands chunks to a pool and sees to it that every run is done once, whatever dies meanwhile.

A chunk whose workers died is handed in again. If that happens twice, it runs alone, so that it is known
which one is to blame; one that fails alone is halved, until the one seed is named. That seed becomes a
row with the verdict `crashed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from sim.errors import UserError
from sim.sweep.pools import Pool
from sim.sweep.tables import crashed_row, nothing
from sim.sweep.work import Done, Work

TARGET_S = 1.0
LEAST_S = 0.5
SUSPECT = 2
"""From so many failures on, a chunk runs alone."""
GUILTY = 4
"""After so many failures, a chunk of one seed is reported: at least two of them alone."""
BREAKS_MAX = 25
"""After so many broken pools without any chunk done, the fault is not in the chunks."""


class SweepLost(Exception):
    """The pool is gone and cannot be rebuilt; what is finished is kept."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Seeds of one cell, by their positions: from `start` up to, not including, `stop`."""

    cell: int
    start: int
    stop: int
    failures: int = 0

    @property
    def length(self) -> int:
        """How many runs."""
        return self.stop - self.start


Finished = tuple[Span, Done]


class Supply:
    """Cuts what is to be done into chunks of about a second, by what runs of the cell cost so far."""

    def __init__(self, gaps: Sequence[Span], workers: int) -> None:
        self._gaps = list(reversed(gaps))
        self._left = sum(gap.length for gap in gaps)
        self._workers = workers
        self._pace_s: dict[int, float] = {}
        self._usual_s = TARGET_S

    def learn(self, cell: int, pace_s: float) -> None:
        """Take note of what a run of the cell costs, in CPU seconds."""
        self._pace_s[cell] = self._usual_s = max(pace_s, 1e-6)

    def take(self) -> Span | None:
        """Return the next chunk, None if all are taken."""
        if not self._gaps:
            return None
        gap = self._gaps.pop()
        length = min(gap.length, self._size(gap.cell))
        if length < gap.length:
            self._gaps.append(replace(gap, start=gap.start + length))
        self._left -= length
        return replace(gap, stop=gap.start + length)

    def _size(self, cell: int) -> int:
        """Return the length of a chunk; towards the end it is shorter, so that no worker waits for long."""
        pace_s = self._pace_s.get(cell, self._usual_s)
        fair = self._left // (2 * self._workers)
        return max(1, min(int(TARGET_S / pace_s), max(fair, int(LEAST_S / pace_s))))


class Dispatch:
    """Runs spans on a pool. `work` makes what is sent, `name` says which seed is to blame."""

    def __init__(
        self, pool: Pool, gaps: Sequence[Span], work: Callable[[Span], Work], seed: Callable[[Span], int]
    ) -> None:
        self._pool = pool
        self._gaps = gaps
        self.supply = Supply(gaps, pool.workers)
        self._work = work
        self._seed = seed
        self._waiting: list[Span] = []
        self._flying: dict[Future[Done], Span] = {}
        self._held: dict[tuple[int, int], Finished] = {}
        self._breaks = 0

    def in_order(self, keep: Callable[[Span, Done], None]) -> Iterator[Finished]:
        """Yield every chunk in the order of cells and seeds; `keep` gets each as soon as it is done.

        No more than a few chunks for each worker are held back, whatever the number of runs.

        Raises:
            UserError: a worker refused its work, or workers die whatever they do.
            SweepLost: the pool was cancelled from outside.
        """
        finished = self._finished()
        for gap in self._gaps:
            place = gap.cell, gap.start
            while place[1] < gap.stop:
                while place not in self._held:
                    span, done = next(finished)
                    keep(span, done)
                    self._held[span.cell, span.start] = span, done
                span, done = self._held.pop(place)
                yield span, done
                place = gap.cell, span.stop

    def _finished(self) -> Iterator[Finished]:
        while self._fill():
            arrived, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in [each for each in self._flying if each in arrived]:
                if future in self._flying:  # a broken pool takes all of them at once
                    yield from self._settle(future)

    # Handing in ----------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Hand in what there is room for; return whether anything is under way."""
        while self._has_room():
            span = heappop(self._waiting) if self._waiting else self.supply.take()
            if span is None:
                break
            try:
                self._flying[self._pool.submit(self._work(span))] = span
            except BrokenExecutor as error:
                heappush(self._waiting, span)
                self._replace_pool(error)
        return bool(self._flying)

    def _has_room(self) -> bool:
        if any(span.failures >= SUSPECT for span in (*self._waiting[:1], *self._flying.values())):
            return not self._flying
        # A worker may have one chunk to do and one to go on with.
        workers = self._pool.workers
        under_way = len(self._flying)
        ahead = under_way + len(self._held)
        return under_way < (2 * workers if workers > 1 else 1) and (ahead < 8 * workers or not under_way)

    # What came of it -----------------------------------------------------------------------------

    def _settle(self, future: Future[Done]) -> Iterator[Finished]:
        try:
            done = future.result()
        except BrokenExecutor as error:
            yield from self._break(error)
        except UserError:
            raise
        except CancelledError as error:
            raise SweepLost("the scheduler dropped the work") from error
        except Exception as error:
            yield from self._blame(self._flying.pop(future), error)
        else:
            yield self._accept(self._flying.pop(future), done)

    def _accept(self, span: Span, done: Done) -> Finished:
        self._breaks = 0
        self.supply.learn(span.cell, done.pace_s)
        if done.ran < span.length:
            heappush(self._waiting, replace(span, start=span.start + done.ran))
        return replace(span, stop=span.start + done.ran), done

    def _break(self, error: BrokenExecutor) -> Iterator[Finished]:
        """Keep what was done when the pool broke; the rest of what was under way failed."""
        wait(self._flying)
        flying, self._flying = self._flying, {}
        self._replace_pool(error)
        alone = len(flying) == 1
        for future, span in flying.items():
            if future.exception() is None:
                yield self._accept(span, future.result())
            elif alone:
                yield from self._blame(span, error)
            else:
                heappush(self._waiting, replace(span, failures=span.failures + 1))

    def _replace_pool(self, error: BrokenExecutor) -> None:
        self._breaks += 1
        if self._breaks > BREAKS_MAX:
            raise UserError(
                f"worker processes keep dying and get nothing done: {error} (a script whose own protocol is"
                ' swept must begin the sweep below `if __name__ == "__main__":`)'
            ) from error
        self._pool.rebuild()

    def _blame(self, span: Span, error: Exception) -> Iterator[Finished]:
        """Try again a chunk that is known to have failed, halve it, or name its one seed."""
        failed = replace(span, failures=span.failures + 1)
        if failed.failures <= SUSPECT or (span.length == 1 and failed.failures < GUILTY):
            heappush(self._waiting, failed)
        elif span.length > 1:
            middle = span.start + span.length // 2
            heappush(self._waiting, replace(span, stop=middle, failures=SUSPECT))
            heappush(self._waiting, replace(span, start=middle, failures=SUSPECT))
        else:
            rows = nothing()
            rows["runs"].append(crashed_row(self._seed(span), f"the worker died of it: {_told(error)}"))
            yield span, Done(rows, 1, TARGET_S)


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
