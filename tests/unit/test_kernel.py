"""The kernel: SimPy's behaviour, in integer nanoseconds, with plain calls in the same queue."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from sim.kernel import Kernel, seeded_keys
from sim.rng import Seed


class Broken(Exception):
    """What a process of these tests dies of."""


# Running until ---------------------------------------------------------------------------------


def test_run_until_a_time_excludes_what_is_due_then() -> None:
    """`until` is exclusive, and the run goes on from there."""
    kernel, seen = Kernel(), list[Any]()
    for time_ns in (1, 5, 5, 6):
        kernel.call_at(time_ns, seen.append, time_ns)

    kernel.run(5)
    assert (seen, kernel.now) == ([1], 5)
    kernel.run(6)
    assert (seen, kernel.now) == ([1, 5, 5], 6)
    kernel.run()
    assert seen == [1, 5, 5, 6]


def test_run_until_an_event_returns_its_value_and_keeps_later_callbacks() -> None:
    """As on SimPy, also for an event that has happened already."""
    outcomes = []
    for env in (simpy.Environment(), Kernel()):
        log: list[str] = []
        event = env.timeout(3, value="three")

        def extend(_: Any, event: Any = event, log: list[str] = log) -> None:
            event.callbacks.append(lambda _: log.append("late callback"))

        env.timeout(1).callbacks.append(extend)
        value = env.run(until=event)
        again = (event.processed, list(log))
        env.run()
        outcomes.append((value, again, log, event.processed, env.run(until=event)))

    assert outcomes[0] == outcomes[1]
    assert outcomes[1] == ("three", (False, []), ["late callback"], True, "three")


def test_run_until_a_failed_event_raises_its_failure() -> None:
    """The failure itself, as on SimPy."""
    kernel = Kernel()
    event = kernel.event()

    def fails(_: Any) -> None:
        event.fail(Broken("no"))

    kernel.call_at(2, fails)

    with pytest.raises(Broken, match="no"):
        kernel.run(until=event)


def test_run_refuses_times_that_are_not_in_the_future() -> None:
    """Now is too late already, as on SimPy."""
    kernel = Kernel()
    kernel.run(5)

    for until in (5, 4, -1):
        with pytest.raises(ValueError, match="greater than the current simulation time"):
            kernel.run(until)


def test_run_until_an_event_that_never_happens_says_so() -> None:
    """A RuntimeError, when nothing is left to do."""
    kernel = Kernel()
    kernel.call_at(3, lambda _: None)

    with pytest.raises(RuntimeError, match="No scheduled events left"):
        kernel.run(until=kernel.event())


def test_stop_ends_the_run_before_anything_else_of_that_instant() -> None:
    """What is queued stays queued, urgent events too, and the next run goes on with it."""
    kernel, seen = Kernel(), list[Any]()

    def process() -> Generator[Any, Any, None]:
        seen.append("process starts")
        yield kernel.timeout(0)

    def stop(_: Any) -> None:
        seen.append("stopping")
        kernel.process(process())  # its start is URGENT
        kernel.call_at(2, seen.append, "same instant")
        kernel.stop()

    kernel.call_at(2, stop)
    kernel.call_at(2, seen.append, "queued before")
    kernel.run(10)
    assert (seen, kernel.now) == (["stopping"], 2)

    kernel.run()
    assert seen == ["stopping", "process starts", "queued before", "same instant"]


# Integers only ---------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [1.0, 0.5, float("nan"), True, None, "1"])
def test_call_at_refuses_what_is_not_an_integer(wrong: Any) -> None:
    """Floats drift, and True is no time."""
    with pytest.raises(TypeError, match="integer number of nanoseconds"):
        Kernel().call_at(wrong, print)


def test_floats_are_refused_everywhere() -> None:
    """In timeouts and in `run`, whole ones too."""
    kernel = Kernel()
    with pytest.raises(TypeError, match="integer number of nanoseconds"):
        kernel.timeout(1.0)
    with pytest.raises(TypeError, match="integer number of nanoseconds"):
        kernel.run(2.0)  # type: ignore[arg-type]


def test_the_past_is_refused() -> None:
    """One nanosecond ago is the past; now is not."""
    kernel, seen = Kernel(), list[Any]()
    kernel.run(7)

    with pytest.raises(ValueError, match="6 ns is in the past: it is 7 ns"):
        kernel.call_at(6, seen.append)
    with pytest.raises(ValueError, match="Negative delay"):
        kernel.timeout(-1)
    kernel.call_at(7, seen.append, "now")
    kernel.run()
    assert seen == ["now"]


# What happens at one instant --------------------------------------------------------------------


def test_simpy_events_and_calls_of_one_instant_run_in_order_of_insertion() -> None:
    """They ride in the same queue under the same counter."""
    kernel, seen = Kernel(), list[Any]()
    kernel.call_at(5, seen.append, "call 1")
    kernel.timeout(5).callbacks.append(lambda _: seen.append("timeout 2"))
    kernel.call_at(5, seen.append, "call 3")
    kernel.timeout(5).callbacks.append(lambda _: seen.append("timeout 4"))
    kernel.call_at(4, lambda _: kernel.call_at(5, seen.append, "call 5"))

    kernel.run()

    assert seen == ["call 1", "timeout 2", "call 3", "timeout 4", "call 5"]


def _starts_a_process_late(next_key: Callable[[], int] | None) -> list[str]:
    kernel, seen = Kernel(next_key), list[str]()

    def process() -> Generator[Any, Any, None]:
        seen.append("process starts")
        yield kernel.timeout(0)

    def first(_: Any) -> None:
        kernel.call_at(5, seen.append, "normal")
        kernel.process(process())

    kernel.call_at(5, first)
    kernel.run()
    return seen


@pytest.mark.parametrize("seed", [None, *range(20)])
def test_urgent_precedes_normal(seed: int | None) -> None:
    """A process starts (URGENT) before normal events of the instant, whatever breaks ties."""
    keys = None if seed is None else seeded_keys(Seed(seed).key("tie break"))

    assert _starts_a_process_late(keys) == ["process starts", "normal"]


def _order(seed: int, times: list[int]) -> list[int]:
    kernel, seen = Kernel(seeded_keys(Seed(seed).key("tie break"))), list[int]()
    for index, time_ns in enumerate(times):
        kernel.call_at(time_ns, seen.append, index)
    kernel.run()
    return seen


def test_seeded_keys_change_the_order_of_ties_only() -> None:
    """Different instants stay in order; ties come in another order per seed, the same for the same."""
    times = [index // 4 for index in range(40)]

    orders = [_order(seed, times) for seed in range(30)]

    for order in orders:
        assert sorted(order) == list(range(40))
        assert [times[index] for index in order] == times
    assert [_order(seed, times) for seed in range(30)] == orders
    assert len({tuple(order) for order in orders}) == 30


def test_seeded_keys_are_fair_between_two() -> None:
    """Either of two simultaneous events is first in half of the seeds: 2000 seeds, 5 sigma is 112."""
    first = sum(_order(seed, [0, 0])[0] == 0 for seed in range(2000))

    assert abs(first - 1000) < 112


@pytest.mark.parametrize("key", [0, 1, 2**61 - 1, 2**64 - 1])
def test_seeded_keys_never_collide_and_stay_below_the_urgent_step(key: int) -> None:
    """Distinct integers in [0, 2**61), across the wrap of the counter too."""
    next_key = seeded_keys(key)
    keys = [next_key() for _ in range(20_000)]

    assert len(set(keys)) == 20_000
    assert all(0 <= k < 1 << 61 for k in keys)


@pytest.mark.parametrize("key", [0, 12345, 2**61 - 2])
def test_seeded_keys_are_a_permutation(key: int) -> None:
    """Every step of the mixing can be undone, which gives the counter back: no two keys ever collide."""
    size = 1 << 61

    def undo_shift(mixed: int, shift: int) -> int:
        found = mixed
        for _ in range(61 // shift + 1):
            found = mixed ^ (found >> shift)
        return found

    next_key = seeded_keys(key)
    counters = []
    for _ in range(100):
        mixed = undo_shift(next_key(), 31) * pow(0x14D049BB133111EB, -1, size) % size
        counters.append(undo_shift(mixed, 29) * pow(0x1BF58476D1CE4E5B, -1, size) % size)

    assert counters == [(key + step) % size for step in range(100)]
