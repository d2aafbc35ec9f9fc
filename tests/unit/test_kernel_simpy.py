"""Ordinary SimPy programs on the kernel: everything that they do on SimPy's own environment."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from sim.kernel import Kernel

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


def test_a_timeout_shows_itself_as_on_simpy() -> None:
    """The kernel's own class must not show in messages."""
    texts = [repr(env.timeout(5, value=1)).split(" object")[0] for env in (simpy.Environment(), Kernel())]

    assert texts == ["<Timeout(5, value=1)", "<Timeout(5, value=1)"]
    assert isinstance(Kernel().timeout(5), simpy.Timeout)
