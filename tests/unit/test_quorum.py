"""Quorum arithmetic against second versions that are slow and obvious."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from protocols.quorum import committed_index, has_majority, majority


@pytest.mark.parametrize("voters", range(1, 10))
def test_majority_is_the_smallest_number_of_which_two_always_share_a_member(voters: int) -> None:
    """Two majorities intersect; two sets of one less need not."""
    servers = range(voters)
    size = majority(voters)

    def always_meet(k: int) -> bool:
        return all(set(a) & set(b) for a, b in product(combinations(servers, k), repeat=2))

    assert always_meet(size)
    assert size == 1 or not always_meet(size - 1)


@pytest.mark.parametrize("voters", range(1, 7))
def test_has_majority_counts_members_of_the_group_only(voters: int) -> None:
    """More than half of the voters, whatever strangers say, and nobody twice."""
    servers = tuple(f"n{i}" for i in range(voters))
    for count in range(voters + 1):
        acks = [*servers[:count], *servers[:count], "stranger", "another"]
        assert has_majority(servers, acks) == (2 * count > voters), (servers, acks)


def _committed_index_by_counting(match: tuple[int, ...]) -> int:
    return max(n for n in range(max(match) + 1) if 2 * sum(m >= n for m in match) > len(match))


@pytest.mark.parametrize("voters", range(1, 6))
def test_committed_index_equals_counting(voters: int) -> None:
    """Raft Figure 2, leaders 4: the largest N such that a majority of match_index[i] >= N."""
    for match in product(range(5), repeat=voters):
        assert committed_index(match) == _committed_index_by_counting(match), match
