"""Every word of a selector means whom it says, at the moment when the fault fires."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from protocols.api import Group
from sim.faults.targets import Moment, resolve, resolve_all
from sim.rng import Seed
from sim.scenario.selectors import WORDS, Node, Region, Role, Selector, Several, Word

FIVE = ("n1", "n2", "n3", "n4", "n5")


@dataclass
class Stage:
    """As much of a cluster as selectors look at; `leading` is who believes, if anybody."""

    leading: str | None = "n2"
    service_leading: str | None = "n2"
    contenders: tuple[str, ...] = FIVE
    servers: tuple[str, ...] = FIVE
    plan: Any = field(default=None)

    def __post_init__(self) -> None:
        group = Group(self.contenders, self.servers, ("c1", "c2"), ("r1",))
        self.plan = SimpleNamespace(group=group, regions={"n1": "eu", "n2": "us", "n4": "eu"})

    def leader(self) -> str | None:
        return self.leading

    def service_leader(self) -> str | None:
        return self.service_leading


def moment(stage: Stage | None = None, seed: int = 1, event_node: str = "") -> Moment:
    cluster: Any = Stage() if stage is None else stage
    return Moment(cluster, Seed(seed).stream("a fault"), event_node)


def word(text: str, stage: Stage | None = None, seed: int = 1, event_node: str = "") -> tuple[str, ...]:
    return resolve(Word(text), moment(stage, seed, event_node))


def drawn(text: str, stage: Stage | None = None) -> set[tuple[str, ...]]:
    """Return all that a word means under a hundred seeds."""
    return {word(text, stage, seed) for seed in range(100)}


def test_leader_and_followers() -> None:
    assert word("leader") == ("n2",)
    assert word("followers") == ("n1", "n3", "n4", "n5")


def test_without_a_leader_nobody_is_leader_and_all_follow() -> None:
    stage = Stage(leading=None, service_leading=None)

    assert word("leader", stage) == ()
    assert word("service leader", stage) == ()
    assert word("followers", stage) == FIVE


def test_service_leader_is_one_of_the_servers() -> None:
    """Where contenders are clients of a service, its leader is not theirs; majorities are of the servers."""
    service = Stage("n1", "s3", contenders=("n1", "n2"), servers=("s1", "s2", "s3"))

    assert word("service leader") == ("n2",)
    assert word("leader", service) == ("n1",)
    assert word("service leader", service) == ("s3",)
    assert drawn("majority with the leader", service) == {("s3", "s1"), ("s3", "s2")}
    assert drawn("minority without the leader", service) == {("s1",), ("s2",)}
    assert word("all", service) == ("n1", "n2", "s1", "s2", "s3")


def test_one_at_random_is_each_of_them_at_times() -> None:
    assert drawn("a follower") == {("n1",), ("n3",), ("n4",), ("n5",)}
    assert drawn("a contender") == drawn("a server") == {(n,) for n in FIVE}
    assert drawn("a client") == {("c1",), ("c2",)}


def test_majority_is_the_smallest_and_minority_the_largest() -> None:
    """Three of five, and two of five; in the order of the servers, and not always the same ones."""
    assert {len(nodes) for nodes in drawn("majority")} == {3}
    assert {len(nodes) for nodes in drawn("minority")} == {2}
    assert len(drawn("majority")) > 5
    assert all(list(nodes) == sorted(nodes) for nodes in drawn("minority"))


@pytest.mark.parametrize(("part", "size"), [("majority", 3), ("minority", 2)])
def test_part_with_and_without_the_leader(part: str, size: int) -> None:
    assert {("n2" in nodes, len(set(nodes))) for nodes in drawn(f"{part} with the leader")} == {(True, size)}
    assert {("n2" in nodes, len(nodes)) for nodes in drawn(f"{part} without the leader")} == {(False, size)}


def test_even_number_of_servers() -> None:
    """Of four, three are a majority and one is the largest minority."""
    stage = Stage(servers=FIVE[:4])

    assert {len(nodes) for nodes in drawn("majority", stage)} == {3}
    assert {len(nodes) for nodes in drawn("minority", stage)} == {1}


@pytest.mark.parametrize("text", ["minority", "minority with the leader", "minority without the leader"])
def test_two_servers_have_no_minority(text: str) -> None:
    """Not even for the leader to be in."""
    assert word(text, Stage(contenders=FIVE[:2], servers=FIVE[:2])) == ()


def test_part_with_the_leader_when_there_is_none() -> None:
    assert {
        len(nodes) for nodes in drawn("majority with the leader", Stage(leading=None, service_leading=None))
    } == {3}


def test_that_node_is_the_node_of_the_event() -> None:
    assert word("that node", event_node="n4") == ("n4",)
    assert word("that node") == ()


def test_names_roles_and_regions() -> None:
    assert resolve(Node("n3"), moment()) == ("n3",)
    assert resolve(Role("clients"), moment()) == ("c1", "c2")
    assert resolve(Role("resources"), moment()) == ("r1",)
    assert resolve(Region("eu"), moment()) == ("n1", "n4")


def test_list_selects_each_once() -> None:
    assert resolve(Several((Word("leader"), Node("n1"), Word("all"))), moment()) == (
        *("n2", "n1", "n3", "n4", "n5"),
    )


def together(*selectors: Selector, seed: int = 1) -> tuple[tuple[str, ...], ...]:
    return resolve_all(selectors, moment(seed=seed))


def test_others_are_those_whom_the_rest_does_not_name() -> None:
    """Wherever in the fault they stand."""
    assert together(Word("leader"), Word("others")) == (("n2",), ("n1", "n3", "n4", "n5"))
    assert together(Word("others"), Several((Node("n1"), Node("c1")))) == (
        *(("n2", "n3", "n4", "n5"), ("n1", "c1")),
    )


def test_another_follower_is_none_that_is_named() -> None:
    pairs = {together(Word("a follower"), Word("another follower"), seed=seed) for seed in range(100)}

    assert all(one != other for one, other in pairs)
    assert {other for _, other in pairs} == {("n1",), ("n3",), ("n4",), ("n5",)}


def test_every_word_is_tested() -> None:
    """A new word needs a test here."""
    tested = {
        *("leader", "service leader", "followers", "a follower", "another follower", "others", "all"),
        *("a contender", "a server", "a client", "that node", "majority", "minority"),
        *("majority with the leader", "majority without the leader"),
        *("minority with the leader", "minority without the leader"),
    }
    assert tested == set(WORDS)
    assert all(isinstance(word(text, event_node="n1"), tuple) for text in WORDS)
