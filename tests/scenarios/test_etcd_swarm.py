"""Elections on etcd keep what they promise whatever the swarm does, and come back when it is over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from protocols.raft.server import Raft
from sim.records import Followed, Led, ServiceLed, Violated
from sim.run import run
from sim.scenario import find, from_dict, load
from tests.scenarios.etcd_swarm import ensemble, swarm
from tests.scenarios.regressions import kept
from tests.unit.raft_mutants import HalfIsEnough

FEW = range(1, 13)
MANY = range(1, 5001)


SIGHTS = ("session lost", "several leaders", "several etcd leaders")
"""What a campaign must have seen to be worth anything."""


def trial(seed: int, **protocol: Any) -> tuple[int, list[str], list[str]]:
    """Return the seed, what was violated in its run, and what of `SIGHTS` it has seen."""
    return judged(swarm(seed), seed, **protocol)


def ensemble_trial(seed: int) -> tuple[int, list[str], list[str]]:
    """Return the same of the members: one leader per term, one log, nothing lost."""
    return judged(ensemble(seed), seed)


def judged(scenario: dict[str, Any], seed: int, **protocol: Any) -> tuple[int, list[str], list[str]]:
    """Return what came of a scenario."""
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
def test_swarm_of_members_violates_nothing_and_converges() -> None:
    """And the members were in trouble: their leaders changed."""
    trials = [ensemble_trial(seed) for seed in FEW]

    assert [(seed, violated) for seed, violated, _ in trials if violated] == []
    assert sum("several etcd leaders" in seen for _, _, seen in trials) > len(trials) / 2


@pytest.mark.slow
def test_swarm_of_members_finds_a_leader_that_commits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """R12: the logs of servers are judged, though contenders are their clients."""
    monkeypatch.setattr(Raft, "_advance_commit_index", HalfIsEnough._advance_commit_index)

    assert any(ensemble_trial(seed)[1] for seed in range(1, 21))


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
@pytest.mark.parametrize(("one", "scenario"), [(trial, swarm), (ensemble_trial, ensemble)])
def test_swarm_of_etcd_of_five_thousand_seeds(
    one: Callable[[int], Any], scenario: Callable[[int], Any]
) -> None:
    """The same for 5,000 seeds, on two cores."""
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(one, MANY, chunksize=25))

    assert kept({seed: violated for seed, violated, _ in trials if violated}, scenario) == {}
