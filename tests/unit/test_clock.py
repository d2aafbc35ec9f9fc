"""Local clocks, and the timers that run on them: exact integers throughout."""

from __future__ import annotations

from typing import Any

import pytest

from sim.clock import BILLION, STOPPED_PPB, WALL_EPOCH_NS, Clock, NodeTimer
from sim.kernel import Kernel

PPM = 1_000
S = BILLION


class Bench:
    """A clock, its timers, and when they fired, in true time."""

    def __init__(self, rate_ppb: int = 0) -> None:
        self.kernel = Kernel()
        self.clock = Clock(self.kernel, rate_ppb)
        self.fired: list[tuple[int, str]] = []

    def timer(self, name: str = "t") -> NodeTimer:
        return NodeTimer(
            name, self.kernel, self.clock, lambda: self.fired.append((int(self.kernel.now), name))
        )

    def at(self, time_ns: int, action: Any, *arguments: Any) -> None:
        self.kernel.call_at(time_ns, lambda _: action(*arguments))

    def run(self, until: int = 100 * S) -> list[tuple[int, str]]:
        self.kernel.run(until)
        return self.fired


# Clocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_ppb", [0, 100 * PPM, -100 * PPM, 50_000 * PPM, -50_000 * PPM, STOPPED_PPB])
def test_a_clock_advances_at_its_rate(rate_ppb: int) -> None:
    """After t true nanoseconds it shows floor(t * (1 + rate)), without any rounding on the way."""
    bench = Bench(rate_ppb)
    for time_ns in (1, 999, 7 * S + 13):
        bench.kernel.run(time_ns)
        assert time_ns * (BILLION + rate_ppb) // BILLION == bench.clock.now()


def test_a_step_moves_the_wall_clock_only() -> None:
    """The monotonic clock goes on, and the error is what the step made."""
    bench = Bench()
    bench.kernel.run(5 * S)
    bench.clock.step(-2 * S)

    assert (
        bench.clock.now(), bench.clock.wall(), bench.clock.error_ns(),
    ) == (5 * S, WALL_EPOCH_NS + 3 * S, -2 * S)  # fmt: skip


def test_the_wall_clock_starts_with_its_offset_and_drifts() -> None:
    """10 ms of offset, and 100 ppm of one second."""
    clock = Clock(kernel := Kernel(), 100 * PPM, 10_000_000)
    kernel.run(S)

    assert clock.error_ns() == 10_000_000 + 100_000


def test_a_change_of_rate_never_makes_a_clock_jump() -> None:
    """It shows the same just before and just after, whatever was before."""
    bench = Bench(123_457)
    for step, rate in enumerate((-99, 77_777_777, STOPPED_PPB, -12_345_678, 0, 1), start=1):
        bench.kernel.run(step * S + step)
        before = bench.clock.now()
        bench.clock.set_rate(rate)
        assert before == bench.clock.now()


# Timers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate_ppb", "true_ns"),
    [
        (0, S),
        (50_000 * PPM, 952_380_953),  # 1 s / 1.05, rounded up
        (-50_000 * PPM, 1_052_631_579),  # 1 s / 0.95, rounded up
        (100 * PPM, 999_900_010),  # 1 s / 1.0001, rounded up
        (S, S // 2),
    ],
)
def test_a_rate_error_moves_timers(rate_ppb: int, true_ns: int) -> None:
    """One local second is the first true nanosecond at which the clock has advanced by it."""
    bench = Bench(rate_ppb)
    bench.timer().set(S)

    assert [(true_ns, "t")] == bench.run()


def test_a_step_moves_no_timer() -> None:
    """Timers run on the monotonic clock."""
    bench = Bench()
    bench.timer().set(S)
    bench.at(S // 2, bench.clock.step, 5 * S)

    assert bench.run() == [(S, "t")]


@pytest.mark.parametrize(
    ("rate_ppb", "true_ns"),
    [(S, 750_000_000), (-S // 2, 1_500_000_000), (0, S), (-S // 5, 1_125_000_000)],
)
def test_a_change_of_rate_moves_timers_that_are_running(rate_ppb: int, true_ns: int) -> None:
    """The second half of the second runs at the new rate."""
    bench = Bench()
    bench.timer().set(S)
    bench.at(S // 2, bench.clock.set_rate, rate_ppb)

    assert [(true_ns, "t")] == bench.run()


def test_a_change_of_rate_rounds_up() -> None:
    """Half a nanosecond is gone when the slow clock becomes right: the other half is not over at once."""
    bench = Bench(-S // 2)
    bench.timer().set(1)
    bench.at(1, bench.clock.set_rate, 0)

    assert bench.run() == [(2, "t")]


def test_a_timer_can_be_set_anew_shortened_and_cancelled() -> None:
    """`set` replaces what was set before, in either direction; `cancel` is harmless when nothing is set."""
    bench = Bench()
    longer, shorter, cancelled, again = (
        bench.timer(name) for name in ("longer", "shorter", "never", "again")
    )
    for timer in (longer, shorter, cancelled, again):
        timer.cancel()
        timer.set(10)
    bench.at(5, longer.set, 10)
    bench.at(5, shorter.set, 2)
    bench.at(5, cancelled.cancel)
    bench.at(5, again.cancel)
    bench.at(6, again.set, 4)

    assert bench.run() == [(7, "shorter"), (10, "again"), (15, "longer")]


def test_a_timer_fires_once_and_may_set_itself() -> None:
    """A heartbeat every 10 ns, three times; a timer of 0 fires at the same instant."""
    bench = Bench()
    beats: list[int] = []

    def beat() -> None:
        beats.append(int(bench.kernel.now))
        if len(beats) < 4:
            timer.set(10 if len(beats) < 3 else 0)

    timer = NodeTimer("beat", bench.kernel, bench.clock, beat)
    timer.set(10)
    bench.run()

    assert beats == [10, 20, 30, 30]


def test_a_shortened_timer_fires_once_although_its_old_entries_are_queued() -> None:
    """Set to the old deadline again, it meets its own stale entry and does not fire twice."""
    bench = Bench()
    timer = bench.timer()
    timer.set(100)
    timer.set(50)
    bench.at(60, timer.set, 40)

    assert bench.run() == [(50, "t"), (100, "t")]


def test_a_stale_entry_adds_none() -> None:
    """When the entry of a deadline of the past comes up, the one of today's stays the only one."""
    bench = Bench()
    timer = bench.timer()
    timer.set(100)
    timer.set(50)
    bench.at(60, timer.set, 90)
    bench.kernel.run(120)

    assert len(bench.kernel.queue) == 1
    assert bench.run() == [(50, "t"), (150, "t")]


def test_500_resets_leave_one_entry() -> None:
    """An election timer that every heartbeat resets must not fill the queue with dead entries."""
    bench = Bench()
    timer = bench.timer()
    for beat in range(500):
        bench.at(beat, timer.set, 1000)
    bench.kernel.run(500)

    assert len(bench.kernel.queue) == 1
    assert bench.run() == [(1499, "t")]


def test_500_resets_of_a_drifting_clock_leave_two_entries_at_most() -> None:
    """Timeouts drawn anew each time, on a clock that is wrong."""
    bench = Bench(-40_000 * PPM)
    timer = bench.timer()
    for beat in range(500):
        bench.at(beat, timer.set, 1000 + beat * 7919 % 300)
    bench.kernel.run(500)

    assert len(bench.kernel.queue) <= 2
    assert len(bench.run()) == 1


# Freezing ----------------------------------------------------------------------------------------


def test_a_frozen_clock_fires_nothing_until_it_thaws() -> None:
    """What was left is left still, however long it stood; the wall clock stands too."""
    bench = Bench()
    bench.timer("before").set(S)
    bench.at(S // 4, bench.clock.freeze)
    bench.at(S // 2, lambda: bench.timer("during").set(S))
    bench.at(5 * S, lambda: bench.fired.append((bench.clock.now(), "stands")))
    bench.at(10 * S, bench.clock.thaw)

    expected = [(S // 4, "stands"), (10 * S + 3 * S // 4, "before"), (11 * S, "during")]
    assert expected == bench.run()


def test_a_timer_cancelled_in_the_cold_does_not_fire_after() -> None:
    """Frozen timers can be cancelled and shortened."""
    bench = Bench()
    cancelled, shortened = bench.timer("cancelled"), bench.timer("shortened")
    cancelled.set(S)
    shortened.set(S)
    bench.at(S // 2, bench.clock.freeze)
    bench.at(2 * S, cancelled.cancel)
    bench.at(2 * S, shortened.set, 7)
    bench.at(3 * S, bench.clock.thaw)

    assert bench.run() == [(3 * S + 7, "shortened")]


def test_freezing_twice_and_thawing_without_are_harmless() -> None:
    """The rate before the first freeze comes back."""
    bench = Bench(100 * PPM)
    bench.clock.thaw()
    bench.clock.freeze()
    bench.clock.freeze()
    bench.clock.thaw()
    bench.kernel.run(S)

    assert (bench.clock.rate_ppb, bench.clock.now()) == (100 * PPM, S + 100_000)


def test_a_rate_set_in_the_cold_holds_from_the_thaw_on() -> None:
    """A fault or a model may change the rate of a frozen clock."""
    bench = Bench()
    bench.clock.freeze()
    bench.clock.set_rate(500 * PPM)
    bench.kernel.run(S)
    assert bench.clock.now() == 0
    bench.clock.thaw()
    bench.kernel.run(2 * S)

    assert bench.clock.now() == S + 500_000


def test_slewing_comes_on_top_of_the_own_rate() -> None:
    """It survives a change of the rate and a freeze, and leaves the own rate when it ends."""
    bench = Bench(100 * PPM)
    bench.clock.slew(-500 * PPM)
    assert bench.clock.rate_ppb == -400 * PPM
    bench.clock.set_rate(200 * PPM)
    assert bench.clock.rate_ppb == -300 * PPM
    bench.clock.freeze()
    bench.clock.slew(0)
    assert (bench.clock.rate_ppb, bench.clock.own_ppb) == (STOPPED_PPB, 200 * PPM)
    bench.clock.thaw()

    assert bench.clock.rate_ppb == 200 * PPM
