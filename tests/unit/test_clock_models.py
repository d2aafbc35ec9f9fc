"""What clocks do by themselves: drift, wandering rates, and NTP."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sim.distributions import Constant, Uniform
from sim.plan import ClockPlan, NtpPlan
from tests.unit.world import MS, S, World

PPM = 1_000


def _world(clocks: ClockPlan, seed: int = 1) -> World:
    return World(2, clocks=clocks, seed=seed)


def test_drift_and_offset_are_drawn_per_node_and_reported() -> None:
    """`drawn` says what the seed chose; another seed chooses otherwise."""
    plan = ClockPlan(drift={"n1": Uniform(-100 * PPM, 100 * PPM)}, offset=Uniform(-5 * MS, 5 * MS))
    world, other = _world(plan), _world(plan, seed=2)
    clocks = [world.node(name).clock for name in ("n1", "n2")]

    assert clocks[0].rate_ppb != 0
    assert clocks[1].rate_ppb == 0
    assert f"{clocks[0].rate_ppb / 1000:+g} ppm" == world.cluster.drawn["n1 clock drift"]
    assert len({clock.wall_offset_ns for clock in clocks}) == 2
    assert world.cluster.drawn != other.cluster.drawn


def test_pieces_change_the_rate_at_their_times() -> None:
    """From each time on, the rate error is this."""
    world = _world(ClockPlan(pieces=((0, 100 * PPM), (2 * S, -300 * PPM)))).run(3 * S)

    assert world.node("n1").clock.now() == 3 * S + 200_000 - 300_000


def test_a_random_walk_moves_by_one_step_and_stays_within_its_limit() -> None:
    """It reaches the limit, too, and each node walks its own way."""
    step, limit = 10 * PPM, 30 * PPM
    world = _world(ClockPlan(walk_step_ppb=step, walk_every_ns=MS, walk_limit_ppb=limit)).start()
    walks: dict[str, list[int]] = {"n1": [0], "n2": [0]}
    for millisecond in range(1, 400):
        world.run(millisecond * MS + 1)
        for name, walk in walks.items():
            walk.append(world.node(name).clock.rate_ppb)

    for walk in walks.values():
        moves = {abs(b - a) for a, b in pairwise(walk)}
        assert moves <= {0, step}
        assert {-limit, 0, limit} <= set(walk)
        assert max(map(abs, walk)) == limit
    assert walks["n1"] != walks["n2"]


def test_a_random_walk_goes_on_beneath_a_freeze() -> None:
    """The clock thaws at the rate that it would have without: that of a frozen clock is not its own."""
    plan = ClockPlan(walk_step_ppb=10 * PPM, walk_every_ns=MS, walk_limit_ppb=300 * PPM)
    frozen, free = _world(plan), _world(plan)
    clock = frozen.node("n1").clock
    frozen.at(10 * MS, clock.freeze)
    frozen.at(50 * MS + 1, clock.thaw)
    rates = []
    for millisecond in range(51, 90):
        for world in (frozen, free):
            world.run(millisecond * MS)
        rates.append((clock.rate_ppb, free.node("n1").clock.rate_ppb))

    assert [here for here, _ in rates] == [there for _, there in rates]
    assert len(set(rates)) > 2


def _ntp(step: bool, error: int = 0, every_ns: int = S) -> ClockPlan:
    return ClockPlan(
        drift={"n1": Constant(50 * PPM)},
        offset=Constant(100 * MS),
        ntp=NtpPlan(every_ns=every_ns, step=step, slew_ppb=500 * PPM, error=Constant(error)),
    )


def test_ntp_steps_the_measured_error_away() -> None:
    """At every poll the wall clock is right again, but for the error of the measurement."""
    world = _world(_ntp(step=True, error=3 * MS))
    clock = world.node("n1").clock
    world.run(S)
    assert clock.error_ns() == 100 * MS + 50_000
    world.run(S + 1)
    assert clock.error_ns() == -3 * MS
    monotonic = clock.now()
    assert monotonic == (S + 1) * (1_000_000_000 + 50 * PPM) // 1_000_000_000


def test_ntp_slews_the_error_down_at_its_rate() -> None:
    """100 ms at 500 ppm less the clock's own 50 ppm go in about 222 s, without a single step."""
    world = _world(_ntp(step=False))
    clock = world.node("n1").clock
    world.run(101 * S)
    assert clock.rate_ppb == (50 - 500) * PPM
    assert clock.error_ns() == 100 * MS + 50_000 - 100 * 450_000
    world.run(225 * S)
    # From one poll to the next the own drift comes back: at most 50 ppm of a second, a little more
    # until the slew of the last poll has worked.
    assert abs(clock.error_ns()) < 60_000
    assert clock.own_ppb == 50 * PPM


def test_a_slew_ends_when_the_measured_error_is_gone() -> None:
    """50 us at 500 ppm take 100 ms; then the clock runs at its own rate again."""
    plan = ClockPlan(offset=Constant(50_000), ntp=NtpPlan(S, False, 500 * PPM, Constant(0)))
    world = _world(plan)
    clock = world.node("n1").clock
    world.run(S + 50 * MS)
    assert (clock.rate_ppb, clock.error_ns()) == (-500 * PPM, 25_000)
    world.run(S + 100 * MS + 1)
    assert (clock.rate_ppb, clock.error_ns()) == (0, 0)


def test_a_new_measurement_replaces_a_slew_under_way() -> None:
    """The end of the first slew must not end the second one."""
    plan = ClockPlan(offset=Constant(MS), ntp=NtpPlan(S, False, 500 * PPM, Constant(0)))
    world = _world(plan)  # 1 ms takes 2 s, and the next poll comes after 1 s
    clock = world.node("n1").clock
    world.run(2 * S + S // 2)
    clock.step(MS)
    world.run(4 * S + S // 2)

    assert clock.rate_ppb == -500 * PPM


@pytest.mark.parametrize("step", [True, False])
def test_ntp_and_a_freeze(step: bool) -> None:
    """A freeze of 3 s puts the clock behind; NTP brings it back, and the clock runs at its own rate."""
    world = _world(_ntp(step=step, every_ns=S // 10))
    clock = world.node("n1").clock
    world.at(S, clock.freeze)
    world.at(4 * S, clock.thaw)
    world.run(4 * S + 1)
    assert clock.rate_ppb > -1_000_000
    world.run(4 * S + S // 5)

    assert clock.own_ppb == 50 * PPM
    assert abs(clock.rate_ppb - (50 if step else 550) * PPM) == 0
