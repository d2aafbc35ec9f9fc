"""Multi-Paxos, phase 1 (Lamport, "Paxos Made Simple", 2001), and the failure detector of the comparison."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.classic.paxos import SPEC, MultiPaxos, PaxosParameters, Prepare, check
from protocols.classic.storage import HighestStorage
from protocols.recording import LedNow
from tests.unit.classic_testing import MS, ClassicBench

SUSPECTED = "the owner of the highest ballot is silent"


def led_by(name: str = "n1", nodes: int = 3, **settings: Any) -> ClassicBench:
    """Return a group in which one has the promises of all."""
    bench = ClassicBench(SPEC, nodes, **settings)
    bench.fire(name, SUSPECTED)
    bench.settle()
    return bench


def test_a_proposer_leads_with_the_promises_of_a_majority() -> None:
    """§2.2: it sends prepare requests, and needs responses from a majority of acceptors."""
    bench = ClassicBench(SPEC, 5)
    bench.fire("n1", SUSPECTED)
    prepares = {envelope.target: envelope for envelope in bench.pending(Prepare)}
    bench.deliver(prepares["n2"])
    bench.settle(among=("n1", "n2"))
    assert bench.leaders() == {}
    bench.deliver(prepares["n3"])
    bench.settle(among=("n1", "n3"))

    assert list(bench.leaders()) == ["n1"]


def test_an_acceptor_promises_only_what_is_higher() -> None:
    """§2.2, phase 1b: never again a proposal numbered less than n; it says so."""
    bench = led_by("n2")
    bench.sent()
    bench.tell("n1", "n3", Prepare(3))

    assert bench.sent() == {"Nack": 1}


def test_a_promise_is_durable_before_it_is_told() -> None:
    """§2.4: stable storage preserves what an acceptor has to remember."""
    bench = ClassicBench(SPEC, 3)
    bench.stall_disk("n2")
    bench.fire("n1", SUSPECTED)
    bench.settle()
    led_with_two = list(bench.leaders())
    bench.stall_disk("n3")
    bench.stall_disk("n1")

    assert led_with_two == ["n1"]
    assert bench.promised("n2") == 0
    assert bench.pending(source="n2") == []
    bench.resume_disk("n2")
    assert bench.promised("n2") > 0


def test_an_acceptor_that_forgets_its_promise_is_a_mistake_that_shows() -> None:
    """The known mistake: after a restart it promises a lower ballot again, and two lead in turn below it."""
    bench = led_by("n3")
    lower = bench.leaders()["n3"] - 1
    bench.crash("n2")
    bench.restart("n2")
    bench.sent()
    bench.tell("n1", "n2", Prepare(lower))
    right = bench.sent()
    bench.crash("n2")
    bench.storages["n2"] = HighestStorage()
    bench.restart("n2")
    bench.sent()
    bench.tell("n1", "n2", Prepare(lower))

    assert right == {"Nack": 1}
    assert bench.sent() == {"Promise": 1}


def test_ballots_are_unique_and_grow() -> None:
    """§2.5: different proposers choose from disjoint sets of numbers; each is above all that were seen."""
    bench = ClassicBench(SPEC, 5)
    for name in ("n1", "n4", "n1", "n2"):
        bench.fire(name, SUSPECTED)
        bench.settle()
    epochs = [effect.epoch for _, effect in bench.effects if isinstance(effect, LedNow)]

    assert epochs == sorted(set(epochs))
    assert len(epochs) == 4


def test_a_leader_that_is_told_of_a_higher_ballot_gives_up() -> None:
    """Preempted: by a prepare of its own acceptors' or by their refusal."""
    bench = led_by("n1")
    bench.fire("n3", SUSPECTED)
    bench.settle(among=("n2", "n3"))
    both = sorted(bench.leaders())
    bench.drop()
    bench.fire("n1", "heartbeat")
    bench.settle(among=("n1", "n2"))

    assert both == ["n1", "n3"]
    assert list(bench.leaders()) == ["n3"]


def test_only_life_is_asked_for_not_a_majority() -> None:
    """The weakness of the comparison: while the highest ballot's owner lives, nobody else tries."""
    bench = ClassicBench(SPEC, 5)
    bench.fire("n3", SUSPECTED)
    bench.settle(among=("n2", "n3"))
    bench.drop()
    waiting_before = bench.hosts["n2"].timers[SUSPECTED].after_ns
    bench.hosts["n2"].timers[SUSPECTED].after_ns = None
    bench.fire("n3", "heartbeat")
    bench.settle(among=("n2", "n3"))

    assert bench.leaders() == {}
    assert waiting_before is not None
    assert bench.is_waiting("n2", SUSPECTED)


def test_campaigns_begin_above_the_promise_of_the_disk() -> None:
    """So that a restarted leader does not lead twice under one ballot."""
    bench = led_by("n2")
    first = bench.leaders()["n2"]
    bench.crash("n2")
    bench.restart("n2")
    bench.fire("n2", SUSPECTED)
    bench.settle()

    assert bench.leaders()["n2"] > first
    assert isinstance(bench.member("n2"), MultiPaxos)


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"election_timeout": (2 * MS, MS)}, "before it begins"), ({"heartbeat_interval": 150 * MS}, "shorter")],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], word: str) -> None:
    """Each with the rule that it breaks."""
    assert list(check(PaxosParameters())) == []
    assert word in next(iter(check(PaxosParameters(**settings))))
