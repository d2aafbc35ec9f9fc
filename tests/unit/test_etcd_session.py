"""Sessions: when keep-alives are sent, when a session ends, and what a client does without its member."""

from __future__ import annotations

from typing import Any

from protocols.etcd.rpc import KeepAlive, KeepAliveReply
from protocols.recording import Sent
from protocols.segments import Segment
from tests.unit.etcd_testing import MS, EtcdBench, S


def keep_alives(bench: EtcdBench, node: str) -> int:
    return sum(
        isinstance(effect, Sent)
        and isinstance(effect.message, Segment)
        and isinstance(effect.message.payload, KeepAlive)
        for name, effect in bench.effects
        if name == node
    )


def until_done(bench: EtcdBench, node: str) -> int:
    """Return how long it takes until that leader believes no more."""
    began = bench.time
    while node in bench.leaders():
        bench.pass_time(25 * MS)
    return bench.time - began


def led_by_n1(**parameters: Any) -> EtcdBench:
    bench = EtcdBench(**parameters)
    bench.pass_time(20 * S)
    assert bench.leaders() == ["n1"]
    return bench


def test_keep_alives_are_sent_at_the_first_half_second_after_a_third_of_the_ttl() -> None:
    """sendKeepAliveLoop looks every 500 ms: with a TTL of 5 s every 2 s, not every 1.67 s."""
    bench = led_by_n1()
    before = keep_alives(bench, "n1")
    bench.pass_time(20 * S)

    assert keep_alives(bench, "n1") - before == 10


def test_unanswered_keep_alive_is_repeated_every_half_second() -> None:
    """nextKeepAlive moves on with an answer only."""
    bench = led_by_n1()
    bench.cut = {"s1", "s2", "s3"}
    before = keep_alives(bench, "n1")
    until_done(bench, "n1")

    assert keep_alives(bench, "n1") - before >= 6


def test_cut_off_session_ends_ttl_after_the_last_reply_and_up_to_a_second_later() -> None:
    """E05: the deadline counts from the reply, and a loop looks at it once a second."""
    bench = led_by_n1()
    bench.cut = {"n1"}
    took = until_done(bench, "n1")

    # The last reply was 0 to 2 s ago.
    assert 3 * S <= took <= 6 * S
    assert ("n1", "keep-alive deadline") in bench.events()


def test_safe_deadline_counts_from_the_request_less_the_bound_on_clocks() -> None:
    """Then the client's session ends before the server can revoke the lease."""
    bench = led_by_n1(deadline="request", rate_bound=0.1)
    bench.cut = {"n1"}
    took = until_done(bench, "n1")

    assert took <= 5 * S * 9 // 11
    assert "n2" not in bench.leaders()


def test_predicate_is_evaluated_at_the_instant_of_asking() -> None:
    """A client that woke up late knows without a timer that its session is over."""
    bench = led_by_n1(deadline="request")
    contender = bench.contender("n1")
    assert contender.leads() == 2
    bench.hosts["n1"].now_ns += 6 * S

    assert contender.leads() is None


def test_answer_that_the_lease_is_gone_ends_the_session_at_once() -> None:
    """TTL 0."""
    bench = led_by_n1()
    contender = bench.contender("n1")
    session = contender.session
    assert session is not None
    bench.pass_time(2 * S)
    session._sent_at[-1] = bench.time
    session._on_reply(KeepAliveReply(session.lease, -1, 0))

    assert bench.contender("n1").session is not session or not session.alive


def test_session_moves_to_another_member_when_its_own_is_killed() -> None:
    """After 500 ms, and without losing the leadership."""
    bench = led_by_n1()
    for member in ("s1", "s2", "s3"):
        bench.crash(member)
        bench.pass_time(6 * S)
        bench.restart(member)
        bench.pass_time(6 * S)

    assert [event for event in bench.events() if event[0] == "n1"] == [("n1", 2)]


def test_contender_begins_anew_when_its_session_is_lost() -> None:
    """With another lease, at the end of the queue."""
    bench = led_by_n1()
    bench.cut = {"n1"}
    bench.pass_time(10 * S)
    assert bench.leaders() == ["n2"]
    bench.cut = set()
    bench.pass_time(30 * S)
    bench.crash("n2")
    bench.pass_time(10 * S)
    bench.crash("n3")
    bench.pass_time(10 * S)

    nodes = [node for node, what in bench.events() if isinstance(what, int)]
    assert nodes == ["n1", "n2", "n3", "n1"]


def test_silent_member_is_given_up_after_a_ping() -> None:
    """gRPC keepalive: 10 s of silence, then a ping, and 6 s for its answer."""
    bench = led_by_n1(ttl=60 * S)
    client = bench.contender("n1").client
    stream = client._stream
    assert stream is not None
    bench.cut = {stream.name}
    cut_at = bench.time
    while client._stream is stream:
        bench.pass_time(100 * MS)

    # It may have been silent for up to 10 s when it was cut off.
    assert 6 * S <= bench.time - cut_at <= 16 * S + 100 * MS
    bench.pass_time(60 * S)
    assert bench.leaders() == ["n1"]


def test_member_without_a_leader_ends_the_keep_alive_stream() -> None:
    """monitorLeader: after three election timeouts; the session goes on elsewhere."""
    bench = led_by_n1(ttl=60 * S, keep_alive_time=0)
    client = bench.contender("n1").client
    stream = client._stream
    assert stream is not None
    # Cut off from the other members, not from the client.
    others = [name for name in bench.group.servers if name != stream.name]
    bench.apart = {(stream.name, other) for other in others} | {(other, stream.name) for other in others}
    bench.pass_time(8 * S)

    assert client._stream is not None
    assert client._stream is not stream
    assert bench.leaders() == ["n1"]
