"""The properties of Zab and of ZooKeeper's sessions: quiet on good histories, firing on bad ones."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import Entry
from protocols.zookeeper.log import Txn
from protocols.zookeeper.messages import zxid_of
from sim.invariants.base import Invariant
from sim.invariants.election_safety import ElectionSafety
from sim.invariants.ephemeral_lifetime import EphemeralLifetime
from sim.invariants.primary_order import PrimaryOrder
from sim.invariants.replay import Event, replay
from sim.invariants.state_machine_safety import StateMachineSafety

SERVERS = ("s1", "s2", "s3")


def txn(epoch: int, counter: int, operation: Any = ("noop",)) -> Entry:
    return Entry(epoch, Txn(zxid_of(epoch, counter), 0, 0, operation))


def names(cls: type[Invariant], *events: Event) -> list[str]:
    """Return the properties that the events violate."""
    return [name for name, _, _ in replay((cls,), SERVERS, events)]


def test_primary_order_is_quiet_on_epochs_in_order() -> None:
    """Also when an epoch ends early, one has no transactions, or a process begins with a snapshot."""
    good: list[Event] = [
        ("applied", "s1", 1, (txn(1, 1), txn(1, 2))),
        ("applied", "s1", 3, (txn(3, 1),)),
        ("restored", "s2", 2, 1),
        ("applied", "s2", 3, (txn(3, 1), txn(3, 2))),
        ("crashed", "s1"),
        ("applied", "s1", 1, (txn(1, 1),)),
    ]

    assert names(PrimaryOrder, *good) == []


@pytest.mark.parametrize(
    "entries",
    [
        (txn(1, 1), txn(1, 3)),  # a gap: local primary order
        (txn(1, 1), txn(1, 1)),  # twice
        (txn(2, 1), txn(1, 1)),  # a later primary first: global primary order
        (txn(1, 1), txn(2, 2)),  # the beginning of an epoch is missing: primary integrity
        (Entry(2, txn(1, 1).command),),  # another primary's transaction
    ],
)
def test_primary_order_fires(entries: tuple[Entry, ...]) -> None:
    """Zab §III: each of its parts."""
    assert names(PrimaryOrder, ("applied", "s1", 1, entries)) == ["primary_order"]


def test_agreement_is_state_machine_safety() -> None:
    """Zab §III, agreement: of two processes the history that one has applied is a prefix of the other's."""
    bad: list[Event] = [
        ("applied", "s1", 1, (txn(1, 1, ("put", 1)),)),
        ("applied", "s2", 1, (txn(1, 1, ("put", 2)),)),
    ]

    assert names(StateMachineSafety, *bad) == ["state_machine_safety"]


def test_one_leader_per_established_epoch() -> None:
    """Zab §IV-C: two leaders of one epoch, also among servers that are no contenders."""
    bad: list[Event] = [("service_led", "s1", 3), ("service_followed", "s1", "x"), ("service_led", "s2", 3)]

    assert names(ElectionSafety, *bad) == ["election_safety"]


OPENED: list[Event] = [("session_opened", "s1", 7), ("znode_created", "s1", "/e/a", 7)]


def test_ephemeral_nodes_that_end_with_their_session_are_as_they_should_be() -> None:
    """Or by a deletion, whoever asks for it; persistent ones belong to nobody."""
    good: list[Event] = [
        *OPENED,
        ("znode_removed", "s1", "/e/a", 7, False),
        ("session_closed", "s1", 7),
        ("session_opened", "s1", 8),
        ("znode_created", "s1", "/e/b", 8),
        ("znode_removed", "s1", "/e/b", 9, True),
        ("session_closed", "s1", 8),
        ("restored", "s2", 5, 1),
        ("znode_created", "s2", "/e/a", 7),
    ]

    assert names(EphemeralLifetime, *good) == []


@pytest.mark.parametrize(
    "events",
    [
        [("session_closed", "s1", 7)],  # it outlives its session
        [("znode_removed", "s1", "/e/a", 8, False)],  # it dies with another's
        [("znode_created", "s1", "/e/b", 9)],  # there was no such session
    ],
)
def test_ephemeral_lifetime_fires(events: list[Event]) -> None:
    """Each way to break it."""
    assert names(EphemeralLifetime, *OPENED, *events) == ["ephemeral_lifetime"]
