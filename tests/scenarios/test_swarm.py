"""Raft keeps its promises whatever the swarm does to it, and comes back when that is over."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields

import pytest

from analysis.linearizability import Budget
from protocols.raft.parameters import MEMBERSHIPS, READS, RaftParameters
from sim.scenario import from_dict
from tests.scenarios import campaign
from tests.scenarios.campaign import SIGHTS, Trial, seen_by, switched, trial
from tests.scenarios.regressions import kept
from tests.scenarios.swarm import swarm
from tests.scenarios.swarm_switches import swarm_switches

FEW = range(1, 61)
MANY = range(1, 2001)
CHUNK = 25
"""So many seeds go to a process at a time."""


def wrong(trials: list[Trial]) -> dict[int, tuple[tuple[str, str], ...]]:
    """Return the violations by seed."""
    return {each.seed: each.violations for each in trials if each.violations}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FEW.start, FEW.stop, 20))
def test_swarm_violates_nothing_and_converges(first: int) -> None:
    """Election Safety, Log Matching and the rest hold (Raft Figure 3), and a healed quorum serves."""
    trials = [trial(seed) for seed in range(first, first + 20)]

    assert wrong(trials) == {}
    # A campaign that never got into trouble has shown nothing.
    assert set(seen_by(trials)) == set(SIGHTS)


@pytest.mark.soak
def test_swarm_of_two_thousand_seeds() -> None:
    """The same for 2,000 seeds, on two cores; each sight in at least one run of a hundred."""
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(trial, MANY, chunksize=CHUNK))

    assert kept(wrong(trials), swarm) == {}
    assert {sight: count >= len(trials) // 100 for sight, count in seen_by(trials).items()} == dict.fromkeys(
        SIGHTS, True
    )


def test_swarm_is_a_function_of_its_seed() -> None:
    """One seed, one scenario, and another one for another seed."""
    assert swarm(7) == swarm(7)
    assert swarm(7) != swarm(8)


def test_swarm_scenarios_are_valid() -> None:
    """Whatever is drawn is a scenario: plain values that a file could hold, and no contradictions."""
    for seed in range(300):
        scenario = json.loads(json.dumps(swarm(seed)))
        assert from_dict(scenario).name == f"swarm-{seed}"


def test_swarm_draws_every_kind_of_fault() -> None:
    """Every action of a scenario but those outside Raft's assumptions comes up in 300 seeds."""
    faults = [fault for seed in range(300) for fault in swarm(seed)["faults"]]
    kinds = {key for fault in faults for key in fault}

    assert kinds >= {
        *("crash", "restart", "pause", "slow", "partition", "cut", "isolate", "bridge", "ring", "flap"),
        *("degrade", "disk", "clock", "heal", "when", "rate"),
    }
    disks = {kind for fault in faults if "disk" in fault for kind in fault["disk"]}
    assert disks == {"of", "stall", "fsync", "torn", "full"}


# Raft's extensions -----------------------------------------------------------------------------------

SWITCH_SIGHTS = {"membership", "read_index", "lease", "transfer", "stop"}


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 11])
def test_swarm_of_switches_violates_nothing(first: int) -> None:
    """With every switch drawn as well; what the clients saw is linearizable."""
    trials = [switched(seed) for seed in range(first, first + 10)]

    assert wrong(trials) == {}
    assert set(seen_by(trials)) >= {"read_index", "lease", "transfer"}


def test_a_history_that_could_not_be_decided_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the budget is: it counts configurations, so that this is the same on every machine."""
    monkeypatch.setattr(campaign, "ENOUGH", Budget(configurations=1))

    assert ("linearizability", "unknown") in switched(2).violations


@pytest.mark.soak
def test_swarm_of_switches_of_five_thousand_seeds() -> None:
    """The same for 5,000 seeds, on two cores; each switch at work in at least one run of twenty."""
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(switched, range(1, 5001), chunksize=CHUNK))

    assert kept(wrong(trials), swarm_switches) == {}
    assert {name: count >= len(trials) // 20 for name, count in seen_by(trials).items()} == dict.fromkeys(
        SWITCH_SIGHTS, True
    )


def test_swarm_scenarios_with_switches_are_valid() -> None:
    """And all switches come up: each is off in some, and on in others, in each of its ways."""
    drawn = [json.loads(json.dumps(swarm_switches(seed))) for seed in range(300)]
    for scenario in drawn:
        assert not list(from_dict(scenario).protocol.broken_rules)
    parameters = [from_dict(scenario).protocol.parameters for scenario in drawn]
    values = {each.name: {getattr(one, each.name) for one in parameters} for each in fields(RaftParameters)}

    constant = {name for name, found in values.items() if len(found) == 1}
    assert constant == {"clock_drift_bound"}
    assert (values["reads"], values["membership"]) == (set(READS), set(MEMBERSHIPS))
