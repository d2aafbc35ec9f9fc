"""What a contender knows of the owner of a resource that is fenced by compare-and-set."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sim.cluster import Cluster
from sim.errors import UserError
from sim.prepare import prepare
from sim.records import EffectJudged, Followed, Led
from sim.run import run_plan
from sim.scenario import from_dict
from sim.workloads.claim import Claim, OwnerQuery, OwnerReply, claim_of
from sim.workloads.fence import Admitted
from sim.workloads.resource import Effect
from tests.unit.faults_testing import MS, at, of, scenario, world

FENCED = {"name": "external-store", "rate": "10/s", "fenced": True}
REDLOCK = {"name": "redlock", "nodes": 2, "ttl": "2s"}


class Desk:
    """A claim of n1, whose process is the test's: `leads` is what it says, `resigned` what it was told."""

    def __init__(self) -> None:
        self.cluster: Cluster = at(world(protocol=REDLOCK, workload={**FENCED, "fenced": False}), 1)
        self.node = self.cluster.nodes["n1"]
        self.asked: list[int] = []
        self.cluster.network.routes["n1"]["r1"] = self._sent
        self.leads: int | None = None
        self.resigned = 0
        self.node.process = SimpleNamespace(leads=lambda: self.leads, resign=self._resign)
        self.claim = Claim(self.node, "r1")

    def _sent(self, message: Any) -> None:
        if type(message) is OwnerQuery:
            self.asked.append(self.cluster.now // MS)

    def _resign(self) -> None:
        self.resigned += 1

    def hear(self, token: int, generation: int) -> None:
        """Let an answer to a question arrive."""
        self.claim.handlers[OwnerReply]("r1", OwnerReply(Admitted(token, generation)))


def test_who_does_not_lead_asks_again_and_again() -> None:
    """A leader learns from the answers to what it does."""
    desk = Desk()
    at(desk.cluster, 250)
    desk.leads = 7
    at(desk.cluster, 450)
    desk.leads = None
    at(desk.cluster, 550)

    assert desk.asked == [1, 101, 201, 501]


def test_what_was_known_before_the_attempt_is_expected() -> None:
    """What is heard between the attempt and the claim is not: it may be younger than the attempt."""
    desk = Desk()
    desk.hear(token=5, generation=1)
    desk.claim.begin(70)
    desk.hear(token=6, generation=2)

    assert desk.claim.expected(70) == 5
    desk.claim.begin(71)
    assert (desk.claim.expected(70), desk.claim.expected(71)) == (None, 6)


def test_who_has_heard_nothing_expects_nobody() -> None:
    """That is not the same as to know that nobody was let in yet (-1)."""
    desk = Desk()
    desk.claim.begin(70)
    assert desk.claim.expected(70) is None

    desk.hear(token=-1, generation=0)
    desk.claim.begin(71)
    assert desk.claim.expected(71) == -1


def test_an_answer_that_was_overtaken_is_forgotten() -> None:
    desk = Desk()
    desk.hear(token=6, generation=2)
    desk.hear(token=5, generation=1)
    desk.claim.begin(70)

    assert desk.claim.expected(70) == 6


@pytest.mark.parametrize(
    ("epoch", "accepted", "resigned"),
    [(7, False, 1), (7, True, 0), (6, False, 0)],
    ids=["refused", "accepted", "refused under an earlier token"],
)
def test_a_leader_that_is_refused_resigns(epoch: int, accepted: bool, resigned: int) -> None:
    """It has expected a predecessor that was none; the answer teaches in any case."""
    desk = Desk()
    desk.leads = 7
    desk.claim.answered(epoch, accepted, Admitted(9, 3))
    desk.claim.begin(70)

    assert (desk.resigned, desk.claim.expected(70)) == (resigned, 9)


@pytest.mark.parametrize(
    ("protocol", "fenced", "claims"),
    [
        ("redlock", True, True),
        ("dynamodb", True, True),
        ("redlock", False, False),
        ("lock-server", True, False),
    ],
)
def test_only_what_has_no_order_and_is_fenced_is_claimed(protocol: str, fenced: bool, claims: bool) -> None:
    cluster = world(protocol={"name": protocol}, workload={**FENCED, "fenced": fenced})

    assert (claim_of(cluster.nodes["n1"], cluster) is not None) is claims


def test_a_leader_that_was_refused_leads_anew_and_is_let_in() -> None:
    """Both have never reached the store when the first one begins to acquire."""
    cut = {"at": "0s", "cut": {"from": ["n1", "n2"], "to": "r1"}, "for": "1500ms"}
    cluster = at(world([cut], protocol=REDLOCK, workload=FENCED), 5000)
    first, second = of(cluster, Led)
    refused = [record for record in of(cluster, EffectJudged) if not record.accepted]

    assert {record.epoch for record in refused} == {first.epoch}
    assert [record.reason for record in of(cluster, Followed)] == ["released"]
    assert 1500 <= of(cluster, Followed)[0].at_ns // MS < second.at_ns // MS < 2500
    assert cluster.effects_accepted >= 10 * (5 - second.at_ns // MS / 1000) - 1


def test_what_is_beside_the_resource_is_fenced_by_the_number_of_its_owners() -> None:
    """The registry's owners give an order to tokens that have none, and subscribers go by that."""
    updates = {"name": "config-updates", "interval": "100ms", "subscribers": 1, "fenced": True}
    pause = {"at": "3s", "pause": "leader", "for": "4s"}
    cluster = at(world([pause], protocol=REDLOCK, workload=updates), 6500)
    old, new = of(cluster, Led)
    registry: Any = cluster.nodes["r1"].disk.image
    subscriber: Any = cluster.nodes["c1"].disk.image
    assert (registry.admitted.generation, subscriber.admitted.token) == (2, 2)

    cluster.nodes["c1"].handlers[Effect](old.node, Effect(1, 99, (1, old.node, 1), claim=1))
    refused = of(at(cluster, 6501), EffectJudged)[-1]
    assert (refused.resource, refused.node, refused.accepted) == ("c1", old.node, False)
    assert new.node != old.node


def test_a_protocol_that_does_not_say_that_it_acquires_is_refused() -> None:
    """Else nothing would ever be let in, and nobody would know why."""
    plan = prepare(from_dict(scenario(protocol={"name": "lock-server"}, workload=FENCED)))
    silent = replace(plan, protocol=replace(plan.protocol, ordered_epochs=False))

    with pytest.raises(
        UserError, match="lock-server has epochs without an order and does not note `acquiring`"
    ):
        run_plan(silent, 1)
