"""Servers of an ensemble, message by message: discovery, synchronisation, broadcast (Zab §IV)."""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, NodeId
from protocols.bench import Bench
from protocols.recording import LedNow
from protocols.segments import Open, Segment
from protocols.zookeeper import ENSEMBLE
from protocols.zookeeper.leader import Leader
from protocols.zookeeper.log import Txn
from protocols.zookeeper.messages import FollowerInfo, zxid_of
from protocols.zookeeper.parameters import ZabParameters
from protocols.zookeeper.peer import QUORUM, QuorumPeer
from protocols.zookeeper.storage import AcceptedEpoch, CurrentEpoch, Logged, ZooKeeperStorage
from protocols.zookeeper.votes import LOOKING

ALL = ("n1", "n2", "n3")


class Ensemble(Bench):
    """Three servers, down at first."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(ENSEMBLE, ZabParameters(nodes=3, **parameters))
        self.drop()
        for node in ALL:
            self.crash(node)

    def disk(self, node: NodeId, epoch: int, *zxids: tuple[int, int]) -> None:
        """Put a history on a disk: its epoch, and the transactions in it."""
        storage = self.storages[node]
        storage.apply(AcceptedEpoch(epoch))
        storage.apply(CurrentEpoch(epoch))
        storage.apply(Logged(tuple(entry(*zxid) for zxid in zxids)))

    def begin(self, *nodes: NodeId) -> None:
        """Start servers, and let them exchange their votes."""
        for node in nodes:
            self.restart(node)
        self.settle()

    def elect(self, *nodes: NodeId) -> None:
        """Start servers, and let those with a quorum for a vote finish their election."""
        self.begin(*nodes)
        self.finish(*nodes)

    def finish(self, *nodes: NodeId) -> None:
        """Let the wait for a better vote end, in this order."""
        for node in nodes:
            if self.hosts[node].timers["finalize"].after_ns is not None:
                self.fire(node, "finalize")
        self.settle()
        for node in nodes:  # who tried before the leader listened tries again
            if self.hosts[node].timers["beat"].after_ns == self.parameters.connect_retry:
                self.fire(node, "beat")
        self.settle()

    def server(self, node: NodeId) -> QuorumPeer:
        """Return a running server."""
        process = self.processes[node]
        assert isinstance(process, QuorumPeer)
        return process

    def leader(self, node: NodeId) -> Leader:
        """Return the leader that the server is."""
        role = self.server(node).role
        assert isinstance(role, Leader)
        return role

    def zxids(self, node: NodeId) -> list[int]:
        """Return the transactions on a disk that are still in the log."""
        storage = self.storages[node]
        assert isinstance(storage, ZooKeeperStorage)
        log = storage.log
        return [log.zxid_at(index) for index in range(log.first_index, log.last_index + 1)]

    def led(self, node: NodeId) -> list[int]:
        """Return the epochs that a server has led."""
        return [e.epoch for n, e in self.effects if n == node and isinstance(e, LedNow)]


def entry(epoch: int, counter: int) -> Entry:
    return Entry(epoch, Txn(zxid_of(epoch, counter), 0, 0, ("create_session", 1)))


def test_a_server_that_comes_late_joins_the_leader_there_is() -> None:
    """It is told by both others, FOLLOWING and LEADING, and does not disturb them (ZOOKEEPER-975)."""
    bench = Ensemble()
    bench.elect("n1", "n2")
    assert bench.led("n2") == [1]
    bench.elect("n3")

    assert bench.led("n3") == []
    assert bench.leader("n2").serving
    role = bench.server("n3").role
    assert role is not None
    assert role.serving


def test_an_epoch_is_proposed_above_what_a_quorum_has_promised() -> None:
    """max(acceptedEpoch) + 1, which the leader and its followers save before they go on."""
    bench = Ensemble()
    bench.storages["n1"].apply(AcceptedEpoch(7))
    bench.elect(*ALL)

    assert bench.led("n3") == [8]
    assert [bench.storages[node].accepted_epoch for node in ALL] == [8, 8, 8]  # type: ignore[attr-defined]


def test_a_follower_gets_what_it_lacks() -> None:
    """DIFF."""
    bench = Ensemble()
    bench.disk("n1", 1, (1, 1))
    bench.disk("n2", 1, (1, 1), (1, 2))
    bench.disk("n3", 1, (1, 1), (1, 2))
    bench.elect(*ALL)

    assert bench.zxids("n1") == [zxid_of(1, 1), zxid_of(1, 2)]


def test_a_follower_forgets_what_was_never_committed() -> None:
    """TRUNC: its leader died with a transaction that nobody else has; then DIFF."""
    bench = Ensemble()
    bench.disk("n1", 1, (1, 1), (1, 2))
    bench.disk("n2", 2, (1, 1), (2, 1))
    bench.disk("n3", 2, (1, 1), (2, 1))
    bench.elect(*ALL)

    assert bench.zxids("n1") == [zxid_of(1, 1), zxid_of(2, 1)]


def test_a_follower_far_behind_gets_a_snapshot() -> None:
    """SNAP when it lacks more than commitLogCount transactions."""
    bench = Ensemble(commit_log=1)
    for node in ("n2", "n3"):
        bench.disk(node, 1, (1, 1), (1, 2), (1, 3))
    bench.elect("n2", "n3")
    bench.elect("n1")
    storage = bench.storages["n1"]

    assert isinstance(storage, ZooKeeperStorage)
    assert storage.snapshot is not None
    assert (storage.log.last_index, storage.log.last_zxid) == (3, zxid_of(1, 3))


def test_a_leader_is_one_when_a_quorum_has_its_history() -> None:
    """Not before NEWLEADER is acknowledged, which is not before all of it is durable."""
    bench = Ensemble()
    bench.disk("n2", 1, (1, 1))
    bench.disk("n3", 1, (1, 1))
    bench.begin(*ALL)
    bench.stall_disk("n1")
    bench.stall_disk("n2")
    bench.finish(*ALL)
    assert bench.led("n3") == []
    bench.resume_disk("n1")
    bench.settle()

    assert bench.led("n3") == [2]
    assert bench.server("n1").history.committed == 1


def test_a_transaction_is_acknowledged_when_it_is_durable() -> None:
    """And committed when a quorum has acknowledged it: the leader's own disk counts as one."""
    bench = Ensemble()
    bench.elect(*ALL)
    bench.stall_disk("n1")
    bench.stall_disk("n2")
    bench.leader("n3").propose(0, 1, ("create_session", 1))
    bench._perform("n3")
    bench.settle()
    assert bench.server("n3").history.committed == 0
    bench.resume_disk("n2")
    bench.settle()

    assert [bench.server(node).history.committed for node in ("n2", "n3")] == [1, 1]
    bench.resume_disk("n1")
    bench.settle()
    assert bench.server("n1").history.committed == 1


def test_a_leader_that_lost_its_followers_looks_again_at_a_full_tick() -> None:
    """It counts ticks, two halves each, and the followers that it heard from within syncLimit of them."""
    bench = Ensemble(sync_limit=1)
    bench.elect(*ALL)
    bench.fire("n3", "beat")
    bench.settle()  # they answer the first ping
    halves = 1
    while bench.server("n3").state != LOOKING:
        bench.fire("n3", "beat")
        bench.drop()
        halves += 1
        assert halves < 10

    # Heard at tick 0, they are in sync up to tick 1; tick 2 ends with the fourth half.
    assert halves == 4


def test_a_follower_that_falls_silent_before_it_is_up_to_date_counts_for_init_limit() -> None:
    """Until then its socket has that timeout; its first deadline is initLimit and syncLimit ticks away."""
    bench = Ensemble(init_limit=4, sync_limit=1)
    bench.elect(*ALL)
    tick = bench.parameters.tick_time
    bench.crash("n1")
    bench.crash("n2")
    bench.tell("n1", "n3", Open(7, QUORUM))
    bench.tell("n1", "n3", Segment(7, True, 0, FollowerInfo(1)))
    halves = 0
    while bench.server("n3").state != LOOKING:
        bench.drop()
        bench.hosts["n3"].now_ns += tick // 2
        bench.fire("n3", "beat")
        halves += 1
        assert halves < 20

    # Those that were up to date go after one tick. More than four ticks are over at the ninth half; the tenth
    # ends a tick.
    assert halves == 10


def test_a_silent_leader_is_given_up_after_sync_limit() -> None:
    """The socket's timeout is syncLimit ticks, counted from the last packet."""
    bench = Ensemble(sync_limit=3)
    bench.elect(*ALL)
    limit = bench.hosts["n1"].timers["limit"]
    assert limit.after_ns == 3 * bench.parameters.tick_time
    bench.fire("n1", "limit")

    assert bench.server("n1").state == LOOKING


def test_a_leader_that_does_not_listen_yet_is_tried_again() -> None:
    """After 100 ms: the follower's election may end before the leader's own."""
    bench = Ensemble()
    bench.begin(*ALL)
    bench.fire("n1", "finalize")
    bench.settle()
    assert bench.hosts["n1"].timers["beat"].after_ns == bench.parameters.connect_retry
    bench.fire("n3", "finalize")
    bench.fire("n1", "beat")
    bench.settle()

    assert bench.led("n3") == [1]
