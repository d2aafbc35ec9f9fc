"""The benchmarks: what is measured, against what, and the limit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any

import simpy

from benchmarks.floor import record, record_kernel, replay
from benchmarks.least import Client
from benchmarks.least import build as build_least
from benchmarks.measure import take_turns
from benchmarks.scenario import crash_trial, scenario
from sim.kernel import Kernel
from sim.plan import Plan
from sim.prepare import prepare
from sim.run import build, quiet_collector, run, run_plan
from sim.scenario import from_dict

MS = 1_000_000


def _plan(duration: str, rate: str | None, **more: Any) -> Plan:
    return prepare(from_dict(scenario(duration, rate, **more)))


# Kernel --------------------------------------------------------------------------------------------

_TIMERS, _UNTIL = 200, 1_000_000


def _bare_loop() -> None:
    queue: list[tuple[int, int, Callable[[int], None], int]] = []
    next_key = count().__next__
    now = 0

    def again(delay: int) -> None:
        heappush(queue, (now + delay, next_key(), again, delay))

    for number in range(_TIMERS):
        heappush(queue, (number, next_key(), again, 1000 + number))
    while queue:
        now, _, function, argument = heappop(queue)
        if now >= _UNTIL:
            return
        function(argument)


def _fast_lane() -> None:
    kernel = Kernel()
    queue, next_key = kernel.queue, kernel.next_key

    def again(delay: int) -> None:
        heappush(queue, (kernel._now + delay, next_key(), again, delay))  # type: ignore[misc]

    for number in range(_TIMERS):
        kernel.call_at(number, again, 1000 + number)
    kernel.run(_UNTIL)


def _processes(environment: Any) -> None:
    def loop(delay: int) -> Any:
        while True:
            yield environment.timeout(delay)

    for number in range(_TIMERS):
        environment.process(loop(1000 + number))
    environment.run(_UNTIL // 2)


def kernel(rounds: int) -> dict[str, float]:
    """The kernel's fast lane against a bare loop, and SimPy processes on it against stock SimPy."""
    lane = take_turns({"bare": _bare_loop, "lane": _fast_lane}, rounds)
    processes = take_turns(
        {"stock": lambda: _processes(simpy.Environment()), "ours": lambda: _processes(Kernel())}, rounds
    )
    return {
        "kernel fast lane / bare heapq loop": lane.ratio("lane", "bare"),
        "SimPy processes / stock SimPy": processes.ratio("ours", "stock"),
    }


# Raft ----------------------------------------------------------------------------------------------


def writes(rounds: int) -> dict[str, float]:
    """Five nodes, 100 writes a second, against the floor."""
    plan = _plan("20s", "100/s")
    roots = record(plan, 1)
    measured = take_turns(
        {
            "floor": lambda: replay(roots),
            "off": lambda: run_plan(plan, 1, "off"),
            "digest": lambda: run_plan(plan, 1, "digest"),
        },
        rounds,
    )
    return {
        "100 writes/s, no trace / floor": measured.ratio("off", "floor"),
        "100 writes/s, digest and invariants / floor": measured.ratio("digest", "floor"),
    }


def heartbeats(rounds: int) -> dict[str, float]:
    """Five nodes that only send heartbeats: simulated seconds per second of CPU."""
    plan = _plan("60s", None)
    measured = take_turns({"digest": lambda: run_plan(plan, 1, "digest")}, rounds)
    return {"heartbeats only, simulated seconds per second": 60 / measured.median("digest")}


def trials(rounds: int) -> dict[str, float]:
    """Leader-crash trials of two simulated seconds, through the Python API."""
    # The first leader is elected at the start, the second one after the crash.
    stop = {"event": "leader_elected", "nth": 2}
    whole = from_dict(crash_trial())
    stopped = from_dict(crash_trial(stop_when=stop))
    plan = prepare(whole)
    schedules = [record(plan, seed) for seed in range(50)]
    measured = take_turns(
        {
            "floor": lambda: [replay(roots) for roots in schedules],
            "whole": lambda: [run(whole, seed=seed).verdict for seed in range(50)],
            "stopped": lambda: [run(stopped, seed=seed).verdict for seed in range(50)],
            "build": lambda: [build(plan, seed, "digest") for seed in range(50)],
        },
        rounds,
    )
    return {
        "crash trial / floor": measured.ratio("whole", "floor"),
        "crash trial, stopped at the re-election / floor": measured.ratio("stopped", "floor"),
        "building a world / crash trial": measured.ratio("build", "whole"),
    }


def least(rounds: int) -> dict[str, float]:
    """The least Raft against its own floor: what can be reached without a compiler (`benchmarks.least`)."""
    spec = _plan("1s", None).link("n1", "n2")
    whole, trial = 20_000 * MS, 2_000 * MS

    def run_least(until: int, clients: bool, seed: int = 1, crash_at: int | None = None) -> list[Client]:
        with quiet_collector():
            kernel, users = build_least(spec, seed, clients, crash_at)
            kernel.run(until)
        return users

    def run_trials(until: int) -> None:
        for seed in range(50):
            run_least(until, False, seed, 1_000 * MS)

    sent, answered = map(sum, zip(*((c.serial, c.answered) for c in run_least(whole, True)), strict=True))
    assert answered > 0.95 * sent, f"the least Raft answered {answered} of {sent} commands"
    schedule = record_kernel(build_least(spec, 1, True, None)[0], whole)
    trials = [record_kernel(build_least(spec, seed, False, 1_000 * MS)[0], trial) for seed in range(50)]
    measured = take_turns(
        {
            "writes floor": lambda: replay(schedule),
            "writes": lambda: run_least(whole, True),
            "trials floor": lambda: [replay(roots) for roots in trials],
            "trials": lambda: run_trials(trial),
            "stopped": lambda: run_trials(1_200 * MS),
        },
        rounds,
    )
    return {
        "the least Raft, 100 writes/s / its floor": measured.ratio("writes", "writes floor"),
        "the least Raft, crash trial / its floor": measured.ratio("trials", "trials floor"),
        "the least Raft, up to 0.2 s after the crash": measured.ratio("stopped", "trials floor"),
    }


# Memory and start-up -------------------------------------------------------------------------------


def memory(rounds: int) -> dict[str, float]:
    """Peak memory of a run ten times as long, at level `digest`."""
    return {"memory, 300 s / 30 s of 100 writes/s": _peak("300s") / _peak("30s")}


def _peak(duration: str) -> int:
    plan = _plan(duration, "100/s")
    run_plan(_plan("1s", "100/s"), 1, "digest")  # what is loaded and cached once does not count
    tracemalloc.start()
    run_plan(plan, 1, "digest")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def command_line(rounds: int) -> dict[str, float]:
    """Seconds for `leadersim --help`, and for a run of 30 simulated seconds, processes included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.yaml"
        path.write_text(_YAML)
        return {
            "leadersim --help, seconds": _fastest(["--help"], rounds),
            "leadersim run of 30 s, five nodes, seconds": _fastest(["run", str(path)], rounds),
        }


_YAML = """schema: 1
name: benchmark
about: Five nodes of Raft for measuring the simulator.
duration: 30s
protocol: {name: raft, nodes: 5}
network: {latency: {uniform: [1ms, 5ms]}, loss: 0.1%}
disk: {fsync: {lognormal: {median: 1ms, p99: 8ms}}}
workload: {name: database-primary, rate: 20/s}
faults:
  - {at: 10s, crash: leader, restart_after: 5s}
expect:
  split_brain.same_epoch: 0
"""


def _fastest(arguments: list[str], rounds: int) -> float:
    """Return the shortest wall time: the one least disturbed by whatever else the machine does."""
    times = []
    for _ in range(max(3, rounds)):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "sim", *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ
        )
        times.append(time.perf_counter() - start)
    return min(times)


CASES: tuple[Callable[[int], dict[str, float]], ...] = (
    kernel, writes, heartbeats, trials, least, memory, command_line,
)  # fmt: skip

# name -> (limit, True if less is better)
LIMITS: dict[str, tuple[float, bool]] = {
    "kernel fast lane / bare heapq loop": (1.2, True),
    "SimPy processes / stock SimPy": (1.05, True),
    "100 writes/s, no trace / floor": (3.5, True),
    "100 writes/s, digest and invariants / floor": (6.0, True),
    "heartbeats only, simulated seconds per second": (700, False),
    "crash trial / floor": (5.0, True),
    "crash trial, stopped at the re-election / floor": (2.5, True),
    "building a world / crash trial": (0.25, True),
    "memory, 300 s / 30 s of 100 writes/s": (1.1, True),
    "leadersim --help, seconds": (0.3, True),
    "leadersim run of 30 s, five nodes, seconds": (1.5, True),
}
