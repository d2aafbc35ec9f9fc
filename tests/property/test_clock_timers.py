"""Timers on clocks of any behaviour, against the exact integral of the rate."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sim.clock import BILLION, STOPPED_PPB, Clock, NodeTimer
from sim.kernel import Kernel

RATES = st.integers(-BILLION // 2, BILLION)
ACTIONS = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 5000)),
    st.tuples(st.just("rate"), RATES),
    st.tuples(st.just("slew"), st.integers(-500_000, 500_000)),
    st.tuples(st.sampled_from(["freeze", "thaw", "cancel"]), st.just(0)),
)
HISTORIES = st.lists(st.tuples(st.integers(0, 3000), ACTIONS), min_size=1, max_size=25)


class Oracle:
    """Says when the timer is due: by the exact local time that has passed, as a fraction."""

    def __init__(self) -> None:
        self.at, self.local = 0, Fraction(0)
        self.own, self.slew, self.frozen = 0, 0, False
        self.due: Fraction | None = None
        self.changes = 0  # of the rate since the timer was set

    @property
    def rate(self) -> Fraction:
        return Fraction(0) if self.frozen else 1 + Fraction(max(STOPPED_PPB, self.own + self.slew), BILLION)

    def local_at(self, true_ns: int) -> Fraction:
        return self.local + (true_ns - self.at) * self.rate

    def act(self, true_ns: int, action: str, value: int) -> None:
        self.local, self.at = self.local_at(true_ns), true_ns
        if action == "set":
            self.due, self.changes = self.local + value, 0
        elif action == "cancel":
            self.due = None
        else:
            self.changes += 1
            match action:
                case "rate":
                    self.own = value
                case "slew":
                    self.slew = value
                case _:
                    self.frozen = action == "freeze"

    def fired(self, true_ns: int) -> None:
        """Check that the firing is not early, and late by rounding only."""
        assert self.due is not None, "fired without being set"
        local = self.local_at(true_ns)
        assert local >= self.due
        assert local < self.due + (self.changes + 1) * 2 + self.rate
        self.due = None


@given(RATES, HISTORIES)
def test_a_timer_fires_when_its_local_time_is_over(
    rate: int, history: list[tuple[int, tuple[str, int]]]
) -> None:
    """Never early; late by at most the nanosecond that each change of rate may round up; never twice."""
    kernel, oracle = Kernel(), Oracle()
    clock = Clock(kernel, rate)
    oracle.own = rate
    timer = NodeTimer("t", kernel, clock, lambda: oracle.fired(int(kernel.now)))

    def act(action: str, value: int) -> None:
        calls = {"set": timer.set, "rate": clock.set_rate, "slew": clock.slew}
        if action in calls:
            calls[action](value)
        else:
            {"freeze": clock.freeze, "thaw": clock.thaw, "cancel": timer.cancel}[action]()
        oracle.act(int(kernel.now), action, value)

    time_ns = 0
    for gap, (action, value) in history:
        time_ns += gap
        kernel.call_at(time_ns, lambda _, action=action, value=value: act(action, value))  # type: ignore[misc]
    kernel.run()

    # At the end nothing is left unfired, unless the clock stands still.
    assert oracle.due is None or oracle.rate == 0


@given(RATES, st.lists(st.tuples(st.integers(1, 10**9), RATES), max_size=20))
def test_a_clock_loses_less_than_a_nanosecond_per_change(rate: int, history: list[tuple[int, int]]) -> None:
    """Against the exact integral; and it never goes back."""
    kernel = Kernel()
    clock = Clock(kernel, rate)
    exact, shown = Fraction(0), 0
    for count, (gap, next_rate) in enumerate(history, start=1):
        exact += gap * (1 + Fraction(clock.rate_ppb, BILLION))
        kernel.run(int(kernel.now) + gap)
        assert exact - count < clock.now() <= exact
        assert clock.now() >= shown
        shown = clock.now()
        clock.set_rate(next_rate)
