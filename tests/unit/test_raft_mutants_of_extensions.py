"""Each known mistake of Raft's extensions shows in a minimal scenario, and Raft does not show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocols.api import ProtocolSpec
from protocols.raft import SPEC
from tests.unit import raft_scenarios_of_extensions as by_hand
from tests.unit import raft_scenarios_of_members as of_members
from tests.unit.raft_mutants_of_extensions import MUTANTS

N1_IN_1, N2_IN_2 = ("n1", 1), ("n2", 2)
THREE, FOUR = ("n1", "n2", "n3"), ("n1", "n2", "n3", "n4")

CASES: list[tuple[str, Callable[[ProtocolSpec], Any], Any, Any]] = [
    ("R17", by_hand.divergent_follower_hears_a_round, ([1, 2], 0), ([1, 2], 2)),
    ("X01", by_hand.read_while_cut_off, [], [None]),
    ("X02", by_hand.read_at_a_new_leader, [], [None]),
    ("X03", by_hand.deposed_between_round_and_answer, ["not_leader"], ["ok"]),
    ("X04", by_hand.late_answers, [], [None]),
    ("X05", by_hand.acknowledgement_of_an_earlier_message, [], [None]),
    ("X06", by_hand.check_passed_long_ago, (N2_IN_2, []), (N2_IN_2, [None])),
    ("X07", by_hand.slow_answers, (N2_IN_2, []), (N2_IN_2, [None])),
    ("X08", by_hand.early_candidate, (N1_IN_1, [None]), (N2_IN_2, [None])),
    ("X09", by_hand.slow_clock, [], [None]),
    ("X10", by_hand.read_after_a_transfer_that_failed, [], [None]),
    ("X11", by_hand.voter_restarts_within_the_lease, (N1_IN_1, [None]), (N2_IN_2, [None])),
    ("X14", by_hand.chained, [1], [1, 2]),
    ("X15", by_hand.cut_off_server_asks, 1, 2),
    ("X17", by_hand.asks_from_a_lower_term, [("n1", 6)], []),
    ("X18", by_hand.voters_lag_behind, [("n1", 6)], []),
    ("X19", by_hand.asked_again_and_again, 0, 3),
    ("X20", by_hand.transfer_among_sticky_voters, N2_IN_2, N1_IN_1),
    ("X22", by_hand.stuck_at_a_higher_term, "follower", "leader"),
    ("X23", of_members.learners_answer, "follower", "leader"),
    ("X24", by_hand.silence_after_one_answer, "follower", "leader"),
    ("X25", by_hand.transfer_to_a_dead_target, 2, 1),
    ("X25b", by_hand.command_during_a_transfer, 1, 2),
    ("X26", by_hand.campaign_after_a_transfer, 1, 3),
    ("X27", of_members.two_leaders_change, (["n1", "n2", "n1"], 1), (["n1", "n2", "n1"], 3)),
    ("X28", of_members.three_to_five, ["n1", "n2"], ["n1", "n2", "n4"]),
    ("X29", of_members.joint_candidate, [], [("n1", 2)]),
    ("X30", of_members.uncommitted_change, FOUR, THREE),
    ("X31", of_members.removed_server_times_out, 1, 2),
    ("X32", of_members.promoted_without_knowing, N2_IN_2, N1_IN_1),
    ("X33", of_members.snapshot_of_a_prefix, [1], []),
    ("X34", of_members.snapshot_that_is_late, 3, 2),
    ("X35", of_members.restart_from_a_snapshot, FOUR, THREE),
    ("X36", of_members.leader_dies_while_joint, (), THREE),
]


@pytest.mark.parametrize(("number", "scenario", "right", "wrong"), CASES)
def test_the_scenario_tells_the_mutant_from_raft(
    number: str, scenario: Callable[[ProtocolSpec], Any], right: Any, wrong: Any
) -> None:
    """Raft does the right thing; the mutant does exactly the wrong thing that the list says."""
    assert scenario(SPEC) == right
    assert scenario(MUTANTS[number]()) == wrong


def test_every_mutant_has_a_scenario() -> None:
    """A mutant that nothing exposes would prove nothing."""
    assert list(MUTANTS) == list(dict.fromkeys(number for number, *_ in CASES))
