"""Each known mistake of the classic elections shows in a few messages, and only with the mistake.

A scenario plays the messages by hand and returns what was observed; `CASES` says what that is for the
protocol and for the mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocols.api import ProtocolSpec
from protocols.classic import bully, paxos, ring, viewstamped
from protocols.recording import LedNow
from tests.unit.classic_mutants import MUTANTS
from tests.unit.classic_testing import ClassicBench

SUSPECTED = "the owner of the highest ballot is silent"


def late_announcement(spec: ProtocolSpec) -> str | None:
    """Return whom n1 follows when the news of n4's leadership comes after that of n5's, which is later."""
    bench = ClassicBench(spec)
    bench.settle()
    bench.crash("n5")
    bench.fire("n4", "coordinator is silent")
    bench.fire("n4", "no answer")
    late = bench.pending(source="n4", target="n1")
    bench.drop(*late)
    bench.restart("n5")
    bench.settle()
    for envelope in late:
        bench.tell("n4", "n1", envelope.message)
    leader: str | None = bench.member("n1").leader
    return leader


def ring_of(spec: ProtocolSpec) -> ClassicBench:
    """Return a ring whose identities rise with the rank, in which nothing was sent yet."""
    bench = ClassicBench(spec)
    bench.drop()
    for identity, name in enumerate(bench.processes):
        bench.member(name).identity = 100 + identity
        bench.member(name).participant = False
    return bench


def owner_dies(spec: ProtocolSpec) -> bool:
    """Return whether the largest identity still goes round after its owner died, twenty rounds later."""
    bench = ring_of(spec)
    bench.stand("n5")
    bench.crash("n5")
    bench.settle()
    bench.hops_time_out(20)
    bench.sent()
    bench.hops_time_out()
    return bench.sent()["Probe"] > 0


def all_stand(spec: ProtocolSpec) -> int:
    """Return how many have won when all members of a ring stand at once."""
    bench = ring_of(spec)
    for name in bench.processes:
        bench.stand(name)
    bench.settle()
    return len({node for node, effect in bench.effects if isinstance(effect, LedNow)})


def lower_ballot_after_a_restart(spec: ProtocolSpec) -> list[str]:
    """Return what an acceptor that was restarted answers to a ballot below its promise."""
    bench = ClassicBench(spec, 3)
    bench.fire("n3", SUSPECTED)
    bench.settle()
    lower = bench.leaders()["n3"] - 1
    bench.crash("n2")
    bench.restart("n2")
    bench.sent()
    bench.tell("n1", "n2", paxos.Prepare(lower))
    return list(bench.sent())


def two_propose_at_once(spec: ProtocolSpec) -> bool:
    """Return whether two members led under one ballot."""
    bench = ClassicBench(spec, 3)
    bench.fire("n1", SUSPECTED)
    bench.fire("n2", SUSPECTED)
    bench.settle()
    led = {(node, effect.epoch) for node, effect in bench.effects if isinstance(effect, LedNow)}
    return len({epoch for _, epoch in led}) < len(led)


def two_sides(spec: ProtocolSpec) -> list[str]:
    """Return who leads when two of five and the other three each hear only each other."""
    bench = ClassicBench(spec)
    bench.fire("n1", SUSPECTED)
    bench.settle(among=("n1", "n2"))
    bench.drop()
    bench.fire("n5", SUSPECTED)
    bench.settle(among=("n3", "n4", "n5"))
    return sorted(bench.leaders())


def restarted_replica_is_asked(spec: ProtocolSpec) -> int:
    """Return how many messages a replica that crashed sends when it is drawn into a view change."""
    bench = ClassicBench(spec, 3)
    bench.settle()
    bench.crash("n3")
    bench.restart("n3")
    bench.drop()
    bench.tell("n2", "n3", viewstamped.StartViewChange(1))
    return len(bench.pending(source="n3"))


def one_wants_the_next_view(spec: ProtocolSpec) -> list[str]:
    """Return who leads after one replica of three has missed the primary, which is dead."""
    bench = ClassicBench(spec, 3)
    bench.settle()
    bench.crash("n1")
    bench.fire("n3", "view change")
    bench.settle()
    return list(bench.leaders())


CASES: list[tuple[str, ProtocolSpec, Callable[[ProtocolSpec], Any], Any, Any]] = [
    ("B03", bully.SPEC, late_announcement, "n5", "n4"),
    ("B06", ring.SPEC, owner_dies, False, True),
    ("B07", ring.SPEC, all_stand, 1, 5),
    ("B08", paxos.SPEC, lower_ballot_after_a_restart, ["Nack"], ["Promise"]),
    ("B10", paxos.SPEC, two_propose_at_once, False, True),
    ("B14", viewstamped.SPEC, restarted_replica_is_asked, 0, 3),
    ("B15", viewstamped.SPEC, one_wants_the_next_view, ["n2"], []),
    ("B16", paxos.SPEC, two_sides, ["n5"], ["n1", "n5"]),
]


@pytest.mark.parametrize(("number", "spec", "scenario", "right", "wrong"), CASES)
def test_the_scenario_tells_the_mutant_from_the_protocol(
    number: str, spec: ProtocolSpec, scenario: Callable[[ProtocolSpec], Any], right: Any, wrong: Any
) -> None:
    """The protocol does the right thing, and the mutant exactly what is wrong with it."""
    assert scenario(spec) == right
    assert scenario(MUTANTS[number]) == wrong


def test_every_mutant_has_a_scenario() -> None:
    """A mutant that nothing exposes would prove nothing."""
    assert list(MUTANTS) == [number for number, *_ in CASES]
