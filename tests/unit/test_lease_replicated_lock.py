"""The replicated lock: its time, and who answers."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.lock_server.messages import Acquire, AcquireReply, Release, Renew
from protocols.lease.replicated_lock import SPEC
from protocols.lease.replicated_lock.machine import LockMachine, Timed
from protocols.lease.replicated_lock.parameters import ReplicatedLockParameters
from protocols.lease.replicated_lock.service import Elsewhere
from tests.unit.lease_solo import SECOND, Solo
from tests.unit.lease_testing import outcome, plan_of

A, B = (1, 1), (2, 1)


def acquire(owner: str, request: tuple[int, int]) -> Acquire:
    return Acquire(request, owner, 30 * SECOND, False)


def test_time_passes_with_the_commands() -> None:
    """What the leaders saw pass between them, and nothing else."""
    machine = LockMachine()
    machine.apply(Timed(0, acquire("n1", A)))
    assert not machine.apply(Timed(29 * SECOND, acquire("n2", B))).done

    assert machine.apply(Timed(SECOND, acquire("n2", (2, 2)))).done


def test_equal_commands_make_equal_machines() -> None:
    """A state machine is deterministic, and a snapshot is all of it."""
    first, second = LockMachine(), LockMachine()
    commands = [
        Timed(0, acquire("n1", A)),
        Timed(SECOND, Renew((1, 2), 1)),
        Timed(SECOND, Release((1, 3), 1)),
        Timed(SECOND, acquire("n2", B)),
    ]
    for command in commands[:2]:
        first.apply(command)
    second.restore(first.snapshot())
    answers = [[machine.apply(command) for command in commands[2:]] for machine in (first, second)]

    assert answers[0] == answers[1]
    assert first.snapshot() == second.snapshot()


def test_a_member_that_does_not_lead_says_who_does() -> None:
    """The leader's clock stamps the commands: they are not passed on."""
    solo = Solo(SPEC, ReplicatedLockParameters(), "s1")
    solo.sent()
    solo.hear(acquire("n1", A), "n1")

    assert solo.sent() == [Elsewhere(A, None)]


def test_a_client_follows_the_hint_with_the_same_request() -> None:
    """So that a grant which is under way is not made twice."""
    solo = Solo(SPEC, ReplicatedLockParameters())
    solo.rest()
    first = solo.asked()
    solo.hear(Elsewhere(first.request, "s3"))
    assert solo.asked() == first
    solo.hear(AcquireReply(first.request, True, "n1", 5), "s3")

    assert solo.beliefs() == [5]


@pytest.mark.parametrize("hit", ["service leader", "servers"])
def test_the_lock_survives_its_servers(hit: str) -> None:
    """The holder goes on, under its token, when the leader of the members dies, or all of them do."""
    faults: list[dict[str, Any]] = [{"at": "30s", "crash": hit, "restart_after": "2s"}]
    world: dict[str, Any] = {"network": {"latency": "1ms"}, "faults": faults, "duration": "100s"}
    found = outcome(plan_of("replicated-lock", **world))

    assert found.violated == frozenset()
    assert (found.gap_s, found.leader_at_end) == (0, True)
