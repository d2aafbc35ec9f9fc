"""The key-value state machine and its sessions."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import Request
from protocols.kv import FORGET_FROM, NEW, STALE, KeyValue


def run(machine: KeyValue, *commands: tuple[Any, ...]) -> list[Any]:
    """Apply commands of one client in order and return the results."""
    return [machine.apply(Request("c1", serial, serial, c)) for serial, c in enumerate(commands, 1)]


def test_commands_do_what_the_module_says() -> None:
    """put, get, cas and noop, on keys that are there and that are not."""
    machine = KeyValue()

    results = run(
        machine,
        ("get", "x"),
        ("put", "x", 1),
        ("get", "x"),
        ("cas", "x", 2, 3),
        ("cas", "x", 1, 3),
        ("get", "x"),
        ("cas", "y", None, 7),
        ("noop",),
    )

    assert results == [None, None, 1, False, True, 3, True, None]
    assert machine.data == {"x": 3, "y": 7}


def test_a_repetition_returns_the_first_result_and_changes_nothing() -> None:
    """Raft §8: a command that was executed already is answered without executing it again."""
    machine = KeyValue()
    first = Request("c1", 1, 1, ("cas", "x", None, 1))
    machine.apply(first)
    machine.apply(Request("c2", 1, 1, ("put", "x", None)))

    assert machine.apply(first) is True
    assert machine.data == {"x": None}


def test_a_client_may_have_several_requests_open_and_executed_in_any_order() -> None:
    """Serials say which request, not in which order; each is executed once."""
    machine = KeyValue()

    assert machine.apply(Request("c1", 2, 1, ("put", "x", 2))) is None
    assert machine.apply(Request("c1", 1, 1, ("get", "x"))) == 2
    assert machine.apply(Request("c1", 1, 1, ("get", "x"))) == 2
    assert machine.apply(Request("c1", 2, 1, ("put", "x", 2))) is None


def test_a_request_that_its_client_gave_up_is_never_executed() -> None:
    """Below `oldest` results may be forgotten, so that executing it could be the second time."""
    machine = KeyValue()
    machine.apply(Request("c1", 1, 1, ("put", "x", 1)))
    machine.apply(Request("c1", 4, 3, ("put", "x", 4)))
    late = Request("c1", 2, 1, ("put", "x", 2))

    assert (machine.recall(late), machine.apply(late)) == (STALE, STALE)
    machine.apply(Request("c1", 1, 1, ("put", "x", 1)))
    assert machine.data == {"x": 4}


def test_what_a_session_remembers_is_bounded() -> None:
    """However many requests a client makes, at most so many results that it gave up are kept."""
    machine = KeyValue()
    run(machine, *[("put", "x", serial) for serial in range(1, 10 * FORGET_FROM)])

    assert len(machine.sessions["c1"].results) < FORGET_FROM
    assert machine.recall(Request("c1", 1, 1, ("put", "x", 1))) is STALE
    assert machine.recall(Request("c1", 10 * FORGET_FROM - 1, 1, ("put", "x", 0))) is None


def test_recall_tells_new_requests_from_known_ones() -> None:
    """NEW before it was executed, its result afterwards, per client."""
    machine = KeyValue()
    ask = Request("c1", 1, 1, ("cas", "x", None, 1))

    assert machine.recall(ask) is NEW
    machine.apply(ask)
    assert machine.recall(ask) is True
    assert machine.recall(Request("c2", 1, 1, ("get", "x"))) is NEW


def test_a_snapshot_restores_data_and_sessions_and_does_not_change_later() -> None:
    """After a restore the machine behaves like the one that the snapshot was taken of."""
    machine = KeyValue()
    run(machine, ("put", "x", 1), ("cas", "x", 1, 2))
    state = machine.snapshot()
    machine.apply(Request("c1", 3, 2, ("put", "x", 9)))

    other = KeyValue()
    other.apply(Request("c9", 1, 1, ("put", "gone", 1)))
    other.restore(state)

    assert other.snapshot() == state
    assert other.data == {"x": 2}
    assert other.apply(Request("c1", 2, 2, ("cas", "x", 1, 2))) is True
    assert other.apply(Request("c1", 3, 2, ("get", "x"))) == 2
    assert other.recall(Request("c9", 1, 1, ("put", "gone", 1))) is NEW


def test_an_unknown_command_is_refused_by_name() -> None:
    """The message names what there is."""
    with pytest.raises(ValueError, match="'del' is not one of put, get, cas, noop"):
        KeyValue().apply(Request("c1", 1, 1, ("del", "x")))
