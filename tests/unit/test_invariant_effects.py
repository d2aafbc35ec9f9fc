"""The properties about what resources accept."""

from __future__ import annotations

import pytest

from sim.invariants.dual_effect import DualEffect
from sim.invariants.fencing import Fencing
from sim.invariants.replay import Event, replay

SERVERS = ("n1", "n2", "n3")
STALE: list[Event] = [("effect", "r1", "n1", 2, True, False), ("effect", "r1", "n2", 1, True, False)]


def fenced(events: list[Event]) -> list[Event]:
    return [(*event[:-1], True) for event in events]


def test_dual_effect_fires_on_an_effect_of_a_lower_epoch_after_a_higher_one() -> None:
    """A deposed leader still writes (Kleppmann, How to do distributed locking)."""
    expected = [("dual_effect", ("r1", "n2", "n1"), "r1 accepted epoch 1 of n2 after epoch 2 of n1")]
    assert expected == replay((DualEffect,), SERVERS, STALE)


def test_dual_effect_counts_the_damage_of_one_node_and_epoch_once() -> None:
    """A deposed leader that writes on is one incident, whatever the number of its writes."""
    assert len(replay((DualEffect,), SERVERS, STALE + STALE[1:] * 5)) == 1


def test_dual_effect_fires_on_a_fenced_resource_too() -> None:
    """The damage is the same, whoever should have prevented it."""
    assert len(replay((DualEffect,), SERVERS, fenced(STALE))) == 1


@pytest.mark.parametrize("property", [DualEffect, Fencing])
def test_effects_that_were_rejected_or_not_stale_do_not_count(property: type[DualEffect | Fencing]) -> None:
    """A rejected effect is no damage, and its epoch not one that the resource accepted."""
    events: list[Event] = [
        ("effect", "r1", "n3", 9, False, True),
        ("effect", "r1", "n1", 2, True, True),
        ("effect", "r1", "n2", 1, False, True),
        ("effect", "r1", "n1", 2, True, True),
        ("effect", "r1", "n3", 2, True, True),  # the same epoch is not a lower one
        ("effect", "r2", "n2", 1, True, True),  # another resource has its own history
    ]

    assert replay((property,), SERVERS, events) == []


def test_fencing_fires_when_a_fenced_resource_lets_a_stale_epoch_through() -> None:
    """The resource remembers the highest token and refuses lower ones (Kleppmann)."""
    expected = [("fencing", ("r1", "n2"), "r1 is fenced at epoch 2 and accepted epoch 1 of n2")]
    assert expected == replay((Fencing,), SERVERS, fenced(STALE))


def test_fencing_fires_when_the_resource_forgot_its_epoch_in_a_restart() -> None:
    """The highest accepted epoch has to be durable."""
    before, after = fenced(STALE)
    events: list[Event] = [before, ("crashed", "r1"), ("started", "r1", 1), after]

    assert [name for name, _, _ in replay((Fencing,), SERVERS, events)] == ["fencing"]


def test_fencing_says_nothing_about_resources_that_do_not_fence() -> None:
    """That is the damage which `dual_effect` reports."""
    assert replay((Fencing,), SERVERS, STALE) == []
