"""Connections deliver once and in order whatever the network does, and end when the peer does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.api import Handler, Host, ProtocolSpec, Refused, Role
from protocols.bench import Bench
from protocols.connection import CLOSE_RETRIES, FIRST_RTO, MINIMUM_RTO, RETRIES
from protocols.connections import Connection, Connections
from protocols.segments import Acknowledged, Close, Closed, Open, Reset, Segment

MS = 1_000_000


class End:
    """A process with connections, which remembers what they deliver."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.delivered: list[Any] = []
        self.closed: list[Connection] = []
        self.closed_services: list[str] = ["closed"]
        self.connections = Connections(host, self._delivered, self.closed.append, self._offers)
        self.handlers: Mapping[type, Handler] = self.connections.handlers

    def start(self) -> None:
        """Wait."""

    def _offers(self, service: str) -> bool:
        return service not in self.closed_services

    def _delivered(self, connection: Connection, payload: Any) -> None:
        self.delivered.append(payload)


class Nothing:
    """A disk that nobody uses."""

    def apply(self, record: Any) -> None:
        """Keep nothing."""

    def copy(self) -> Nothing:
        """Return itself."""
        return self


SPEC = ProtocolSpec(
    "ends", "Two processes that talk.", object,
    (Role("contender", "n", lambda _: 2, lambda host, *_: End(host), Nothing),),
    lambda _: (),
)  # fmt: skip


def pair() -> tuple[Bench, End, End, Connection]:
    """Return two processes with a connection that is open."""
    bench = Bench(SPEC, None)
    one, other = bench.processes["n1"], bench.processes["n2"]
    assert isinstance(one, End)
    assert isinstance(other, End)
    connection = one.connections.open("n2")
    flush(bench)
    return bench, one, other, connection


def flush(bench: Bench) -> None:
    """Send what waits to be sent, and deliver all of it."""
    collect(bench)
    bench.settle()


def collect(bench: Bench) -> None:
    """Put on the network what the processes have sent since they were last looked at."""
    for node in bench.processes:
        bench._perform(node)


def payloads(bench: Bench) -> list[Any]:
    return [envelope.message.payload for envelope in bench.pending(Segment)]


def test_messages_arrive_once_and_in_order() -> None:
    """Though the network turns them round and repeats them."""
    bench, _one, other, connection = pair()
    for number in range(3):
        connection.send(number)
    collect(bench)
    first, second, third = bench.pending(Segment)
    bench.duplicate(second)
    bench.deliver(third, second)
    assert other.delivered == []
    bench.deliver(first)
    bench.settle()

    assert other.delivered == [0, 1, 2]
    assert not connection.ends._waiting


def test_what_waits_for_the_connection_is_sent_when_it_opens() -> None:
    """A message is not sent to a peer that has not agreed."""
    bench = Bench(SPEC, None)
    one, other = bench.processes["n1"], bench.processes["n2"]
    assert isinstance(one, End)
    assert isinstance(other, End)
    one.connections.open("n2").send("hello")
    collect(bench)
    assert [type(envelope.message) for envelope in bench.pending()] == [Open]
    bench.settle()

    assert other.delivered == ["hello"]


def test_what_is_lost_is_sent_again_after_growing_times() -> None:
    """RFC 6298 (5.5): the timeout doubles; an acknowledgement makes it small again."""
    bench, _one, other, connection = pair()
    connection.send("lost")
    collect(bench)
    bench.drop()
    waits = []
    for _ in range(3):
        host = bench.hosts["n1"]
        after = host.timers["retransmission"].after_ns
        assert after is not None
        waits.append(after)
        host.now_ns += after
        bench.fire("n1", "retransmission")
        assert payloads(bench) == ["lost"]
        bench.drop()
    assert waits == [MINIMUM_RTO, 2 * MINIMUM_RTO, 4 * MINIMUM_RTO]
    bench.hosts["n1"].now_ns += 8 * MINIMUM_RTO
    bench.fire("n1", "retransmission")
    bench.settle()

    assert (other.delivered, [*connection.ends._waiting]) == (["lost"], [])


def test_a_lost_request_for_a_connection_is_repeated() -> None:
    """RFC 6298 (2.1): before anything was measured, after one second."""
    bench = Bench(SPEC, None)
    one = bench.processes["n1"]
    assert isinstance(one, End)
    one.connections.open("n2")
    collect(bench)
    bench.drop()
    host = bench.hosts["n1"]
    assert host.timers["retransmission"].after_ns == FIRST_RTO
    host.now_ns += FIRST_RTO
    bench.fire("n1", "retransmission")

    assert [type(envelope.message) for envelope in bench.pending()] == [Open]


def test_a_connection_ends_when_nothing_is_ever_acknowledged() -> None:
    """As often as Linux tries (tcp_retries2)."""
    bench, one, _, connection = pair()
    connection.send("lost")
    for _ in range(RETRIES + 1):
        assert one.closed == []
        bench.hosts["n1"].now_ns += 10**18
        bench.fire("n1", "retransmission")
        bench.drop()

    assert one.closed == [connection]


def test_a_new_incarnation_does_not_know_the_connection() -> None:
    """It says so, and nothing is delivered to it."""
    bench, one, _, connection = pair()
    bench.crash("n2")
    bench.restart("n2")
    connection.send("for the old one")
    collect(bench)
    bench.settle()
    again = bench.processes["n2"]

    assert isinstance(again, End)
    assert (again.delivered, one.closed) == ([], [connection])


def test_a_process_that_ends_ends_its_connections() -> None:
    """What the operating system tells, where the machine lives on."""
    bench, one, _, connection = pair()
    bench.tell("n2", "n1", Refused("n2"))

    assert one.closed == [connection]


def test_closing_tells_the_other_side() -> None:
    """And not oneself."""
    bench, one, other, connection = pair()
    one.connections.close(connection)
    flush(bench)

    assert (one.closed, len(other.closed)) == ([], 1)
    assert [*other.connections] == []


def test_closing_is_said_again_until_the_other_side_knows() -> None:
    """As TCP's FIN is; else who was closed would believe in the connection until it speaks itself."""
    bench, one, other, connection = pair()
    one.connections.close(connection)
    collect(bench)
    bench.drop(*bench.pending(Close))
    assert other.closed == []
    bench.hosts["n1"].now_ns += FIRST_RTO
    bench.fire("n1", "retransmission")
    (said,) = bench.pending(Close)
    again = bench.duplicate(said)
    bench.deliver(said)
    bench.deliver(again)

    assert len(other.closed) == 1
    # Also who hears of it twice says that it knows: the first answer may be lost.
    assert len(bench.pending(Closed)) == 2
    bench.deliver(*bench.pending(Closed))
    assert not one.connections._leaving


def test_closing_is_given_up_when_nobody_answers() -> None:
    """The operating system forgets what belongs to no program any more."""
    bench, one, _, connection = pair()
    one.connections.close(connection)
    for _ in range(CLOSE_RETRIES + 1):
        assert one.connections._leaving
        bench.drop()
        bench.hosts["n1"].now_ns = connection.deadline
        bench.fire("n1", "retransmission")

    assert not one.connections._leaving
    assert one.closed == []


def test_an_old_copy_of_a_segment_brings_nothing_back() -> None:
    """A segment of a connection that is closed is answered by a reset."""
    bench, one, other, connection = pair()
    connection.send("once")
    collect(bench)
    copy = bench.duplicate(bench.pending(Segment)[0])
    bench.deliver(bench.pending(Segment)[0])
    bench.settle(among=("nobody",))
    one.connections.close(connection)
    collect(bench)
    bench.deliver(*bench.pending(Close))
    bench.deliver(copy)

    assert other.delivered == ["once"]
    assert len(bench.pending(Reset, "n2")) == 1
    assert len(bench.pending(Acknowledged, "n2")) == 1


def test_a_service_that_is_not_offered_is_refused() -> None:
    """As a port on which nobody listens; other services of the process are not touched."""
    bench, one, other, connection = pair()
    refused = one.connections.open("n2", "closed")
    flush(bench)
    connection.send("still open")
    flush(bench)

    assert (one.closed, refused.is_open, refused.opened) == ([refused], False, False)
    assert other.delivered == ["still open"]


def test_two_that_open_at_the_same_instant_have_two_connections() -> None:
    """Their numbers may be equal, and say nothing without the direction."""
    bench = Bench(SPEC, None)
    one, other = bench.processes["n1"], bench.processes["n2"]
    assert isinstance(one, End)
    assert isinstance(other, End)
    there, back = one.connections.open("n2"), other.connections.open("n1")
    there.send("there")
    back.send("back")
    flush(bench)

    assert there.id == back.id
    assert (one.delivered, other.delivered) == (["back"], ["there"])
    one.connections.close(there)
    flush(bench)
    assert (there.is_open, back.is_open, len(other.closed)) == (False, True, 1)
