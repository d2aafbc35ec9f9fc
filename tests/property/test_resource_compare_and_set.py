"""The fence by compare-and-set against random histories, in which no lock excludes anybody.

Contenders ask for the owner, begin to acquire, believe, act, and forget everything in a crash; messages
come at any time, twice, and in any order; the resource crashes, and its disk is slow. Whatever happens,
what is let in follows the order in which contenders believed.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.cluster import Cluster
from sim.records import Violated
from sim.workloads.claim import OwnerQuery, OwnerReply
from sim.workloads.fence import ByOwner
from sim.workloads.resource import Effect, EffectReply, Resource
from tests.unit.faults_testing import at, of, world

Step = tuple[str, int, int]  # what, who, milliseconds until the next
WHAT = ("ask", "ask", "begin", "begin", "lead", "lead", "act", "act", "act", "again", "forget", "crash")
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=60
)


class Contender:
    """One contender: what it knows, what it tries, and under which token it believes that it leads."""

    def __init__(self, name: str, cluster: Cluster) -> None:
        self.name = name
        self.cluster = cluster
        self.attempt: tuple[int, int | None] | None = None
        self.leads: tuple[int, int | None] | None = None
        self.known: int | None = None
        self.sent: list[Effect] = []
        self.accepted: dict[int, bool] = {}
        self._number = 0
        cluster.network.routes["r1"][name] = self._hear

    def _hear(self, reply: OwnerReply | EffectReply) -> None:
        if isinstance(reply, OwnerReply):
            self.known = reply.admitted.token
        else:
            assert reply.standing is not None
            self.known = reply.standing.admitted.token
            self.accepted[reply.number] = reply.accepted

    def ask(self) -> None:
        """Ask who was let in last."""
        self._send(OwnerQuery())

    def begin(self) -> None:
        """Begin to acquire: expect the owner that is known now to be the one before."""
        self._number += 1
        self.attempt = hash_of(self.name, self._number), self.known

    def lead(self) -> None:
        """Believe, whoever else does."""
        if self.attempt is not None:
            self.leads, self.attempt = self.attempt, None
            numbering = self.cluster.nodes[self.name].numbering
            assert numbering is not None
            numbering.begin(self.leads[0])

    def act(self) -> None:
        """Do something at the resource."""
        if self.leads is not None:
            self._number += 1
            token, expected = self.leads
            self.sent.append(Effect(token, self._number, (), self.expects(expected)))
            self._send(self.sent[-1])

    def expects(self, expected: int | None) -> int | None:
        """Return what is claimed; mutants claim something else."""
        return expected

    def again(self) -> None:
        """Let a copy of the first effect arrive, late."""
        if self.sent:
            self._send(self.sent.pop(0))

    def forget(self) -> None:
        """Crash and start again."""
        self.attempt = self.leads = self.known = None

    def _send(self, message: Any) -> None:
        handler = self.cluster.nodes["r1"].handlers[type(message)]
        handler(self.name, message)


def hash_of(name: str, number: int) -> int:
    """Return a token: unique, and in no order."""
    return (int(name[1:]) * 1_000 + number) * 7919 % 1_000_003


def played(steps: list[Step], fsync: str = "0s") -> tuple[list[Contender], list[Violated]]:
    """Return the contenders after those steps, and what was violated."""
    cluster = world(
        [{"at": "0s", "crash": ["n1", "n2", "n3"]}],
        protocol={"name": "redlock", "nodes": 3},
        workload={"name": "external-store", "fenced": True},
        disk={"fsync": fsync},
    )
    time = 1
    at(cluster, time)
    contenders = [Contender(name, cluster) for name in cluster.contenders]
    for what, who, gap in steps:
        if what == "crash":
            cluster.nodes["r1"].crash()
            cluster.nodes["r1"].start()
        else:
            getattr(contenders[who], what)()
        time += gap
        at(cluster, time)
    at(cluster, time + 1000)
    return contenders, of(cluster, Violated)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from(["0s", "20ms"]))
def test_what_is_let_in_follows_the_order_of_beliefs(steps: list[Step], fsync: str) -> None:
    """No SB3, and no excuse for it."""
    assert played(steps, fsync)[1] == []


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_who_asks_begins_leads_and_acts_is_let_in(steps: list[Step]) -> None:
    """Whatever was before: no state of the resource locks everybody out."""
    turn: list[Step] = [(what, 1, 5) for what in ("ask", "begin", "lead", "act")]
    contender = played([*steps, ("forget", 1, 50), *turn])[0][1]

    assert list(contender.accepted.values())[-1]


# n1 begins first, n2 leads before it and acts; n1, which has not heard of that, is turned away.
OVERTAKEN: list[Step] = [
    ("ask", 0, 5), ("ask", 1, 5), ("begin", 0, 1), ("lead", 0, 1), ("begin", 1, 1), ("lead", 1, 1),
    ("act", 1, 5),
]  # fmt: skip


def test_a_claim_on_another_owner_is_refused_and_teaches() -> None:
    """The refusal says who the owner is; that is for the next attempt, which is let in."""
    first, second = played([*OVERTAKEN, ("act", 0, 5)])[0][:2]
    assert (list(first.accepted.values()), list(second.accepted.values())) == ([False], [True])
    assert first.known == hash_of("n2", 1)

    again = ("begin", "lead", "act")
    first = played([*OVERTAKEN, ("act", 0, 5), *((what, 0, 5) for what in again)])[0][0]
    assert list(first.accepted.values()) == [False, True]


def test_who_never_asked_is_not_let_in() -> None:
    """Not even where nobody was before: it knows of no owner."""
    steps: list[Step] = [("begin", 0, 1), ("lead", 0, 1), ("act", 0, 5)]

    assert list(played(steps)[0][0].accepted.values()) == [False]


# n1 has never asked, and acts after n2.
IGNORANT: list[Step] = [
    ("begin", 0, 1), ("lead", 0, 1), ("ask", 1, 5), ("begin", 1, 1), ("lead", 1, 1), ("act", 1, 5),
    ("act", 0, 5),
]  # fmt: skip


# Mutants -----------------------------------------------------------------------------------------


def forgets(self: Resource, record: Any) -> None:
    """The owner is kept in memory only."""
    self.image.apply(record)


def trusts_the_ignorant(self: ByOwner, admitted: Any, epoch: int, claim: int | None) -> bool:
    """Who names no owner is let in."""
    return claim is None or admitted.token in (epoch, claim)


def expects_what_it_heard_last(self: Contender, expected: int | None) -> int | None:
    """What it heard after it began to acquire, and of whom it is no successor."""
    return self.known


MUTANTS: dict[str, tuple[type, str, Any, list[Step]]] = {
    "expects what it heard last": (
        Contender, "expects", expects_what_it_heard_last, [*OVERTAKEN, ("ask", 0, 5), ("act", 0, 5)],
    ),
    "trusts the ignorant": (ByOwner, "passes", trusts_the_ignorant, IGNORANT),
    "forgets": (Resource, "write", forgets, [*OVERTAKEN, ("crash", 0, 5), ("act", 0, 5)]),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a history that the honest ones bear."""
    owner, method, mutation, steps = MUTANTS[name]
    assert played(steps)[1] == []

    monkeypatch.setattr(owner, method, mutation)
    assert {found.property for found in played(steps)[1]} == {"dual_effect", "fencing"}
