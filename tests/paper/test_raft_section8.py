"""Raft §8 (client interaction)."""

from __future__ import annotations

from protocols.api import Reply
from protocols.kv import KeyValue
from protocols.raft.storage import HardState
from protocols.recording import FollowedNow, Sent
from tests.unit.raft_testing import (
    RaftBench,
    append,
    data,
    effects_of,
    leader,
    log_terms,
    request,
    saved,
    tell,
)


def committed_leader() -> RaftBench:
    """Return a cluster of three that n1 leads."""
    bench = RaftBench(3)
    bench.elect("n1")
    return bench


def test_a_repeated_request_is_answered_without_executing_it_again() -> None:
    """Raft §8: the state machine remembers the latest serial of each client and its answer."""
    bench = committed_leader()
    ask = request(1, "cas", "x", None, 1)
    bench.tell("c1", "n1", ask)
    bench.settle()
    last = bench.raft("n1").log.last_index

    bench.tell("c1", "n1", ask)

    assert bench.replies() == [Reply("c1", 1, "ok", True, "n1", 1)] * 2
    assert bench.raft("n1").log.last_index == last


def test_a_repeated_request_that_is_under_way_is_not_appended_again() -> None:
    """Raft §8: it is answered once the first one is applied."""
    bench = committed_leader()
    bench.tell("c1", "n1", request(1))
    bench.tell("c1", "n1", request(1))

    assert bench.raft("n1").log.last_index == 2
    bench.settle()
    assert bench.replies() == [Reply("c1", 1, "ok", None, "n1", 1)]


def test_a_repetition_at_the_next_leader_is_executed_once() -> None:
    """Raft §8: the leader crashes after committing but before answering; the client tries elsewhere."""
    bench = committed_leader()
    ask = request(1, "cas", "x", None, 1)
    bench.stall_disk("n1")
    bench.tell("c1", "n1", ask)
    bench.settle(among=("n1", "n2"))
    bench.crash("n1")
    bench.drop()
    bench.fire("n2", "election")
    bench.deliver(*bench.pending(target="n3"))
    bench.deliver(*bench.pending(source="n3"))
    assert bench.raft("n2").role == "leader"
    bench.tell("c1", "n2", ask)
    assert log_terms(bench.raft("n2")) == [1, 1, 2]

    bench.settle()

    assert bench.replies() == [Reply("c1", 1, "ok", True, "n2", 2)]


def test_a_leader_that_loses_its_leadership_says_that_it_does_not_know() -> None:
    """Raft §8: what becomes of the request is for the next leader to find out; the client retries."""
    raft, host = leader()
    tell(raft, "c1", request(1))
    tell(raft, "c2", request(1, client="c2"))

    effects = effects_of(raft, host, "n2", append(2, (0, 0)))

    unknown = [Sent(c, Reply(c, 1, "unknown", None, None, 2)) for c in ("c1", "c2")]
    position = effects.index(FollowedNow("higher_term"))
    assert [e for e in effects[position:] if isinstance(e, Sent)][:2] == unknown
    assert saved(effects[:position]) == [HardState(2, None)]
    assert (raft.waiting, raft.accepted) == ({}, {})


def test_a_request_that_its_client_gave_up_is_not_executed() -> None:
    """Raft §8: below the oldest open serial of its client nothing is remembered."""
    bench = committed_leader()
    bench.tell("c1", "n1", request(5, oldest=5))
    bench.settle()
    bench.tell("c1", "n1", request(4))

    assert bench.replies()[1:] == [Reply("c1", 4, "unknown", None, "n1", 1)]
    assert data(bench.raft("n1")) == {"k": 5}


def test_reads_go_through_the_log() -> None:
    """Raft §8: a read that is not logged could be stale; here each is a command like the others."""
    bench = committed_leader()
    bench.tell("c1", "n1", request(1, "put", "x", 3))
    bench.tell("c2", "n1", request(1, "get", "x", client="c2"))
    bench.settle()

    assert [(reply.client, reply.value) for reply in bench.replies()] == [("c1", None), ("c2", 3)]
    assert bench.raft("n1").log.last_index == 3


def test_the_machine_is_the_same_on_all_servers() -> None:
    """Raft §2: equal logs make equal states."""
    bench = committed_leader()
    for serial, command in enumerate([("put", "x", 1), ("cas", "x", 1, 2), ("get", "x")], 1):
        bench.tell("c1", "n1", request(serial, *command))
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    states = [bench.raft(node).machine.snapshot() for node in bench.processes]
    assert states == [states[0]] * 3
    assert states[0] != KeyValue().snapshot()
