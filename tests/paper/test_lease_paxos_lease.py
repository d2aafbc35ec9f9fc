"""PaxosLease, sentence by sentence.

Source: Trencseni, Gazso and Reinhardt, "PaxosLease: Diskless Paxos for Leases", 2012.
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.paxos_lease import SPEC
from protocols.lease.paxos_lease.messages import (
    Accepted,
    Prepare,
    Promise,
    Propose,
    ProposeAccepted,
    Rejected,
    Release,
    Restarted,
)
from protocols.lease.paxos_lease.node import PaxosLeaseStorage
from protocols.lease.paxos_lease.parameters import PaxosLeaseParameters
from tests.unit.lease_solo import MS, SECOND, Solo

T = 7 * SECOND
LOW, HIGH = 5_000_002, 9_000_002


def node(restarts: int = 0, **settings: Any) -> Solo:
    image = PaxosLeaseStorage()
    if restarts:
        image.apply(Restarted(restarts))
    solo = Solo(SPEC, PaxosLeaseParameters(rate_bound=0.0, **settings), image=image)
    solo.sent()
    return solo


def answered(solo: Solo, message: Any, source: str = "n2") -> list[Any]:
    solo.sent()
    solo.hear(message, source)
    return solo.sent()


def proposal(owner: str, ballot: int) -> Propose:
    return Propose(ballot, Accepted(ballot, owner, ballot), T)


def prepared(solo: Solo) -> int:
    """Let it prepare; return the ballot."""
    solo.rest()
    (first, *others) = solo.sent()
    assert {type(message) for message in (first, *others)} == {Prepare}
    return int(first.ballot)


def owner(**settings: Any) -> Solo:
    """Return a node that got the lease; its acceptances took half a second."""
    solo = node(**settings)
    ballot = prepared(solo)
    for source in ("n1", "n2"):
        solo.hear(Promise(ballot, None), source)
    solo.pass_time(SECOND // 2)
    for source in ("n1", "n2"):
        solo.hear(ProposeAccepted(ballot), source)
    return solo


def test_an_acceptor_promises_to_answer_no_lower_ballot() -> None:
    """Else it rejects, and tells what it promised."""
    solo = node()
    assert answered(solo, Prepare(HIGH)) == [Promise(HIGH, None)]

    assert answered(solo, Prepare(LOW)) == [Rejected(LOW, HIGH)]
    assert answered(solo, proposal("n2", LOW)) == [Rejected(LOW, HIGH)]


def test_an_acceptor_forgets_what_it_accepted_after_the_lease() -> None:
    """On timeout it sets its state to empty."""
    solo = node()
    assert answered(solo, proposal("n2", LOW)) == [ProposeAccepted(LOW)]
    assert answered(solo, Prepare(HIGH)) == [Promise(HIGH, Accepted(LOW, "n2", LOW))]
    assert solo.rest("accepted lease") == T

    assert answered(solo, Prepare(HIGH)) == [Promise(HIGH, None)]


def test_an_acceptor_writes_nothing() -> None:
    """Diskless: but for the count of starts, which makes ballots unique."""
    solo = node()
    solo.hear(proposal("n2", LOW), "n2")

    assert solo.order() == [ProposeAccepted]


def test_a_restarted_acceptor_is_silent_for_the_longest_lease() -> None:
    """It waits for M before it rejoins."""
    solo = node(restarts=1)
    assert answered(solo, Prepare(HIGH)) == []
    solo.pass_time(10 * SECOND)

    assert answered(solo, Prepare(HIGH)) == [Promise(HIGH, None)]


def test_a_ballot_is_not_used_twice_across_restarts() -> None:
    """Run number, restart counter, node."""
    assert prepared(node()) != prepared(node(restarts=1))


def test_a_proposer_proposes_when_a_majority_holds_nothing() -> None:
    """If a majority of acceptors answered with an empty proposal."""
    solo = node()
    ballot = prepared(solo)
    solo.hear(Promise(ballot, None), "n1")
    assert solo.sent() == []
    solo.hear(Promise(ballot, None), "n2")

    assert {type(message) for message in solo.sent()} == {Propose}


def test_a_proposer_gives_up_when_somebody_owns_the_lease() -> None:
    """It can not be sure that the lease is free."""
    solo = node()
    ballot = prepared(solo)
    solo.hear(Promise(ballot, None), "n1")
    for source in ("n2", "n3"):
        solo.hear(Promise(ballot, Accepted(LOW, "n2", LOW)), source)

    assert solo.sent() == []


def test_the_timer_of_the_owner_starts_before_it_proposes() -> None:
    """So that it expires before those of the acceptors."""
    solo = owner()

    assert solo.process.valid_until == solo.host.now_ns - SECOND // 2 + T


def test_an_acceptance_that_comes_too_late_is_no_lease() -> None:
    """If its own timer has not expired."""
    solo = node(round_timeout=8 * SECOND)
    ballot = prepared(solo)
    for source in ("n1", "n2"):
        solo.hear(Promise(ballot, None), source)
    solo.pass_time(T)
    for source in ("n1", "n2"):
        solo.hear(ProposeAccepted(ballot), source)

    assert solo.process.leads() is None


def test_the_owner_extends_with_a_new_ballot_and_goes_on_under_its_first() -> None:
    """Acceptors that hold a proposal of its own count as empty."""
    solo = owner()
    (epoch,) = solo.beliefs()
    ballot = prepared(solo)
    assert ballot > int(epoch)
    for source in ("n1", "n2"):
        solo.hear(Promise(ballot, Accepted(int(epoch), "n1", int(epoch))), source)
    for source in ("n1", "n2"):
        solo.hear(ProposeAccepted(ballot), source)

    assert solo.process.leads() == epoch
    assert solo.process.valid_until == solo.host.now_ns + T


@pytest.mark.parametrize(("epoch", "forgotten"), [(LOW, True), (HIGH, False)])
def test_a_release_frees_the_lease_that_it_names(epoch: int, forgotten: bool) -> None:
    """Releasing leases."""
    solo = node()
    solo.hear(proposal("n2", LOW), "n2")
    solo.hear(Release(epoch), "n2")
    (promise,) = answered(solo, Prepare(HIGH))

    assert (promise.accepted is None) == forgotten


def test_a_rejected_proposer_tries_a_higher_ballot() -> None:
    """After a random time, since two may go on rejecting each other."""
    solo = node()
    ballot = prepared(solo)
    for source in ("n1", "n2", "n3"):
        solo.hear(Rejected(ballot, HIGH), source)
    solo.host.script.fractions.append(0.5)
    assert solo.host.timers["script"].after_ns is not None

    assert prepared(solo) > HIGH


def test_late_promises_are_no_acceptances() -> None:
    """The third promise comes while acceptances are awaited."""
    solo = node()
    ballot = prepared(solo)
    for source in ("n1", "n2"):
        solo.hear(Promise(ballot, None), source)
    solo.hear(Promise(ballot, None), "n3")
    solo.hear(ProposeAccepted(ballot), "n3")
    assert solo.process.leads() is None
    solo.pass_time(MS)
    solo.hear(ProposeAccepted(ballot), "n1")

    assert solo.process.leads() == ballot


def test_who_released_lets_others_have_the_lease_first() -> None:
    """Even when its own acceptor hears of the release."""
    solo = owner(hold_for=SECOND)
    (epoch,) = solo.beliefs()
    solo.hear(proposal("n1", int(epoch)), "n1")
    solo.sent()
    solo.rest()
    assert [type(message) for message in solo.sent()] == [Release] * 3
    solo.hear(Release(int(epoch)), "n1")

    assert solo.sent() == []
    assert solo.host.timers["script"].after_ns == T
