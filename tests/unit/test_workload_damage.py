"""For each workload: a hand-made history in which its damage must be counted, and one in which it must not.

The resource sees what a paused leader n1 of epoch 1 and its successor n2 of epoch 2 do, in the order that
hurts. A fence turns away what n1 does too late, and nothing is harmed.
"""

from __future__ import annotations

import pytest

from sim.clock import WALL_EPOCH_NS
from sim.run import run
from tests.unit.workload_bench import MS, Bench

FENCED = pytest.mark.parametrize("fenced", [False, True], ids=["unfenced", "fenced"])


# Database primary --------------------------------------------------------------------------------


def update(number: int) -> tuple[str, int]:
    """Return a client's update."""
    return ("c1", number)


def database(fenced: bool) -> Bench:
    """Return a store in which nobody but the test writes."""
    return Bench("database-primary", fenced, external=True, rate="1/h")


@FENCED
def test_update_that_was_not_read_is_overwritten(fenced: bool) -> None:
    """n1 reads version 0, n2 writes versions 1 and 2 under epoch 2, n1 replaces them with its version."""
    bench = database(fenced)
    assert bench.inquire(10, "n1", 1, 5, update(1)).result == (0, None, False)
    assert bench.inquire(20, "n2", 2, 5, update(2)).accepted
    bench.effect(30, "n2", 2, 5, "a", 0, update(2))
    bench.effect(40, "n2", 2, 5, "b", 1, update(3))
    late = bench.effect(50, "n1", 1, 5, "c", 0, update(1))
    damaged = 0 if fenced else 1

    assert late.accepted is not fenced
    assert bench.damage() == {
        "stale_writes": damaged,
        "updates_overwritten": 2 * damaged,
        "updates_lost": 0,  # no client was told
    }


@pytest.mark.parametrize("told_first", [True, False])
def test_overwritten_update_is_lost_if_its_client_was_told(told_first: bool) -> None:
    """Whether it is told before or after; an update that was not overwritten is not lost."""
    bench = database(fenced=False)
    client = bench.cluster.nodes["c1"].process
    bench.effect(20, "n2", 2, 5, "a", 0, update(2))
    if told_first:
        client._told("c1", 2)  # type: ignore[union-attr]
    bench.effect(30, "n1", 1, 5, "c", 0, update(1))
    if not told_first:
        client._told("c1", 2)  # type: ignore[union-attr]
    client._told("c1", 1)  # type: ignore[union-attr]

    assert bench.damage()["updates_lost"] == 1


def test_write_based_on_what_is_there_overwrites_nothing() -> None:
    """Also by another node and in another epoch; keys do not concern each other."""
    bench = database(fenced=False)
    bench.effect(10, "n1", 1, 5, "a", 0, update(1))
    bench.effect(20, "n2", 2, 5, "b", 1, update(2))
    bench.effect(30, "n2", 2, 6, "b", 0, update(3))

    assert set(bench.damage().values()) == {0}


def test_request_that_comes_twice_is_done_once() -> None:
    """A repetition is no second write; whoever asks is told that the command was done."""
    bench = database(fenced=False)
    assert bench.effect(10, "n1", 1, 5, "a", 0, update(1), number=7).result == 0
    assert bench.effect(20, "n1", 1, 5, "a", 0, update(1), number=7).result is None

    assert bench.inquire(30, "n2", 2, 5, update(1)).result == (1, "a", True)
    assert set(bench.damage().values()) == {0}


# Job scheduler -----------------------------------------------------------------------------------


def executor(fenced: bool) -> Bench:
    """Return an executor with a job every second, late after 100 ms."""
    return Bench("job-scheduler", fenced, interval="1s", late_after="100ms")


@FENCED
def test_job_that_two_leaders_start_runs_twice(fenced: bool) -> None:
    """n2 asks for the last job before n1 starts it."""
    bench = executor(fenced)
    bench.effect(1000, "n1", 1, 1)
    assert bench.inquire(1500, "n2", 2, "last job").result == 1
    bench.effect(2000, "n2", 2, 2)
    bench.effect(2050, "n1", 1, 2)

    assert bench.damage(2100) == {
        "jobs_run_twice": 0 if fenced else 1,
        "jobs_missed": 0,
        "late_starts": 0,
        "late_start.max": 0,
    }


def test_job_that_starts_late_or_never_is_counted() -> None:
    """Job 2 is 150 ms late, job 4 never ran, and job 5 may still come in time."""
    bench = executor(fenced=False)
    for time, job in ((1000, 1), (2150, 2), (3100, 3)):
        bench.effect(time, "n1", 1, job)

    assert bench.damage(5050) == {
        "jobs_run_twice": 0,
        "jobs_missed": 1,
        "late_starts": 1,
        "late_start.max": 150 * MS,
    }


def test_repeated_request_starts_a_job_once() -> None:
    """A leader that got no answer asks again: that is not a second run."""
    bench = executor(fenced=False)
    bench.effect(1000, "n1", 1, 1)
    bench.effect(1050, "n1", 1, 1)

    assert bench.damage(1090)["jobs_run_twice"] == 0


# Distributed lock --------------------------------------------------------------------------------


@FENCED
def test_two_in_the_critical_section(fenced: bool) -> None:
    """n1 enters and stands still; n2 enters, writes and leaves; n1 goes on and writes over it.

    Where the section is fenced, n1 can do no harm any more once n2 has entered.
    """
    bench = Bench("distributed-lock", fenced)
    assert bench.effect(10, "n1", 1, "enter", 1).result == 0
    assert bench.effect(20, "n2", 2, "enter", 1).result == 0
    bench.effect(30, "n2", 2, "leave", 1, 0)
    late = bench.effect(40, "n1", 1, "leave", 1, 0)
    found = bench.damage()

    assert late.accepted is not fenced
    assert found["two_in_critical_section"] == (0 if fenced else 1)
    assert found["updates_lost"] == (0 if fenced else 1)


def test_one_after_the_other_in_the_critical_section() -> None:
    """Nobody is harmed; a repeated request does not enter or write again."""
    bench = Bench("distributed-lock", False)
    for time, node, epoch in ((10, "n1", 1), (30, "n2", 2), (50, "n1", 3)):
        visit = epoch
        read = bench.effect(time, node, epoch, "enter", visit).result
        bench.effect(time + 5, node, epoch, "enter", visit)
        bench.effect(time + 10, node, epoch, "leave", visit, read)
        assert bench.effect(time + 15, node, epoch, "leave", visit, read).result is None
    found = bench.damage()

    assert (found["two_in_critical_section"], found["updates_lost"]) == (0, 0)


def test_time_to_hand_over_is_from_the_loss_to_the_next_entry() -> None:
    """And a lock that nobody takes within the limit has waiters that were never told."""
    bench = Bench("distributed-lock", False, told_within="2s")
    trace = bench.cluster.trace
    bench.effect(10, "n1", 1, "enter", 1)
    bench.effect(20, "n1", 1, "leave", 1, 0)
    trace.emit("followed", "n1", "crashed")  # at 20.5 ms
    bench.effect(520.5, "n2", 2, "enter", 1)
    trace.emit("followed", "n2", "crashed")  # at 521 ms
    found = bench.damage(3000)

    assert found["hand_over.max"] == 500 * MS
    assert found["waiters_never_told"] == 1


# Configuration updates ---------------------------------------------------------------------------


@FENCED
def test_two_configurations_with_one_number(fenced: bool) -> None:
    """n2 learns that number 1 is the newest, and n1 publishes number 2 after it."""
    bench = Bench("config-updates", fenced)
    bench.effect(10, "n1", 1, 1)
    assert bench.inquire(20, "n2", 2, "newest").result == (1, "n1", 1)
    bench.effect(30, "n2", 2, 2)
    bench.effect(40, "n1", 1, 2)

    assert bench.damage()["duplicate_numbers"] == (0 if fenced else 1)


@FENCED
def test_subscriber_takes_an_older_configuration_after_a_newer_one(fenced: bool) -> None:
    """The old leader's push comes after the new one's."""
    bench = Bench("config-updates", fenced, subscribers=1)
    bench.effect(10, "n1", 1, 1, "n1", 1, to="c1")
    bench.effect(20, "n2", 2, 3, "n2", 2, to="c1")
    bench.effect(30, "n1", 1, 2, "n1", 1, to="c1")
    found = bench.damage(2000)

    assert found["older_after_newer"] == (0 if fenced else 1)
    assert found["staleness.max"] == 1980 * MS  # from 20 ms to the end
    assert found["duplicate_numbers"] == 0


def test_configuration_that_comes_again_is_the_same() -> None:
    """A new leader pushes what is in force, under its own epoch; numbers go up."""
    bench = Bench("config-updates", False, subscribers=1)
    bench.effect(10, "n1", 1, 1)
    bench.effect(11, "n1", 1, 1)
    bench.effect(12, "n1", 1, 1, "n1", 1, to="c1")
    bench.effect(20, "n2", 2, 1, "n1", 1, to="c1")
    bench.effect(30, "n2", 2, 2, "n2", 2, to="c1")
    found = bench.damage(2000)

    assert (found["duplicate_numbers"], found["older_after_newer"]) == (0, 0)


# Rate limiter ------------------------------------------------------------------------------------

WINDOW = WALL_EPOCH_NS // (1000 * MS)


def limiter(fenced: bool) -> Bench:
    """Return a backend with a limit of two requests a second."""
    return Bench("rate-limiter", fenced, limit=2, window="1s", rate="1/h")


@FENCED
def test_request_over_the_limit_is_counted(fenced: bool) -> None:
    """n2 learns of one request, admits one more, and then n1 has admitted one that is on its way."""
    bench = limiter(fenced)
    bench.effect(10, "n1", 1, WINDOW)
    assert bench.inquire(20, "n2", 2, WINDOW - 1).result == ((WINDOW, 1),)
    bench.effect(30, "n2", 2, WINDOW)
    bench.effect(40, "n1", 1, WINDOW)
    bench.effect(50, "n2", 2, WINDOW + 1)

    assert bench.damage() == {"admitted_over_limit": 0 if fenced else 1, "refused_below_limit": 0}


@pytest.mark.parametrize(
    ("served", "refused", "wrongly"), [(2, 3, 0), (1, 3, 1), (0, 1, 1), (0, 3, 2), (3, 1, 0)]
)
def test_refusal_is_wrong_as_far_as_there_was_room(served: int, refused: int, wrongly: int) -> None:
    """Of three refusals in a window with room for one, one was wrong."""
    bench = limiter(fenced=False)
    for number in range(served):
        bench.effect(10 + 2 * number, "n1", 1, WINDOW)
    windows = bench.cluster.nodes["r1"].process._windows  # type: ignore[union-attr]
    for _ in range(refused):
        windows.refused(WINDOW)

    assert bench.damage()["refused_below_limit"] == wrongly


def test_repeated_request_is_served_once() -> None:
    """Its answer may have been lost, or the network has doubled it."""
    bench = limiter(fenced=False)
    for time in (10, 20, 30):
        bench.effect(time, "n1", 1, WINDOW, number=7)

    assert bench.inquire(40, "n2", 2, WINDOW).result == ((WINDOW, 1),)
    assert bench.damage()["admitted_over_limit"] == 0


# A replicated log --------------------------------------------------------------------------------


def test_replicated_log_that_loses_committed_entries_is_counted() -> None:
    """Disks that lie, and a power failure: what was committed is gone. Without that nothing is counted."""
    lies = run("lying-fsync")
    honest = run("leader-crash-2s", overrides=["workload={name: database-primary}"])

    assert lies.metrics["damage.updates_lost"] == lies.metrics["split_brain.lost_state"]
    assert (lies.metrics["damage.updates_lost"] or 0) >= 1
    assert honest.metrics["damage.updates_lost"] == 0
