"""Sessions and watches between clients and servers, message by message (ClientCnxn, ZooKeeperServer)."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.bench import Bench
from protocols.zookeeper import SPEC
from protocols.zookeeper.client import CONNECTED, DISCONNECTED, ZooKeeperClient
from protocols.zookeeper.messages import WatchedEvent
from protocols.zookeeper.parameters import MS, ZooKeeperParameters
from protocols.zookeeper.recipe import Contender
from protocols.zookeeper.server import ZooKeeperServer
from protocols.zookeeper.session_roles import SessionLeader
from sim.records import Message
from sim.run import run

TICK = 2_000 * MS
SERVERS = ("s1", "s2", "s3")


class Service(Bench):
    """Three servers with a leader, s3, and a client that is connected to s1, s2 or s3."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(SPEC, ZooKeeperParameters(nodes=1, tick_time=TICK, **parameters))
        self.settle()
        for node in SERVERS:
            self.fire(node, "finalize")
        self.settle()
        for node in ("s1", "s2"):
            if self.hosts[node].timers["beat"].after_ns is not None:
                self.fire(node, "beat")
        self.settle()
        for _ in range(9):
            self.reconnect()
        assert self.client.state == CONNECTED

    @property
    def client(self) -> ZooKeeperClient:
        """Return the client."""
        contender = self.processes["n1"]
        assert isinstance(contender, Contender)
        return contender.client

    def server(self, node: str) -> ZooKeeperServer:
        """Return a server."""
        process = self.processes[node]
        assert isinstance(process, ZooKeeperServer)
        return process

    @property
    def leader(self) -> SessionLeader:
        """Return the leader of the servers."""
        role = self.server("s3").role
        assert isinstance(role, SessionLeader)
        return role

    def home(self) -> str:
        """Return the server that the client is connected to."""
        return next(node for node in SERVERS if self.client.session in self.server(node).sessions)

    def move(self, to: str) -> None:
        """Let the client be connected to that server."""
        while self.home() != to:
            self.lose()
            self.reconnect()

    def lose(self) -> None:
        """Let the client find its server silent."""
        self.fire("n1", "silence")
        self.settle()

    def reconnect(self) -> None:
        """Let the client try the next server, if it is not connected."""
        if self.client.state != CONNECTED:
            self.fire("n1", "connect")
            self.settle()

    def call(self, *operation: Any) -> list[tuple[str, Any]]:
        """Ask; the answer is in the list when it has come."""
        answers: list[tuple[str, Any]] = []
        self.client.call(operation, lambda error, value: answers.append((error, value)))
        self._perform("n1")
        return answers

    def propose(self, session: int, *operation: Any) -> None:
        """Let the leader of the servers propose a transaction."""
        self.leader.propose(session, 0, operation)
        self._perform("s3")

    def pass_time(self, nanoseconds: int) -> None:
        """Let all clocks go on."""
        for host in self.hosts.values():
            host.now_ns += nanoseconds


@pytest.mark.parametrize(("asked", "granted"), [(1, 2), (5, 5), (99, 20)])
def test_the_timeout_is_negotiated(asked: int, granted: int) -> None:
    """Two ticks at least, twenty at most (minSessionTimeout, maxSessionTimeout)."""
    assert Service(session_timeout=asked * TICK).client.timeout == granted * TICK


def test_a_client_pings_at_a_third_and_gives_up_at_two_thirds() -> None:
    """A second early where that is long enough (ClientCnxn.SendThread.run)."""
    bench = Service(session_timeout=6 * TICK)
    timers = bench.hosts["n1"].timers

    assert timers["ping"].after_ns == 6 * TICK // 3 - 1_000 * MS
    assert timers["silence"].after_ns == 6 * TICK * 2 // 3


def test_a_follower_touches_sessions_at_the_leader_with_its_pings() -> None:
    """Every half tick; until then the leader does not know that the client was heard from."""
    bench = Service(session_timeout=6 * TICK)
    bench.move("s1")
    bench.fire("s3", "beat")
    bench.settle()
    before = bench.leader.sessions._bucket_of[bench.client.session]
    bench.pass_time(3 * TICK)
    bench.fire("n1", "ping")
    bench.settle()
    assert bench.leader.sessions._bucket_of[bench.client.session] == before
    bench.fire("s3", "beat")
    bench.settle()

    assert bench.leader.sessions._bucket_of[bench.client.session] == before + 3 * TICK


def test_a_client_that_has_seen_more_is_sent_away() -> None:
    """Or it would see the past: the server's newest zxid is older than the client's."""
    bench = Service()
    bench.lose()
    bench.client.last_zxid = 1 << 60
    for _ in SERVERS:
        bench.reconnect()

    assert bench.client.state == DISCONNECTED


def test_a_client_hears_that_its_session_is_over_when_it_comes_back() -> None:
    """Until then it is Disconnected, for all it knows; then it begins a new one."""
    bench = Service()
    session = bench.client.session
    bench.propose(session, "close_session")
    bench.settle()
    assert (bench.client.state, bench.client.session) == (DISCONNECTED, session)
    bench.reconnect()

    assert bench.client.state == CONNECTED
    assert bench.client.session != session


def test_a_session_moves_with_its_client() -> None:
    """The leader renews it, and what comes from the old server is refused (SessionMovedException)."""
    bench = Service()
    session = bench.client.session
    bench.move("s1")
    bench.lose()
    bench.reconnect()
    assert bench.client.session == session
    owner = bench.leader.sessions.owners[session]
    stranger = next(number for number in (1, 2, 3) if number != owner)
    log = bench.server("s3").log
    bench.leader._submit(stranger, session, 1, ("delete", "/x", -1))

    assert log.entry(log.last_index).command.operation == ("error", "session_moved")


def test_an_event_comes_before_the_news() -> None:
    """ATC §2.3: a client sees the event of its watch before it can see the new state."""
    bench = Service()
    order: list[Any] = []
    bench.client._event = lambda event: order.append(event.kind)
    bench.call("get_children", "/election", True)
    bench.settle()
    other = bench.leader.propose(0, 0, ("create_session", TICK))
    bench.propose(other, "create", "/election/x", None, False, False)
    answers = bench.call("get_children", "/election", False)
    while not order:
        assert not answers or "/election/x" not in answers[0][1]
        bench.deliver(bench.pending()[0])
    bench.settle()

    assert order == ["children"]


def test_a_watch_fires_once() -> None:
    """It is gone when it has fired."""
    bench = Service()
    events: list[WatchedEvent] = []
    bench.client._event = events.append
    bench.call("get_children", "/election", True)
    bench.settle()
    other = bench.leader.propose(0, 0, ("create_session", TICK))
    for name in "xyz":
        bench.propose(other, "create", f"/election/{name}", None, False, False)
        bench.settle()

    assert [event.kind for event in events] == ["children"]


def test_a_watch_is_renewed_at_another_server() -> None:
    """What was missed meanwhile is told at once; what has not happened is watched on."""
    bench = Service()
    events: list[WatchedEvent] = []
    bench.client._event = events.append
    for path in ("/soon", "/later"):
        bench.call("exists", path, True)
    bench.settle()
    bench.lose()
    other = bench.leader.propose(0, 0, ("create_session", TICK))
    bench.propose(other, "create", "/soon", None, False, False)
    bench.settle()
    assert events == []
    bench.reconnect()
    assert [event.path for event in events] == ["/soon"]
    bench.propose(other, "create", "/later", None, False, False)
    bench.settle()

    assert [event.path for event in events] == ["/soon", "/later"]


def test_a_sync_brings_a_server_up_to_date() -> None:
    """The answer comes behind everything that was committed before (Leader.processSync)."""
    bench = Service()
    bench.move("s1")
    other = bench.leader.propose(0, 0, ("create_session", TICK))
    bench.propose(other, "create", "/election/x", None, False, False)
    bench.settle(among=("s2", "s3"))  # committed, and s1 does not know it
    stale = bench.call("exists", "/election/x", False)
    bench.settle(among=("n1", "s1"))
    assert stale == [("", None)]
    bench.call("sync")
    fresh = bench.call("exists", "/election/x", False)
    bench.settle()

    assert fresh[0][1] is not None


def test_a_full_trace_shows_what_connections_carry() -> None:
    """Not the segments, of which a reader learns nothing."""
    result = run("zk-client-crash", trace="full")
    names = {record.type for record in result.details if isinstance(record, Message)}

    assert {"Notification", "NewLeader", "Proposal", "Call", "WatchedEvent"} <= names
