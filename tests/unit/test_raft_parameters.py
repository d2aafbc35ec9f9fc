"""What a scenario can set of Raft, what its specification says, and the sizes of its messages."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from protocols.api import Entry
from protocols.kv import KeyValueState
from protocols.raft import SPEC
from protocols.raft.messages import (
    HEADER_BYTES,
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    RequestVote,
    RequestVoteReply,
    size_of,
)
from protocols.raft.parameters import RaftParameters
from protocols.raft.rules import check
from tests.unit.raft_testing import MS, RaftBench, request


def test_the_defaults_are_those_of_the_paper() -> None:
    """Raft §9.3 recommends 150-300 ms; heartbeats come three times within the shortest of these."""
    parameters = RaftParameters()

    assert (parameters.nodes, parameters.election_timeout, parameters.heartbeat_interval) == (
        5,
        (150 * MS, 300 * MS),
        50 * MS,
    )
    assert list(check(parameters)) == []


def test_every_parameter_has_a_unit_and_a_sentence() -> None:
    """Which the scenario reader and `leadersim protocols` show."""
    units = {field.name: field.metadata["unit"] for field in fields(RaftParameters)}

    assert set(units.values()) <= {"count", "duration", "duration_range", "flag", "text", "ratio"}
    assert {name for name, unit in units.items() if unit == "duration_range"} == {
        "election_timeout",
        "candidate_timeout",
    }
    assert [f.name for f in fields(RaftParameters) if not f.metadata["doc"].endswith(".")] == []


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"election_timeout": (0, 300 * MS)}, "election_timeout must begin above 0, not at 0 ns"),
        ({"election_timeout": (300 * MS, 150 * MS)}, "election_timeout ends (150000000 ns) before it begins"),
        ({"heartbeat_interval": 150 * MS}, "heartbeat_interval (150000000 ns) must be shorter than"),
    ],
)
def test_broken_rules_are_told_in_a_sentence(settings: dict[str, Any], complaint: str) -> None:
    """With what was found."""
    broken = list(check(replace(RaftParameters(), **settings)))

    assert [sentence for sentence in broken if complaint in sentence] != []


def test_a_range_without_width_is_allowed() -> None:
    """Raft §9.3 measures 150-150 ms."""
    assert list(check(replace(RaftParameters(), election_timeout=(150 * MS, 150 * MS)))) == []


def test_the_specification_has_one_role_that_is_contender_and_server() -> None:
    """In Raft those who want to lead are the servers."""
    (role,) = SPEC.roles

    assert (SPEC.name, SPEC.epoch_name, SPEC.exclusive_belief) == ("raft", "term", False)
    assert (role.name, role.prefix, role.count(RaftParameters())) == ("contender", "n", 5)
    assert SPEC.assumptions.stable_storage
    assert RaftBench(3).group.servers == RaftBench(3).group.contenders == ("n1", "n2", "n3")


def test_messages_without_content_have_the_size_of_a_header() -> None:
    """A heartbeat, and everything that only carries numbers."""
    empty: list[Any] = [
        RequestVote(1, "n1", 0, 0),
        RequestVoteReply(1, True),
        AppendEntries(1, 0, 0, (), 0),
        AppendEntriesReply(1, True, 0, 0, 0),
        InstallSnapshotReply(1, 0),
    ]

    assert [message.size_bytes for message in empty] == [HEADER_BYTES] * 5


def test_content_adds_its_size() -> None:
    """Text by its length, 8 bytes for a number: here "c1", serial, "put", "k" and the value."""
    asked = Entry(1, request(1, "put", "k", "x" * 1000))

    assert AppendEntries(1, 0, 0, (asked, asked), 0).size_bytes == 64 + 2 * (8 + 2 + 8 + 3 + 1 + 1000)


def test_a_snapshot_has_the_size_of_its_state() -> None:
    """One pair ("k", 5) and one session ("c1", oldest 1, serial 1 with no result)."""
    state = KeyValueState((("k", 5),), (("c1", 1, ((1, None),)),))

    assert size_of(state) == (1 + 8) + (2 + 8 + 8 + 8)
    assert InstallSnapshot(1, 1, 1, state).size_bytes == 64 + 35
