"""The kernel: SimPy's behaviour, in integer nanoseconds, with plain calls in the same queue."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from sim.kernel import Kernel, seeded_keys
from sim.rng import Seed

Log = list[tuple[int, Any]]
Program = Callable[[simpy.Environment, Log], None]


# The same programs on SimPy's own environment --------------------------------------------------


def _timeouts(env: simpy.Environment, log: Log) -> None:
    def ticker(name: str, gap: int) -> Generator[Any, Any, None]:
        for _ in range(4):
            value = yield env.timeout(gap, value=name)
            log.append((int(env.now), value))

    env.process(ticker("a", 3))
    env.process(ticker("b", 2))
    env.process(ticker("c", 6))


def _interrupts(env: simpy.Environment, log: Log) -> None:
    def sleeper() -> Generator[Any, Any, None]:
        for _ in range(3):
            try:
                yield env.timeout(10)
                log.append((int(env.now), "slept"))
            except simpy.Interrupt as interrupt:
                log.append((int(env.now), interrupt.cause))

    def waker(target: simpy.Process) -> Generator[Any, Any, None]:
        yield env.timeout(4)
        target.interrupt("early")
        yield env.timeout(10)
        target.interrupt("at the same instant")

    env.process(waker(env.process(sleeper())))


def _conditions(env: simpy.Environment, log: Log) -> None:
    def waiter() -> Generator[Any, Any, None]:
        first, second, third = env.timeout(1, "x"), env.timeout(5, "y"), env.timeout(5, "z")
        found = yield first | second
        log.append((int(env.now), list(found.values())))
        found = yield first & second & third
        log.append((int(env.now), list(found.values())))
        found = yield env.any_of([env.timeout(2, "p"), env.timeout(2, "q")])
        log.append((int(env.now), list(found.values())))
        found = yield env.all_of([])
        log.append((int(env.now), list(found.values())))

    env.process(waiter())


def _resources(env: simpy.Environment, log: Log) -> None:
    store: simpy.Store = simpy.Store(env, capacity=2)
    machine = simpy.PriorityResource(env, capacity=1)
    tank = simpy.Container(env, capacity=10, init=3)

    def producer() -> Generator[Any, Any, None]:
        for item in range(5):
            yield store.put(item)
            log.append((int(env.now), ("put", item)))
            yield env.timeout(1)

    def consumer(name: str) -> Generator[Any, Any, None]:
        for _ in range(2):
            item = yield store.get()
            with machine.request(priority=-item) as granted:
                yield granted
                yield env.timeout(3)
            log.append((int(env.now), (name, item)))
            yield tank.get(2)
            log.append((int(env.now), ("level", tank.level)))

    def filler() -> Generator[Any, Any, None]:
        while env.now < 40:
            yield env.timeout(7)
            yield tank.put(2)

    env.process(producer())
    env.process(consumer("c1"))
    env.process(consumer("c2"))
    env.process(filler())


class Broken(Exception):
    """What a process of these tests dies of."""


def _failures(env: simpy.Environment, log: Log) -> None:
    def dies() -> Generator[Any, Any, None]:
        yield env.timeout(2)
        raise Broken("two", 2)

    def watches(target: simpy.Process) -> Generator[Any, Any, None]:
        try:
            yield target
        except Broken as broken:
            log.append((int(env.now), broken.args))
        event = env.event()
        event.fail(Broken("failed event"))
        try:
            yield event
        except Broken as broken:
            log.append((int(env.now), broken.args))

    env.process(watches(env.process(dies())))


def _chains(env: simpy.Environment, log: Log) -> None:
    """Events that trigger events at the same instant, processes that end with a value."""
    done = env.event()
    done.callbacks.append(lambda event: log.append((int(env.now), event.value)))

    def child(length: int) -> Generator[Any, Any, int]:
        yield env.timeout(length)
        return length * 2

    def parent() -> Generator[Any, Any, None]:
        for length in (3, 0, 1):
            log.append((int(env.now), (yield env.process(child(length)))))
        done.succeed("done")
        log.append((int(env.now), "after succeed"))
        yield env.timeout(0)
        log.append((int(env.now), "after a timeout of 0"))

    env.process(parent())


PROGRAMS = [_timeouts, _interrupts, _conditions, _resources, _failures, _chains]


def _run(env: simpy.Environment, program: Program, until: int | None) -> Log:
    log: Log = []
    program(env, log)
    env.run(until)
    log.append((int(env.now), "end"))
    return log


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("until", [None, 6, 100])
def test_simpy_programs_run_as_on_simpy(program: Program, until: int | None) -> None:
    """Every program does the same things at the same times, and in the same order."""
    expected = _run(simpy.Environment(), program, until)

    assert expected == _run(Kernel(), program, until)
    assert len(expected) > 1


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_step_and_peek_agree_with_simpy(program: Program) -> None:
    """Step by step, both look at the same next time and leave the same log."""
    logs: list[Log] = []
    for env in (simpy.Environment(), Kernel()):
        log: Log = []
        program(env, log)
        while env.peek() != float("inf"):
            log.append((int(env.peek()), "next"))
            env.step()
        with pytest.raises(simpy.core.EmptySchedule):
            env.step()
        logs.append(log)

    assert logs[0] == logs[1]


@pytest.mark.parametrize("make", [simpy.Environment, Kernel])
def test_an_exception_that_nobody_catches_is_created_anew_from_its_arguments(
    make: Callable[[], simpy.Environment],
) -> None:
    """SimPy re-creates a failure as type(e)(*e.args), with the original as its cause."""
    env = make()

    def dies() -> Generator[Any, Any, None]:
        yield env.timeout(1)
        raise Broken("why", 7)

    env.process(dies())
    with pytest.raises(Broken) as caught:
        env.run()

    assert caught.value.args == ("why", 7)
    assert isinstance(caught.value.__cause__, Broken)
    assert caught.value.__cause__ is not caught.value


# Running until ---------------------------------------------------------------------------------


def test_run_until_a_time_excludes_what_is_due_then() -> None:
    """`until` is exclusive, and the run goes on from there."""
    kernel, seen = Kernel(), []
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
    kernel.call_at(2, lambda _: event.fail(Broken("no")))

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
    kernel, seen = Kernel(), []

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
    kernel, seen = Kernel(), []
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
    kernel, seen = Kernel(), []
    kernel.call_at(5, seen.append, "call 1")
    kernel.timeout(5).callbacks.append(lambda _: seen.append("timeout 2"))
    kernel.call_at(5, seen.append, "call 3")
    kernel.timeout(5).callbacks.append(lambda _: seen.append("timeout 4"))
    kernel.call_at(4, lambda _: kernel.call_at(5, seen.append, "call 5"))

    kernel.run()

    assert seen == ["call 1", "timeout 2", "call 3", "timeout 4", "call 5"]


def _starts_a_process_late(next_key: Callable[[], int] | None) -> list[str]:
    kernel, seen = Kernel(next_key), []

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
    kernel, seen = Kernel(seeded_keys(Seed(seed).key("tie break"))), []
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
