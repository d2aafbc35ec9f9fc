"""Each known mistake shows in a minimal scenario, and Raft without it does not show it.

A scenario plays a few messages by hand and returns what was observed. `CASES` says what that is for
Raft and for the mutant: who led in which term (two nodes in one term break Election Safety), the
terms of a log, a commit index, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocols.api import ProtocolSpec
from protocols.raft import SPEC
from tests.unit.raft_mutants import MUTANTS
from tests.unit.raft_scenarios import (
    answer_after_a_new_entry,
    answers_out_of_order,
    candidate_asks_the_leader,
    drawn_timeouts,
    empty_follower,
    entries_arrive_again,
    figure_8,
    granted_candidate,
    healed_leader,
    heartbeats_out_of_order,
    high_commit_index,
    inherited_entries_without_traffic,
    late_entries_of_a_deposed_leader,
    longer_log_of_an_older_term,
    one_vote_per_campaign,
    power_loss_at_the_follower,
    power_loss_at_the_voter,
    refused_candidate,
    slow_disk_at_the_leader,
    stale_candidate,
    two_of_five,
    vote_arrives_twice,
    vote_then_leader_then_vote,
    vote_then_restart,
    votes_arrive_late,
)
from tests.unit.raft_testing import (
    MS,
    TIMEOUT,
)

N1_IN_1, N3_IN_1 = ("n1", 1), ("n3", 1)
Scenario = Callable[[ProtocolSpec], Any]

CASES: list[tuple[str, Scenario, Any, Any]] = [
    ("R01", vote_then_restart, [N1_IN_1], [N1_IN_1, N3_IN_1]),
    ("R02", vote_then_restart, [N1_IN_1], [N1_IN_1, N3_IN_1]),
    ("R03", vote_then_leader_then_vote, [("n1", 2)], [("n1", 2), ("n3", 2)]),
    ("R04", vote_arrives_twice, [], [N1_IN_1]),
    ("R05", votes_arrive_late, [], [("n1", 2)]),
    ("R06", one_vote_per_campaign, [], [("n1", 2)]),
    ("R07", candidate_asks_the_leader, [N1_IN_1], [N1_IN_1, N3_IN_1]),
    ("R08", stale_candidate, [N1_IN_1], [N1_IN_1, ("n3", 2)]),
    ("R09", longer_log_of_an_older_term, [("n1", 3)], [("n1", 3), ("n3", 4)]),
    ("R10", stale_candidate, [N1_IN_1], [N1_IN_1, ("n3", 2)]),
    ("R11", figure_8, {3}, {2, 3}),
    ("R12", two_of_five, 0, 1),
    ("R13", entries_arrive_again, [1, 1], [1]),
    ("R14", answer_after_a_new_entry, 1, 2),
    ("R15", answers_out_of_order, (2, 3), (1, 2)),
    ("R16", high_commit_index, {1: 1}, {1: 1, 2: 2}),
    ("R18", heartbeats_out_of_order, 1, 0),
    ("R19", healed_leader, "follower", "leader"),
    ("R20", late_entries_of_a_deposed_leader, ([1, 2], 2), ([1, 1], 2)),
    ("R21", late_entries_of_a_deposed_leader, ([1, 2], 2), ([1, 1], 1)),
    ("R22", refused_candidate, 0, 3),
    ("R23", granted_candidate, 1, 0),
    ("R24", drawn_timeouts, [TIMEOUT + 75 * MS, TIMEOUT + 37.5 * MS], [TIMEOUT, TIMEOUT]),
    ("R25", drawn_timeouts, [TIMEOUT + 75 * MS, TIMEOUT + 37.5 * MS], [TIMEOUT, TIMEOUT]),
    ("R26", empty_follower, [1, 1, 2], []),
    ("R28", power_loss_at_the_voter, [N3_IN_1], [N1_IN_1, N3_IN_1]),
    ("R28", power_loss_at_the_follower, (1, [1]), (2, [1])),
    ("R29", slow_disk_at_the_leader, 1, 2),
    ("R31", inherited_entries_without_traffic, 3, 0),
]


@pytest.mark.parametrize(("number", "scenario", "right", "wrong"), CASES)
def test_the_scenario_tells_the_mutant_from_raft(
    number: str, scenario: Scenario, right: Any, wrong: Any
) -> None:
    """Raft does the right thing; the mutant does exactly the wrong thing that the list says."""
    assert scenario(SPEC) == right
    assert scenario(MUTANTS[number]()) == wrong


def test_every_mutant_has_a_scenario() -> None:
    """A mutant that nothing exposes would prove nothing."""
    assert list(MUTANTS) == list(dict.fromkeys(number for number, *_ in CASES))
