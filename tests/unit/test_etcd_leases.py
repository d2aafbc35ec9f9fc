"""Leases: deadlines only on the primary lessor, re-armed by a new one, revoked through Raft."""

from __future__ import annotations

import pytest

from protocols.etcd.leases import Lease, Leases, Lessor
from protocols.etcd.parameters import EtcdParameters
from tests.unit.etcd_testing import MS, EtcdBench, S

EVERY = 300 * S


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ns = 0

    def now(self) -> int:
        return self.ns


def lessor(checkpoint_every_ns: int = 0) -> tuple[Leases, Lessor, Clock]:
    leases, clock = Leases(), Clock()
    leases.all[7] = Lease(10 * S)
    return leases, Lessor(leases, clock.now, 7 * S, checkpoint_every_ns), clock


def test_only_the_primary_knows_when_a_lease_ends() -> None:
    """A follower's leases do not end; a demoted primary forgets."""
    _, made, clock = lessor()
    made.granted(7)
    clock.ns = 100 * S
    assert made.due() == []
    made.promote(0)
    made.demote()
    clock.ns = 200 * S

    assert (made.due(), made.expiry) == ([], {})


def test_new_primary_gives_every_lease_its_ttl_and_more() -> None:
    """Promote(extend): the TTL and an election timeout, whatever was left of it before."""
    _, made, clock = lessor()
    made.promote(0)
    clock.ns = 9 * S
    made.demote()
    made.promote(S)

    assert made.expiry == {7: 20 * S}


def test_new_primary_goes_on_from_a_checkpoint() -> None:
    """What was replicated of the remaining time counts in place of the TTL."""
    leases, made, _ = lessor()
    leases.all[7].remaining_ns = 3 * S
    made.promote(S)

    assert made.expiry == {7: 4 * S}


def test_expired_lease_is_revoked_again_only_after_the_retry_interval() -> None:
    """The proposal may be lost with a leader, and must not be made at every scan."""
    _, made, clock = lessor()
    made.promote(0)
    found = []
    for clock.ns in (9 * S, 10 * S, 11 * S, 17 * S):
        found.append(made.due())

    assert found == [[], [7], [], [7]]


def test_renewal_starts_the_ttl_anew() -> None:
    """From the time at which the primary handles it."""
    _, made, clock = lessor()
    made.promote(0)
    clock.ns = 4 * S

    assert (made.renew(7), made.expiry) == (10 * S, {7: 14 * S})


def test_checkpoints_are_of_long_leases_only() -> None:
    """Those that outlive the interval; what remains is in whole seconds, rounded up."""
    leases, made, clock = lessor(EVERY)
    leases.all[8] = Lease(1000 * S)
    made.promote(0)
    clock.ns = EVERY + 1

    assert made.due_checkpoints() == ((8, 700 * S),)
    assert made.due_checkpoints() == ()


@pytest.mark.parametrize(
    ("tick", "election_ticks", "seconds"), [(100, 10, 2), (100, 5, 1), (100, 50, 8), (10, 10, 1)]
)
def test_minimum_ttl_is_one_and_a_half_election_timeouts(
    tick: int, election_ticks: int, seconds: int
) -> None:
    """In whole seconds, rounded up (server.go, minTTL); 2 s with etcd's defaults."""
    parameters = EtcdParameters(tick=tick * MS, election_ticks=election_ticks)

    assert parameters.minimum_ttl == seconds * S


def test_lease_shorter_than_the_minimum_gets_the_minimum() -> None:
    """E19: or it would not outlive an election."""
    bench = EtcdBench(ttl=S)
    bench.pass_time(3 * S)

    assert {lease.ttl_ns for lease in bench.machine("s1").leases.all.values()} == {2 * S}


def test_lease_of_a_dead_client_ends_within_ttl_and_a_scan() -> None:
    """TTL after the last keep-alive, found by a scan every 500 ms (§1.9)."""
    bench = EtcdBench(ttl=5 * S)
    bench.pass_time(20 * S)
    bench.crash("n1")
    crashed_at = bench.time
    while bench.leaders() != ["n2"]:
        bench.pass_time(50 * MS)

    # The last keep-alive was up to 2 s ago: it is sent at the first multiple of 500 ms after TTL/3.
    assert 3 * S <= bench.time - crashed_at <= 5 * S + 550 * MS


def test_new_etcd_leader_extends_all_leases() -> None:
    """E09's ground: a dead client's lease lives for TTL and an election timeout from the election."""
    bench = EtcdBench(ttl=5 * S)
    bench.pass_time(20 * S)
    bench.crash("n1")
    bench.crash(bench.member())
    bench.pass_time(4 * S)
    elected = bench.member()
    before = bench.time
    while bench.leaders() != ["n2"]:
        bench.pass_time(50 * MS)

    assert elected == bench.member()
    assert bench.time - before <= 6 * S + 550 * MS
    assert bench.time - before >= 6 * S - 3 * S  # elected at most 3 s before


def test_renewal_at_a_follower_goes_to_the_leader() -> None:
    """Renewals do not go through Raft; a follower hands them on."""
    bench = EtcdBench(ensure_leadership=False)
    bench.pass_time(10 * S)
    leader = bench.member()
    applied = bench.processes[leader].last_applied  # type: ignore[attr-defined]
    bench.pass_time(30 * S)

    assert bench.leaders() == ["n1"]
    assert bench.processes[leader].last_applied == applied  # type: ignore[attr-defined]
