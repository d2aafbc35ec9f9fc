"""The properties about who leads: they fire on bad histories and stay quiet on good ones."""

from __future__ import annotations

import pytest

from sim.invariants.election_safety import EPOCHS_MAX, ElectionSafety
from sim.invariants.exclusive_belief import ExclusiveBelief
from sim.invariants.monotone_epoch import MonotoneEpoch
from sim.invariants.replay import Event, Replay, replay

SERVERS = ("n1", "n2", "n3")


def test_election_safety_fires_on_two_leaders_in_one_epoch_at_different_times() -> None:
    """At most one leader can be elected in a given term (Raft §5.2), overlapping or not."""
    events: list[Event] = [
        ("led", "n1", 3),
        ("followed", "n1", "crashed"),
        ("crashed", "n1"),
        ("led", "n2", 3),
        ("led", "n2", 3),
    ]

    expected = [("election_safety", ("n1", "n2"), "epoch 3: led by n1 and by n2")]
    assert expected == replay((ElectionSafety,), SERVERS, events)


def test_election_safety_stays_quiet_on_two_leaders_in_different_epochs() -> None:
    """Two leaders at once in different terms are legal in Raft (§5.2 bounds leaders per term only)."""
    events: list[Event] = [("led", "n1", 1), ("led", "n2", 2), ("followed", "n2", "x"), ("led", "n2", 2)]

    assert replay((ElectionSafety,), SERVERS, events) == []


def test_members_of_a_service_lead_in_epochs_of_their_own() -> None:
    """A contender's token and a member's term may be equal; two members in one term may not."""
    events: list[Event] = [("led", "n1", 3), ("service_led", "n2", 3), ("service_led", "n3", 3)]

    expected = [("election_safety", ("n2", "n3"), "epoch 3: led by n2 and by n3")]
    assert expected == replay((ElectionSafety,), SERVERS, events)
    assert replay((MonotoneEpoch,), SERVERS, [("service_led", "n2", 3), ("service_led", "n2", 2)])


def test_election_safety_remembers_a_bounded_number_of_epochs() -> None:
    """Memory does not grow with the number of elections, and the newest epochs are the ones kept."""
    run = Replay((ElectionSafety,), SERVERS)

    for epoch in range(EPOCHS_MAX + 500):
        run.event("led", "n1", epoch)
    run.event("led", "n2", EPOCHS_MAX + 499)

    (invariant,) = run.invariants
    assert isinstance(invariant, ElectionSafety)
    assert len(invariant.leaders) == EPOCHS_MAX
    assert [nodes for _, nodes, _ in run.violations] == [("n1", "n2")]


def test_monotone_epoch_fires_when_a_process_goes_back() -> None:
    """Current terms increase monotonically over time (Raft §5.1)."""
    events: list[Event] = [("epoch_seen", "n1", 4), ("epoch_seen", "n2", 1), ("epoch_seen", "n1", 3)]

    expected = [("monotone_epoch", ("n1",), "n1 was in epoch 4, and then epoch 3")]
    assert expected == replay((MonotoneEpoch,), SERVERS, events)


def test_monotone_epoch_lets_a_restart_forget_what_was_not_durable() -> None:
    """A term that no disk had is lost with the memory (Raft Figure 2: saved before responding)."""
    events: list[Event] = [
        ("epoch_seen", "n1", 4),
        ("crashed", "n1"),
        ("started", "n1", 1),
        ("epoch_seen", "n1", 3),
        ("epoch_seen", "n1", 3),
    ]

    assert replay((MonotoneEpoch,), SERVERS, events) == []


def test_monotone_epoch_fires_when_a_node_leads_a_lower_epoch_even_after_a_restart() -> None:
    """Whoever leads has a majority that never accepts a lower term again (Raft §5.1, §5.2)."""
    events: list[Event] = [("led", "n1", 4), ("crashed", "n1"), ("started", "n1", 1), ("led", "n1", 2)]

    expected = [("monotone_epoch", ("n1",), "n1 led epoch 4, and then epoch 2")]
    assert expected == replay((MonotoneEpoch,), SERVERS, events)


def test_exclusive_belief_fires_while_another_node_still_believes() -> None:
    """A lease has one holder at a time (Gray and Cheriton, Leases, SOSP 1989)."""
    events: list[Event] = [("led", "n1", 1), ("led", "n2", 2), ("followed", "n1", "expired")]

    expected = [
        (
            "exclusive_belief",
            ("n1", "n2"),
            "n1 believes that it leads epoch 1, n2 that it leads epoch 2",
        )
    ]
    assert expected == replay((ExclusiveBelief,), SERVERS, events)


@pytest.mark.parametrize("end", [("followed", "n1", "expired"), ("crashed", "n1")])
def test_exclusive_belief_stays_quiet_when_the_belief_had_ended(end: Event) -> None:
    """A node that gave up its lease, or that died, believes nothing any more."""
    events: list[Event] = [("led", "n1", 1), ("led", "n1", 1), end, ("led", "n2", 2)]

    assert replay((ExclusiveBelief,), SERVERS, events) == []
