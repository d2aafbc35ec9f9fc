"""What members do with requests: read from the majority, propose, give up, renew."""

from __future__ import annotations

from typing import Any

from protocols.etcd.operations import Get, LeaseRevoke, Put
from protocols.etcd.rpc import KeepAlive, KeepAliveReply
from tests.unit.etcd_testing import MS, EtcdBench, S


class Calls:
    """Remembers the answers to a client's requests."""

    def __init__(self, bench: EtcdBench, node: str = "n1") -> None:
        self.bench = bench
        self.client = bench.contender(node).client
        self.node = node
        self.answers: list[Any] = []

    def call(self, operation: Any, member: str | None = None, serializable: bool = False) -> None:
        """Ask, some member or that one."""
        if member is not None:
            order = self.client._order
            order.sort(key=lambda endpoint: endpoint.name != member)
        self.client.call(operation, lambda outcome, it: self.answers.append((outcome, it)), serializable)
        self.bench._perform(self.node)


def running(**parameters: Any) -> EtcdBench:
    bench = EtcdBench(**{"nodes": 1, "ttl": 60 * S, **parameters})
    bench.pass_time(5 * S)
    return bench


def apart(bench: EtcdBench, member: str) -> None:
    """Cut a member off from the others, not from clients."""
    others = [name for name in bench.group.servers if name != member]
    bench.apart = {(member, other) for other in others} | {(other, member) for other in others}


def value(answer: Any) -> Any:
    outcome, response = answer
    assert outcome == "ok"
    return [kv.value for kv in response.kvs]


def test_linearizable_read_is_not_answered_by_a_member_that_is_cut_off() -> None:
    """Neither while it still believes that it leads, nor later; a serializable one is, and is stale."""
    bench = running()
    old = bench.member()
    apart(bench, old)
    bench.pass_time(4 * S)
    new = bench.member()
    calls = Calls(bench)
    calls.call(Put("k", "new"), new)
    bench.pass_time(100 * MS)
    calls.call(Get("k"), old)
    calls.call(Get("k"), old, serializable=True)
    calls.call(Get("k"), new)
    bench.pass_time(S)

    assert [calls.answers[0][0], *map(value, calls.answers[1:])] == ["ok", [], ["new"]]


def test_linearizable_read_at_a_follower_sees_all_that_was_acknowledged() -> None:
    """The follower asks the leader for the read index, and waits until it has applied that much."""
    bench = running()
    calls = Calls(bench)
    followers = [name for name in bench.group.servers if name != bench.member()]
    for number in range(3):
        calls.call(Put("k", number), bench.member())
        bench.pass_time(MS)
        calls.call(Get("k"), followers[0])
        bench.pass_time(300 * MS)

    assert [value(answer) for answer in calls.answers[1::2]] == [[0], [1], [2]]


def test_proposal_survives_a_change_of_leader() -> None:
    """It is answered when it is applied, whoever leads then."""
    bench = running()
    leader = bench.member()
    follower = next(name for name in bench.group.servers if name != leader)
    calls = Calls(bench)
    calls.call(Put("k", 1), follower)
    # The entry reaches the other members, and the leader dies before they know that it is committed.
    while bench.processes[follower].log.last_index == bench.processes[follower].commit_index:  # type: ignore[attr-defined]
        bench.deliver(bench.network[0])
    bench.crash(leader)
    bench.pass_time(4 * S)

    assert [outcome for outcome, _ in calls.answers] == ["ok"]


def test_request_without_a_quorum_times_out() -> None:
    """At the client after request_timeout, here shorter than the member's own limit of 7 s; and late."""
    bench = running(request_timeout=60 * S)
    leader = bench.member()
    for name in bench.group.servers:
        if name != leader:
            bench.crash(name)
    calls = Calls(bench)
    calls.call(Put("k", 1), leader)
    calls.call(Get("k"), leader)
    began = bench.time
    while len(calls.answers) < 1:
        bench.pass_time(10 * MS)

    assert 7 * S <= bench.time - began <= 7 * S + 20 * MS
    assert calls.answers[0] == ("timeout", None)


def test_proposal_waits_for_a_leader() -> None:
    """A member that knows none keeps it."""
    bench = running()
    follower = next(name for name in bench.group.servers if name != bench.member())
    others = [name for name in bench.group.servers if name != follower]
    for name in others:
        bench.crash(name)
    bench.pass_time(3 * S)
    calls = Calls(bench)
    calls.call(Put("k", 1), follower)
    bench.restart(others[0])
    bench.pass_time(4 * S)

    assert [outcome for outcome, _ in calls.answers] == ["ok"]


def test_write_to_a_member_that_dies_is_not_repeated() -> None:
    """Nobody knows whether it was done; a read goes on elsewhere."""
    bench = running()
    leader = bench.member()
    calls = Calls(bench)
    calls.call(Put("k", 1), leader)
    calls.call(Get("k"), leader)
    bench.drop()
    bench.crash(leader)
    bench.pass_time(4 * S)

    assert [outcome for outcome, _ in calls.answers] == ["unavailable", "ok"]


def test_renewal_of_an_expired_lease_waits_until_it_is_revoked() -> None:
    """And is then told that the lease is gone; the primary does not bring it back (E10)."""
    bench = running(ensure_leadership=False)
    leader = bench.member()
    service: Any = bench.processes[leader].service  # type: ignore[attr-defined]
    lease = next(iter(bench.machine(leader).leases.all))
    service._leasing.lessor.expiry[lease] = bench.time
    service._leasing._scan_next()
    heard: list[int] = []
    service._leasing.renew(lease, heard.append)
    assert heard == []
    bench.pass_time(600 * MS)

    assert heard == [0]


def test_renewal_that_clears_a_checkpoint_does_not_bring_a_revoked_lease_back() -> None:
    """E10: the lease may go while what remained of it is being cleared (PR 20616)."""
    bench = running(ensure_leadership=False)
    leader = bench.member()
    service: Any = bench.processes[leader].service  # type: ignore[attr-defined]
    machine = bench.machine(leader)
    lease = next(iter(machine.leases.all))
    machine.leases.all[lease].remaining_ns = 3 * S
    heard: list[int] = []
    service._leasing.renew(lease, heard.append)
    machine.apply(LeaseRevoke(lease))
    bench.pass_time(S)

    assert heard == [0]


def test_renewal_clears_what_a_checkpoint_said() -> None:
    """The next leader must not go on from what remained before."""
    bench = running(ensure_leadership=False)
    leader = bench.member()
    service: Any = bench.processes[leader].service  # type: ignore[attr-defined]
    machine = bench.machine(leader)
    lease = next(iter(machine.leases.all))
    machine.leases.all[lease].remaining_ns = 3 * S
    heard: list[int] = []
    service._leasing.renew(lease, heard.append)
    bench._perform(leader)
    bench.pass_time(100 * MS)

    assert (heard, machine.leases.all[lease].remaining_ns) == ([60 * S], 0)


def test_leader_that_is_cut_off_renews_nothing() -> None:
    """ensure_leadership (etcd 15247): without it the client would believe it."""
    answers = {}
    for ensure in (True, False):
        bench = running(ensure_leadership=ensure)
        old = bench.member()
        service: Any = bench.processes[old].service  # type: ignore[attr-defined]
        lease = next(iter(bench.machine(old).leases.all))
        apart(bench, old)
        heard: list[int] = []
        service._leasing.renew(lease, heard.append)
        bench._perform(old)
        bench.pass_time(500 * MS)
        answers[ensure] = heard

    assert answers == {True: [], False: [60 * S]}


def test_messages_of_the_keep_alive_stream_are_answered_with_the_ttl_granted() -> None:
    """Which may be longer than what was asked for."""
    bench = running(ttl=S)
    sent = [effect for _, effect in bench.effects if hasattr(effect, "message")]
    payloads = [getattr(each.message, "payload", None) for each in sent]

    assert {payload.ttl_ns for payload in payloads if isinstance(payload, KeepAliveReply)} == {2 * S}
    assert any(isinstance(payload, KeepAlive) for payload in payloads)
