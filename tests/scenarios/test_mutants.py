"""The swarm finds known mistakes: Raft with one thing wrong at a time, within so many seeds.

A change that blinds the faults or the checkers shows here first. The numbers are about twice the
first seed that found the mutant when they were set.
"""

from __future__ import annotations

import pytest

from tests.scenarios.campaign import switched, trial
from tests.scenarios.swarm_switches import swarm_switches
from tests.unit import raft_mutants_of_extensions
from tests.unit.raft_mutants import MUTANTS

CAUGHT: dict[str, int] = {
    "R02": 10, "R06": 20, "R08": 10, "R10": 50, "R11": 20, "R12": 10, "R13": 10, "R14": 10, "R20": 20,
    "R21": 10, "R24": 10, "R26": 10, "R28": 10, "R29": 20, "R31": 50,
}  # fmt: skip
"""Mutant -> within how many seeds the swarm finds it."""

CAUGHT_LATE: dict[str, int] = {"R01": 400, "R03": 200, "R04": 250, "R07": 300, "R09": 150, "R18": 200}
"""The same for those that need many seeds: part of the soak."""

NOT_CAUGHT: dict[str, str] = {
    "R05": "a vote must be late by a whole election, and then be the one that decides the next",
    "R15": "an older acknowledgement lowers what the leader knows of a follower; the next one mends it",
    "R16": "a heartbeat must find a follower with a tail that differs, and commit beyond what they share",
    "R19": "others that know the higher term depose the leader a little later",
    "R22": "a candidate that cannot win delays the others, but chance lets one of them through",
    "R23": "more rounds are split; none fails for that",
    "R25": "each server draws from a stream of its own, so that even their only draws differ",
}
"""Mutant -> why hundreds of seeds do not find it: the unit tests of Raft do."""

CAUGHT_WITH_SWITCHES: dict[str, int] = {"X01": 40, "X02": 80, "X18": 2, "X25": 50}
"""Mutant of the extensions -> within how many seeds of the swarm of switches it is found: the first two by
the histories of clients alone. Most others need a coincidence, which their unit tests arrange."""


def first_seed(number: str, limit: int) -> int | None:
    """Return the first seed with a violation, or None if there is none up to `limit`."""
    spec = MUTANTS[number]()
    return next((seed for seed in range(1, limit + 1) if trial(seed, spec).violations), None)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "limit"), CAUGHT.items())
def test_swarm_finds_mutant(number: str, limit: int) -> None:
    """Each of these mistakes violates a property, or keeps the cluster from converging."""
    assert first_seed(number, limit) is not None


@pytest.mark.soak
@pytest.mark.parametrize(("number", "limit"), CAUGHT_LATE.items())
def test_swarm_finds_mutant_late(number: str, limit: int) -> None:
    """These need a rare coincidence, of a crash and a second vote in one term for instance."""
    assert first_seed(number, limit) is not None


@pytest.mark.slow
@pytest.mark.parametrize(("number", "limit"), CAUGHT_WITH_SWITCHES.items())
def test_swarm_of_switches_finds_mutant(number: str, limit: int) -> None:
    """Where the members are fixed, since these processes cannot change them."""
    spec = raft_mutants_of_extensions.MUTANTS[number]()
    fixed = (seed for seed in range(1, limit + 1) if "membership" not in swarm_switches(seed)["protocol"])

    assert any(switched(seed, spec).violations for seed in fixed)


def test_every_mutant_is_accounted_for() -> None:
    """A new mutant is either found, or somebody has said why not."""
    assert sorted([*CAUGHT, *CAUGHT_LATE, *NOT_CAUGHT]) == sorted(MUTANTS)
