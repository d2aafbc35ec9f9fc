"""Known mistakes in election recipes, each as a variant of one rule, and a play that tells it apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protocols.zookeeper.recipe import ROOT, Ask, Contender, Script, Wait, ZooKeeperError
from protocols.zookeeper.recipes import Curator, Herd, Sequential, sequence_of
from tests.unit.zookeeper_desk import Desk


class LeadsWhenNotified(Sequential):
    """Z01: the candidate before us is gone, so we lead."""

    def wait_behind(self, predecessor: str) -> Script:
        yield from super().wait_behind(predecessor)
        self.lead(1)


class WaitsForTheGone(Sequential):
    """Z03: the node to watch is not there, and is waited for."""

    def wait_behind(self, predecessor: str) -> Script:
        yield from self.read("exists", predecessor, True)
        yield Wait()


class EntersAgain(Curator):
    """Z04: the node to watch is not there, so we begin anew, with a second node (CURATOR-644)."""

    def wait_behind(self, predecessor: str) -> Script:
        try:
            yield from self.read("get_data", predecessor, True)
        except ZooKeeperError:
            yield Ask(("create", f"{ROOT}/again-n_", self.host.id, True, True))
            return
        yield Wait()


class TrustsItsPath(Curator):
    """Z05: a node of the old session is taken for our own (CURATOR-696)."""

    _known: Any = None

    def enter(self) -> Script:
        if self._known is None:
            self._known = yield from super().enter()
        return self._known

    def confirm(self, own: str) -> Script:
        return True
        yield


class IgnoresDisconnected(Sequential):
    """Z06: only a server can say that the session is over, so we lead on."""

    def on_state(self, state: str) -> None:
        pass


class BeginsAnew(Sequential):
    """Z07: Disconnected is taken for Expired: a second node, behind our own."""

    def connected(self) -> Script:
        lost = self.client.state != "connected"
        yield from super().connected()
        if lost and self.leading is None:
            yield from self.enter()


class CreatesAgain(Sequential):
    """Z08: the answer to the create was lost, so we create again."""

    def find(self, prefix: str) -> Script:
        yield from self.connected()
        return None


class OldToken(Sequential):
    """Z09: the fencing token is that of a node we had before (CURATOR-537)."""

    _first: int | None = None

    def lead(self, epoch: int) -> None:
        self._first = epoch if self._first is None else self._first
        super().lead(self._first)


class GivesUp(Sequential):
    """Z10: the parent is gone, and nobody makes it again (CURATOR-724)."""

    def campaign(self) -> Script:
        try:
            yield from super().campaign()
        except ZooKeeperError as error:
            while error.code == "no_node":
                yield Wait()


class Wraps(Sequential):
    """Z25: sequence numbers are 32-bit integers, and go on below zero."""

    @staticmethod
    def number(path: str) -> int:
        return (sequence_of(path) + (1 << 31)) % (1 << 32) - (1 << 31)


# Plays: what comes of a recipe in one little story. -------------------------------------------------


def middle_dies(recipe: type[Contender]) -> bool:
    """Return whether the third leads when the second dies while the first lives."""
    desk = Desk(recipe)
    desk.other()
    second = desk.other()
    desk.settle()
    desk.do(second, "close_session")
    desk.settle()
    return desk.leads is not None


def watches_everything(recipe: type[Contender]) -> bool:
    """Return whether a candidate is woken by the entry of another one behind it."""
    desk = Desk(recipe)
    desk.other()
    desk.settle()
    desk.other()
    return desk.question is not None


def dies_in_the_gap(recipe: type[Contender]) -> tuple[bool, int]:
    """Return whether we lead, with how many nodes, when the one before us dies before we can watch it."""
    desk = Desk(recipe)
    first = desk.other()
    desk.settle("exists" if not issubclass(recipe, Curator) else "get_data")
    desk.do(first, "close_session")
    desk.settle()
    return desk.leads is not None, len(desk.own())


def expires_unseen(recipe: type[Contender]) -> bool:
    """Return whether we lead with a new session while the node of the old one is still there."""
    desk = Desk(recipe)
    desk.settle()
    desk.expire()
    desk.connect()
    desk.settle()
    return desk.leads is not None


def is_disconnected(recipe: type[Contender]) -> bool:
    """Return whether a leader that lost its connection still believes."""
    desk = Desk(recipe)
    desk.settle()
    desk.lose()
    return desk.leads is not None


def comes_back(recipe: type[Contender]) -> tuple[bool, int]:
    """Return whether we lead again, with how many nodes, after the connection was away."""
    desk = Desk(recipe)
    desk.settle()
    desk.lose()
    desk.connect()
    desk.settle()
    return desk.leads is not None, len(desk.own())


def loses_the_answer(recipe: type[Contender]) -> int:
    """Return how many nodes we have when the connection broke between the create and its answer."""
    desk = Desk(recipe)
    desk.step()  # the parent is there
    assert desk.question is not None
    assert desk.question[0] == "create"
    desk.step_and_lose()
    desk.connect()
    desk.settle()
    return len(desk.own())


def leads_twice(recipe: type[Contender]) -> bool:
    """Return whether the token of a second session is that of its own node."""
    desk = Desk(recipe)
    desk.settle()
    old = desk.client.session
    desk.expire()
    desk.do(old, "close_session")
    desk.connect()
    desk.settle()
    (own,) = desk.own()
    return desk.leads == desk.tree.nodes[own].czxid


def loses_the_parent(recipe: type[Contender]) -> bool:
    """Return whether we lead when all nodes, the parent too, were deleted and the connection came back."""
    desk = Desk(recipe)
    desk.settle()
    desk.lose()
    for path in (*desk.own(), ROOT):
        desk.do(desk.client.session, "delete", path, -1)
    desk.connect()
    desk.settle()
    return desk.leads is not None


def counts_beyond_32_bits(recipe: type[Contender]) -> bool:
    """Return whether number 2^31 leads before number 2^31 - 1."""
    desk = Desk(recipe)
    desk.other(f"{ROOT}/other-n_2147483647", sequential=False)
    for path, parent in list(desk.tree.nodes.items()):
        if path == ROOT:
            desk.tree.nodes[path] = type(parent)(
                parent.data, 0, parent.czxid, parent.mzxid, parent.pzxid, 0, created_children=1 << 31
            )
    desk.settle()
    return desk.leads is not None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A recipe, the right one, a play, and what comes of each."""

    wrong: type[Contender]
    right: type[Contender]
    play: Callable[[type[Contender]], Any]
    of_wrong: Any
    of_right: Any


MISTAKES: dict[str, Mistake] = {
    "Z01": Mistake(LeadsWhenNotified, Sequential, middle_dies, True, False),
    "Z02": Mistake(Herd, Sequential, watches_everything, True, False),
    "Z03": Mistake(WaitsForTheGone, Sequential, dies_in_the_gap, (False, 1), (True, 1)),
    "Z04": Mistake(EntersAgain, Curator, dies_in_the_gap, (True, 2), (True, 1)),
    "Z05": Mistake(TrustsItsPath, Curator, expires_unseen, True, False),
    "Z06": Mistake(IgnoresDisconnected, Sequential, is_disconnected, True, False),
    "Z07": Mistake(BeginsAnew, Sequential, comes_back, (True, 2), (True, 1)),
    "Z08": Mistake(CreatesAgain, Sequential, loses_the_answer, 2, 1),
    "Z09": Mistake(OldToken, Sequential, leads_twice, False, True),
    "Z10": Mistake(GivesUp, Sequential, loses_the_parent, False, True),
    "Z25": Mistake(Wraps, Sequential, counts_beyond_32_bits, True, False),
}
