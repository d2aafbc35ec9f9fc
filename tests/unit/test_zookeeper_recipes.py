"""Election recipes, one question at a time; and each known mistake told from the right recipe by a play."""

from __future__ import annotations

import pytest

from protocols.zookeeper.messages import WatchedEvent
from protocols.zookeeper.recipe import ROOT, Contender
from protocols.zookeeper.recipes import RECIPES, Curator, Herd, Kazoo, Sequential
from protocols.zookeeper.tutorial import LEADER, CreateWatch, NaiveCreate
from tests.unit.zookeeper_desk import Desk
from tests.unit.zookeeper_recipe_mutants import MISTAKES

ALL = [*RECIPES.values()]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_from_the_right_recipe(name: str) -> None:
    """The same play ends differently."""
    mistake = MISTAKES[name]

    assert mistake.play(mistake.wrong) == mistake.of_wrong
    assert mistake.play(mistake.right) == mistake.of_right


@pytest.mark.parametrize("recipe", ALL)
def test_the_first_candidate_leads_under_the_czxid_of_its_node(recipe: type[Contender]) -> None:
    """Recipes: if the own node has the lowest number, lead; the czxid grows from leader to leader."""
    desk = Desk(recipe)
    desk.settle()
    (own,) = desk.own()

    assert desk.leads == desk.tree.nodes[own].czxid


@pytest.mark.parametrize("recipe", ALL)
def test_the_next_candidate_leads_when_the_one_before_it_is_gone(recipe: type[Contender]) -> None:
    """It watches that node, or all of them."""
    desk = Desk(recipe)
    first = desk.other()
    desk.settle()
    assert desk.leads is None
    desk.do(first, "close_session")
    desk.settle()

    assert desk.leads is not None


def test_a_candidate_watches_the_largest_number_below_its_own() -> None:
    """And nothing else: one change wakes one candidate (ZOOKEEPER-1483)."""
    desk = Desk(Sequential)
    desk.other()
    desk.other()
    desk.settle()

    assert {path[-1] for _, path in desk.watched} == {"1"}


def test_a_candidate_whose_node_is_gone_enters_again() -> None:
    """Somebody deleted it, or its session ended."""
    desk = Desk(Sequential)
    desk.other()
    desk.settle()
    desk.lose()
    desk.do(desk.client.session, "delete", desk.own()[0], -1)
    desk.connect()
    desk.settle()

    assert len(desk.own()) == 1


@pytest.mark.parametrize("recipe", ALL)
def test_a_create_that_is_still_under_way_is_waited_for(recipe: type[Contender]) -> None:
    """Its answer is lost and it is not committed yet: a second node would wait for the first for ever."""
    desk = Desk(recipe)
    desk.step()
    (create, _), *_ = desk.client.asked
    desk.lose()
    desk.connect()
    assert desk.question == ("sync",)
    desk.do(desk.client.session, *create)
    desk.settle()

    assert len(desk.own()) == 1
    assert desk.leads is not None


def test_reads_come_after_a_sync_where_it_is_asked_for() -> None:
    """Z12: a server that lags behind answers from the past, unless it has to catch up first."""
    desk = Desk(Sequential, sync_reads=True)
    asked = []
    while desk.question is not None:
        asked.append(desk.question[0])
        desk.step()

    assert asked == ["create", "create", "sync", "get_children"]


def test_the_herd_looks_at_the_list_and_watches_it() -> None:
    """Everybody asks for the children, with a watch."""
    desk = Desk(Herd)
    desk.other()
    desk.settle()

    assert desk.watched == [("children", ROOT)]


def test_curator_leads_only_with_a_node_of_the_session_in_use() -> None:
    """LeaderLatch.checkLeadership: the owner of the first node is compared."""
    desk = Desk(Curator)
    desk.settle("get_data")
    (own,) = desk.own()

    assert desk.question == ("get_data", own, False)
    assert desk.leads is None


@pytest.mark.parametrize("recipe", [Sequential, Herd, Curator])
def test_obedient_recipes_stop_at_disconnected_and_lead_on_when_they_are_back(
    recipe: type[Contender],
) -> None:
    """Under the same epoch: it is the same node."""
    desk = Desk(recipe)
    desk.settle()
    before = desk.leads
    desk.lose()
    assert desk.leads is None
    desk.connect()
    desk.settle()

    assert desk.leads == before


def test_kazoo_never_interrupts_whoever_leads() -> None:
    """Measured: after SIGCONT the function went on in 24 of 24 trials, though the session was over."""
    desk = Desk(Kazoo)
    desk.settle()
    before = desk.leads
    old = desk.client.session
    desk.lose()
    desk.expire()
    desk.do(old, "close_session")
    desk.connect()
    desk.settle()

    assert desk.leads == before
    assert desk.own() == []


@pytest.mark.parametrize(("recipe", "leads"), [(CreateWatch, False), (NaiveCreate, True)])
def test_only_the_naive_version_leads_without_a_node(recipe: type[Contender], leads: bool) -> None:
    """Two are notified; the other one has created the node before we could."""
    desk = Desk(recipe)
    first = desk.other(LEADER, sequential=False)
    desk.settle()
    desk.watched.clear()
    desk.do(first, "close_session")
    desk.other(LEADER, sequential=False)
    desk.client.event(WatchedEvent("deleted", LEADER, desk.zxid))
    desk.settle()

    assert (desk.leads is not None) == leads
    assert desk.own() == []
