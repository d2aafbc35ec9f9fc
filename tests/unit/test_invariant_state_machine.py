"""State Machine Safety."""

from __future__ import annotations

import pytest

from protocols.api import Entry
from sim.invariants.replay import Event, replay
from sim.invariants.state_machine_safety import StateMachineSafety

SERVERS = ("n1", "n2", "n3")
A1, B1, C1, D2 = Entry(1, "a"), Entry(1, "b"), Entry(1, "c"), Entry(2, "d")


def test_state_machine_safety_fires_on_different_entries_at_one_index() -> None:
    """No other server will ever apply a different entry for the same index (Raft Figure 3)."""
    events: list[Event] = [("applied", "n1", 1, (A1, B1)), ("applied", "n2", 1, (A1, D2))]

    expected = [
        (
            "state_machine_safety",
            ("n1", "n2"),
            "index 2: n1 applied Entry(epoch=1, command='b'), n2 applied Entry(epoch=2, command='d')",
        )
    ]
    assert expected == replay((StateMachineSafety,), SERVERS, events)


@pytest.mark.parametrize(("first", "entry"), [(3, C1), (1, A1)])
def test_state_machine_safety_fires_on_gaps_and_repetitions(first: int, entry: Entry) -> None:
    """Servers apply entries in log index order (Raft §5.4.3), each once."""
    events: list[Event] = [("applied", "n1", 1, (A1,)), ("applied", "n1", first, (entry,))]

    expected = [("state_machine_safety", ("n1",), f"n1 applied index {first} when 2 was next")]
    assert expected == replay((StateMachineSafety,), SERVERS, events)


def test_state_machine_safety_fires_when_a_restart_does_not_begin_at_the_beginning() -> None:
    """The state machine is volatile (Raft Figure 2): it begins at index 1, or behind a snapshot."""
    events: list[Event] = [
        ("applied", "n1", 1, (A1,)),
        ("crashed", "n1"),
        ("started", "n1", 1),
        ("applied", "n1", 2, (B1,)),
    ]

    assert len(replay((StateMachineSafety,), SERVERS, events)) == 1


def test_state_machine_safety_stays_quiet_on_copies_restarts_and_snapshots() -> None:
    """Equal entries are the same entry, and a snapshot moves the next index."""
    events: list[Event] = [
        ("applied", "n1", 1, (A1, B1)),
        ("applied", "n2", 1, (Entry(1, "a"),)),
        ("crashed", "n1"),
        ("applied", "n1", 1, (A1, B1)),
        ("restored", "n3", 2, 1),
        ("applied", "n3", 3, (C1,)),
    ]

    assert replay((StateMachineSafety,), SERVERS, events) == []
