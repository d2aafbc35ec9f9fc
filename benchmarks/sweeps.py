"""The benchmarks of sweeps: what a campaign costs beyond its runs, on one core, on two, and on Dask."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measure import take_turns
from benchmarks.scenario import crash_trial
from sim.run import run
from sim.scenario import from_dict
from sim.sweep import conduct, on_dask, plan
from sim.sweep.campaign import MakePool
from sim.sweep.pools import cores

LOOP_RUNS = 300
PARALLEL_RUNS = 2000
WHOLE_RUNS = 10_000


def _sweep(runs: int, jobs: int | None = 1, remote: MakePool | None = None, out: Path | None = None) -> int:
    """Return how many rows came back."""
    campaign = plan(crash_trial(), seeds=range(runs))
    store = None if out is None else campaign.store(out, resume=False)
    return sum(len(batch.rows["runs"]) for batch in conduct(campaign, store, jobs, remote))


def sweep(rounds: int) -> dict[str, float]:
    """A sweep in one process against a loop of runs that asks each for its verdict and all its metrics."""
    trial = from_dict(crash_trial())

    def loop() -> None:
        for seed in range(LOOP_RUNS):
            result = run(trial, seed=seed)
            _ = result.verdict, dict(result.metrics)

    measured = take_turns({"loop": loop, "sweep": lambda: _sweep(LOOP_RUNS)}, rounds)
    return {"sweep on one core / plain loop": measured.ratio("sweep", "loop")}


def sweep_on_two_cores(rounds: int) -> dict[str, float]:
    """Two processes against one, on wall time: it needs two free cores."""
    if cores() < 2:
        return {}
    variants: dict[str, Callable[[], object]] = {
        "one": lambda: _sweep(PARALLEL_RUNS, 1),
        "two": lambda: _sweep(PARALLEL_RUNS, 2),
    }
    measured = take_turns(variants, min(rounds, 3), time.perf_counter)
    return {"sweep on one core / on two": measured.ratio("one", "two")}


def sweep_of_10000(rounds: int) -> dict[str, float]:
    """Wall seconds of 10,000 crash trials on two cores, with the files that they leave."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        _sweep(WHOLE_RUNS, 2, out=Path(folder) / "sweep")
        return {"10,000 crash trials on two cores, seconds": time.perf_counter() - start}


def sweep_memory(rounds: int) -> dict[str, float]:
    """Peak memory of the client in the second half of a sweep, which worker processes make, and the first."""
    peaks, rows = [], 0
    with tempfile.TemporaryDirectory() as folder:
        campaign = plan(crash_trial(), seeds=range(WHOLE_RUNS))
        tracemalloc.start()
        for batch in conduct(campaign, campaign.store(Path(folder) / "sweep", resume=False), 2):
            rows += len(batch.rows["runs"])
            if not peaks and rows >= WHOLE_RUNS // 2:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return {"memory of the client, second half of a sweep / first": peaks[1] / peaks[0]}


def sweep_on_dask(rounds: int) -> dict[str, float]:
    """Two single-threaded Dask workers of this machine against two processes, on wall time."""
    if find_spec("distributed") is None:
        print("sweep_on_dask: skipped, the extra `cluster` is not installed", file=sys.stderr)
        return {}
    with _dask(workers=2) as scheduler:
        variants: dict[str, Callable[[], object]] = {
            "local": lambda: _sweep(PARALLEL_RUNS, 2),
            "dask": lambda: _sweep(PARALLEL_RUNS, remote=on_dask(scheduler)),
        }
        measured = take_turns(variants, min(rounds, 3), time.perf_counter)
    return {"sweep on two Dask workers / two processes": measured.ratio("dask", "local")}


@contextmanager
def _dask(workers: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        started: list[subprocess.Popen[Any]] = []

        def start(*command: str) -> None:
            dask = [sys.executable, "-m", "dask", *command]
            started.append(subprocess.Popen(dask, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))

        place = ("--scheduler-file", str(file), "--no-dashboard")
        start("scheduler", *place, "--host", "127.0.0.1", "--port", "0")
        while not file.exists():
            time.sleep(0.1)
        for number in range(workers):
            start("worker", *place, "--nthreads", "1", "--local-directory", f"{folder}/{number}")
        try:
            yield str(file)
        finally:
            for process in started:
                process.terminate()
                process.wait()


CASES: tuple[Callable[[int], dict[str, float]], ...] = (
    sweep, sweep_on_two_cores, sweep_of_10000, sweep_memory, sweep_on_dask,
)  # fmt: skip

# name -> (limit, True if less is better)
LIMITS: dict[str, tuple[float, bool]] = {
    "sweep on one core / plain loop": (1.1, True),
    "sweep on one core / on two": (1.7, False),
    "10,000 crash trials on two cores, seconds": (20, True),
    "memory of the client, second half of a sweep / first": (1.1, True),
    "sweep on two Dask workers / two processes": (1.25, True),
}
