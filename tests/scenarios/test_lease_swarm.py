"""Whatever happens to a lease, a fence by tokens that rise lets no deposed leader through."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from sim.prepare import prepare
from sim.records import EffectJudged, Violated
from sim.run import run_plan
from sim.scenario import from_dict
from tests.scenarios.lease_swarm import ORDERED, UNORDERED, lease_swarm
from tests.unit.lease_testing import outcome, plan_of

SB3 = ("dual_effect", "fencing")
FEW = range(1, 31)
ALL = (*ORDERED, *UNORDERED)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run has shown."""

    protocol: str
    violated: frozenset[str]
    accepted: int
    rejected: int


def trial(protocols: tuple[str, ...], fenced: bool, seed: int) -> Trial:
    """Return what came of one scenario of the swarm."""
    plan = prepare(from_dict(lease_swarm(seed, protocols, fenced)))
    result = run_plan(plan, seed)
    records = result.records
    return Trial(
        plan.protocol.name,
        frozenset(record.property for record in records if type(record) is Violated),
        result.effects_accepted,
        sum(type(record) is EffectJudged and not record.accepted for record in records),
    )


def through(trials: list[Trial]) -> Counter[str]:
    """Return in how many runs a stale effect was taken, by protocol."""
    return Counter(each.protocol for each in trials if each.violated.intersection(SB3))


@pytest.mark.slow
def test_a_fence_lets_nothing_stale_through() -> None:
    """SB3 does not happen; that two lead, that effects are taken and that some are turned away does."""
    trials = [trial(ORDERED, True, seed) for seed in FEW]

    assert through(trials) == {}
    # A campaign that never got into trouble has shown nothing.
    assert sum("exclusive_belief" in each.violated for each in trials) >= 3
    assert sum(each.accepted > 0 for each in trials) > len(FEW) // 2
    assert sum(each.rejected > 0 for each in trials) >= 1


@pytest.mark.slow
def test_without_a_fence_it_goes_through() -> None:
    """The same worlds without a fence: the check can fail."""
    assert through([trial(ORDERED, False, seed) for seed in FEW]).total() >= 1


@pytest.mark.soak
@pytest.mark.parametrize("protocol", ORDERED)
def test_a_fence_lets_nothing_stale_through_in_ten_thousand_runs(protocol: str) -> None:
    """Of each protocol whose tokens rise."""
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(partial(trial, (protocol,), True), range(1, 10_001), chunksize=50))

    assert through(trials) == {}


@pytest.mark.parametrize("protocol", ALL)
def test_a_pause_after_the_check_finds_a_stale_write_within_twenty_seeds(protocol: str) -> None:
    """Unfenced, a pause of the leader for twice its lease."""
    plan = plan_of(
        protocol,
        workload={"name": "external-store", "rate": "1/s", "work": "900ms"},
        network={"latency": "1ms"},
        faults=[{"at": "60500ms", "pause": "leader", "for": "60s"}],
        duration="125s",
    )
    assert any("dual_effect" in outcome(plan, seed).violated for seed in range(1, 21))
