"""The kernel's queue against a sorted list."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.kernel import Kernel, seeded_keys

# Each call, when it runs, makes the calls of its list, so much later.
Tree = list[tuple[int, "Tree"]]
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.just([]), lambda children: st.lists(st.tuples(st.integers(0, 3), children), max_size=4), max_leaves=25
)


def _run(kernel: Kernel, tree: Tree, with_events: bool) -> list[tuple[int, int]]:
    """Return (time, number) of each call, numbered in order of insertion."""
    seen: list[tuple[int, int]] = []
    numbers = iter(range(10_000))

    def insert(delay: int, children: Tree) -> None:
        number = next(numbers)

        def happen(_: Any) -> None:
            seen.append((int(kernel.now), number))
            for child in children:
                insert(*child)

        if with_events and number % 2:
            kernel.timeout(delay).callbacks.append(happen)
        else:
            kernel.call_at(int(kernel.now) + delay, happen)

    for child in tree:
        insert(*child)
    kernel.run()
    return seen


def _sorted_list(tree: Tree) -> list[tuple[int, int]]:
    """The same with a list that is sorted anew for each step: by time, then by insertion."""
    queue: list[tuple[int, int, Tree]] = []
    seen: list[tuple[int, int]] = []
    inserted = 0
    for delay, children in tree:
        queue.append((delay, inserted, children))
        inserted += 1
    while queue:
        queue.sort(key=lambda entry: entry[:2])
        now, number, children = queue.pop(0)
        seen.append((now, number))
        for delay, grandchildren in children:
            queue.append((now + delay, inserted, grandchildren))
            inserted += 1
    return seen


@given(TREES, st.booleans())
def test_calls_and_events_run_by_time_and_then_by_insertion(tree: Tree, with_events: bool) -> None:
    """Whatever is inserted while the queue runs."""
    assert _sorted_list(tree) == _run(Kernel(), tree, with_events)


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 2**64 - 1), st.booleans())
def test_seeded_keys_only_permute_ties(times: list[int], key: int, with_events: bool) -> None:
    """Everything happens once, at its time, and time never goes back."""
    seen = _run(Kernel(seeded_keys(key)), [(time_ns, []) for time_ns in times], with_events)

    assert sorted(enumerate(times)) == sorted((number, at) for at, number in seen)
    assert sorted(times) == [at for at, _ in seen]


@given(st.lists(st.integers(0, 2), max_size=20), st.lists(st.integers(1, 8), max_size=5))
def test_running_in_pieces_is_running_at_once(times: list[int], stops: list[int]) -> None:
    """`run(until)` may be called at any times in between."""
    whole, pieces = Kernel(), Kernel()
    seen: dict[Kernel, list[tuple[int, int]]] = {whole: [], pieces: []}
    for kernel, log in seen.items():
        for number, time_ns in enumerate(times):
            kernel.call_at(time_ns * 2, lambda _, k=kernel, n=number, log=log: log.append((int(k.now), n)))  # type: ignore[misc]
    whole.run()
    for stop in sorted(set(stops)):
        pieces.run(stop)
        assert all(at < stop for at, _ in seen[pieces])
    pieces.run()

    assert seen[whole] == seen[pieces]


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["sleep", "put", "get", "use", "interrupt"]), st.integers(0, 3)), max_size=6
)


def _program(make: Callable[[], simpy.Environment], scripts: list[list[Step]]) -> list[tuple[int, int, str]]:
    """Run a process for each script, over a shared store and a shared resource."""
    env = make()
    store, machine = simpy.Store(env, capacity=2), simpy.Resource(env, capacity=1)
    log: list[tuple[int, int, str]] = []
    processes: list[simpy.Process] = []

    def step(index: int, action: str, value: int) -> Generator[Any, Any, None]:
        if action == "sleep":
            yield env.timeout(value)
        elif action == "put":
            yield store.put((index, value)) | env.timeout(3)
        elif action == "get":
            yield store.get() | env.timeout(4)
        elif action == "use":
            with machine.request() as granted:
                yield granted
                yield env.timeout(value)
        else:
            victim = processes[value % len(processes)]
            if victim is not env.active_process and victim.is_alive:
                victim.interrupt(index)

    def process(index: int, script: list[Step]) -> Generator[Any, Any, None]:
        for action, value in [("sleep", 0), *script]:
            try:
                yield from step(index, action, value)
                log.append((int(env.now), index, action))
            except simpy.Interrupt as interrupt:
                log.append((int(env.now), index, f"interrupted by {interrupt.cause}"))

    processes.extend(env.process(process(index, script)) for index, script in enumerate(scripts))
    env.run()
    return log


@given(st.lists(STEPS, min_size=1, max_size=4))
def test_any_program_of_processes_runs_as_on_simpy(scripts: list[list[Step]]) -> None:
    """Timeouts, conditions, stores, resources and interrupts, against SimPy's own environment."""
    assert _program(simpy.Environment, scripts) == _program(Kernel, scripts)
