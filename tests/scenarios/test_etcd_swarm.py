"""Elections on etcd keep what they promise whatever the swarm does, and come back when it is over."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from sim.records import Followed, Led, ServiceLed, Violated
from sim.run import run
from sim.scenario import find, from_dict, load
from tests.scenarios.etcd_swarm import swarm

FEW = range(1, 13)
MANY = range(1, 5001)


SIGHTS = ("session lost", "several leaders", "several etcd leaders")
"""What a campaign must have seen to be worth anything."""


def trial(seed: int, **protocol: Any) -> tuple[int, list[str], list[str]]:
    """Return the seed, what was violated in its run, and what of `SIGHTS` it has seen."""
    scenario = swarm(seed)
    scenario["protocol"] |= protocol
    records = run(from_dict(scenario)).records
    violated = [f"{r.property}: {r.evidence}" for r in records if type(r) is Violated]
    seen = {
        "session lost": any(type(r) is Followed and r.reason not in ("resigned", "crashed") for r in records),
        "several leaders": sum(type(r) is Led for r in records) > 1,
        "several etcd leaders": sum(type(r) is ServiceLed for r in records) > 1,
    }
    return seed, violated, [sight for sight in SIGHTS if seen[sight]]


@pytest.mark.slow
def test_swarm_of_etcd_violates_nothing_and_converges() -> None:
    """One believer at a time, one leader per epoch among members, no lost state, a leader in the end."""
    trials = [trial(seed) for seed in FEW]

    assert [(seed, violated) for seed, violated, _ in trials if violated] == []
    assert {sight for _, _, seen in trials for sight in seen} == set(SIGHTS)


@pytest.mark.slow
def test_swarm_of_etcd_finds_the_deadline_of_the_product() -> None:
    """E05: with everything that may happen, sessions that count from the reply overlap (seed 1 is odd)."""
    assert any(trial(seed, deadline="reply")[1] for seed in range(1, 40, 2))


@pytest.mark.slow
@pytest.mark.parametrize("naive", ["etcd-naive-key-per-node", "etcd-naive-blind-put"])
@pytest.mark.parametrize("scenario", ["etcd-naive-{}-start", "etcd-client-crash"])
def test_tutorials_violate_within_twenty_seeds(naive: str, scenario: str) -> None:
    """Each in its own scenario and under a plain crash."""
    name = scenario.format(naive.removeprefix("etcd-naive-"))
    ready = load(find([name])[0], ["duration=14s"] if "crash" in name else [], naive)

    assert any(run(ready, seed=seed).verdict.violations for seed in range(1, 21))


@pytest.mark.soak
def test_swarm_of_etcd_of_five_thousand_seeds() -> None:
    """The same for 5,000 seeds, on two cores."""
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(trial, MANY, chunksize=25))

    assert [(seed, violated) for seed, violated, _ in trials if violated] == []
