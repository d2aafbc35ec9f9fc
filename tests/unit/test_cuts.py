"""Every shape of partition cuts the links that it says, and no others."""

from __future__ import annotations

from itertools import permutations

import pytest

from sim.faults import cuts

FIVE = ("n1", "n2", "n3", "n4", "n5")


def neighbours(cut: list[cuts.Pair], node: str, everyone: tuple[str, ...] = FIVE) -> set[str]:
    """Return whom a node still talks with both ways, itself included."""
    lost = set(cut)
    return {n for n in everyone if n == node or not lost & {(n, node), (node, n)}}


def test_one_way_cut_leaves_the_other_direction() -> None:
    assert cuts.between(["n1"], ["n2", "n3"]) == [("n1", "n2"), ("n1", "n3")]


def test_cut_between_overlapping_sides_spares_the_node_itself() -> None:
    """A node always hears itself."""
    assert cuts.between(["n1", "n2"], ["n1", "n2"]) == [("n1", "n2"), ("n2", "n1")]


def test_both_ways() -> None:
    assert cuts.both_ways(["n1"], ["n2"]) == [("n1", "n2"), ("n2", "n1")]


def test_groups_are_cut_from_each_other_and_whole_inside() -> None:
    cut = cuts.groups([["n1", "n2"], ["n3", "n4", "n5"]])

    assert len(cut) == len(set(cut)) == 12
    assert neighbours(cut, "n1") == {"n1", "n2"}
    assert neighbours(cut, "n3") == {"n3", "n4", "n5"}


def test_node_in_no_group_keeps_all_links() -> None:
    cut = cuts.groups([["n1"], ["n2"]])

    assert cut == [("n1", "n2"), ("n2", "n1")]
    assert neighbours(cut, "n3") == set(FIVE)


def test_three_groups_are_pairwise_apart() -> None:
    cut = cuts.groups([["n1"], ["n2"], ["n3"]])

    assert set(cut) == set(permutations(("n1", "n2", "n3"), 2))


def test_node_in_two_groups_is_cut_from_neither() -> None:
    """It is how a bridge is written by hand."""
    cut = cuts.groups([["n1", "n3"], ["n2", "n3"]])

    assert cut == [("n1", "n2"), ("n2", "n1")]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("in", {("n2", "n1"), ("n3", "n1")}),
        ("out", {("n1", "n2"), ("n1", "n3")}),
        ("both", {("n2", "n1"), ("n3", "n1"), ("n1", "n2"), ("n1", "n3")}),
    ],
)
def test_isolation_has_a_direction(direction: str, expected: set[cuts.Pair]) -> None:
    """In: it hears nothing; out: nobody hears it."""
    assert set(cuts.isolate(["n1"], ["n1", "n2", "n3"], direction)) == expected


def test_isolated_nodes_do_not_hear_each_other_either() -> None:
    cut = cuts.isolate(["n1", "n2"], FIVE, "both")

    assert neighbours(cut, "n1") == {"n1"}
    assert neighbours(cut, "n2") == {"n2"}
    assert neighbours(cut, "n3") == {"n3", "n4", "n5"}
    assert len(cut) == len(set(cut))


def test_bridge_joins_two_halves() -> None:
    cut = cuts.bridge(["n3"], FIVE)

    assert neighbours(cut, "n3") == set(FIVE)
    assert neighbours(cut, "n1") == {"n1", "n2", "n3"}
    assert neighbours(cut, "n5") == {"n3", "n4", "n5"}


def test_bridge_of_an_even_rest_and_an_odd_one() -> None:
    """Four servers: the halves of the other three are one and two."""
    assert set(cuts.bridge(["n1"], FIVE[:4])) == {
        *(("n2", "n3"), ("n3", "n2")),
        *(("n2", "n4"), ("n4", "n2")),
    }


@pytest.mark.parametrize("n", [4, 5, 6, 7, 9])
def test_ring_shows_every_server_a_majority_of_its_own(n: int) -> None:
    """Jepsen's majorities ring: each sees a majority, and no two see the same one."""
    servers = tuple(f"n{i}" for i in range(1, n + 1))
    cut = cuts.majorities_ring(servers)
    seen = [frozenset(neighbours(cut, server, servers)) for server in servers]

    assert all(len(each) >= n // 2 + 1 for each in seen)
    assert all(len(each) < n for each in seen) or n == 4
    assert len(set(seen)) == n or n == 4


def test_ring_of_three_cuts_nothing() -> None:
    """Everybody is everybody's neighbour."""
    assert cuts.majorities_ring(["n1", "n2", "n3"]) == []
