"""Pipelining and batching: Dissertation §10.2.1 and §10.2.2."""

from __future__ import annotations

from protocols.raft.messages import AppendEntries, AppendEntriesReply
from protocols.recording import Effect
from tests.unit.raft_testing import (
    MS,
    RaftBench,
    append,
    data,
    leader,
    log_terms,
    request,
    saved,
    sent,
    tell,
)


def indices(effects: list[Effect], peer: str = "n2") -> list[tuple[int, int]]:
    """Return (first, last) index of the entries that were sent to a follower, per message."""
    found = [message for to, message in sent(effects, AppendEntries) if to == peer]
    return [(m.prev_log_index + 1, m.prev_log_index + len(m.entries)) for m in found]


def ack(match: int) -> AppendEntriesReply:
    return AppendEntriesReply(1, True, match, 0, 0)


def test_a_leader_does_not_wait_for_answers() -> None:
    """§10.2.1: it assumes success, and sends what comes next."""
    raft, host = leader(pipeline=4)
    for serial in (1, 2):
        tell(raft, "c1", request(serial))

    assert indices(host.take()) == [(2, 2), (3, 3)]


def test_a_full_window_waits() -> None:
    """With the no-op two messages are under way; the third leaves with the first answer."""
    raft, host = leader(pipeline=2)
    for serial in (1, 2):
        tell(raft, "c1", request(serial))
    assert indices(host.take()) == [(2, 2)]
    tell(raft, "n2", ack(1))

    assert indices(host.take()) == [(3, 3)]


def test_answers_that_leave_nothing_to_send_send_nothing() -> None:
    """An empty message would be a heartbeat out of turn."""
    raft, host = leader(pipeline=4)
    tell(raft, "c1", request(1))
    host.take()
    tell(raft, "n2", ack(1))
    tell(raft, "n2", ack(2))

    assert indices(host.take()) == []


def test_heartbeats_send_again_what_was_not_answered() -> None:
    """§10.2.1: after a loss it goes back to what it knows."""
    raft, host = leader(pipeline=4)
    tell(raft, "c1", request(1))
    host.take()
    host.timers["heartbeat"].fire()

    assert indices(host.take()) == [(1, 2)]


def test_a_refusal_sends_from_where_the_logs_may_agree() -> None:
    """Whatever was sent ahead is in vain."""
    raft, host = leader(pipeline=4)
    for serial in (1, 2):
        tell(raft, "c1", request(serial))
    tell(raft, "n2", ack(1))
    raft.next_index["n2"] = 3
    host.take()
    tell(raft, "n2", AppendEntriesReply(1, False, 0, 2, 0))

    assert indices(host.take()) == [(2, 3)]


def test_a_pipelined_cluster_agrees() -> None:
    """Also where messages overtake each other."""
    bench = RaftBench(3, pipeline=8)
    bench.elect("n1")
    for serial in range(1, 9):
        bench.tell("c1", "n1", request(serial))
    for envelope in reversed(bench.pending()):
        bench.deliver(envelope)
    bench.settle()
    for _ in range(2):
        bench.fire("n1", "heartbeat")
        bench.settle()

    assert [bench.raft(n).commit_index for n in ("n1", "n2", "n3")] == [9, 9, 9]


def test_commands_that_come_together_are_written_and_sent_together() -> None:
    """§10.2.2: one write and one message for many."""
    raft, host = leader(batch_delay=2 * MS)
    tell(raft, "n2", ack(1))
    host.take()
    for serial in range(1, 4):
        tell(raft, "c1", request(serial))
    assert (indices(host.effects), saved(host.effects), host.timers["batch"].after_ns) == ([], [], 2 * MS)
    host.timers["batch"].fire()
    effects = host.take()

    assert indices(effects) == [(2, 4)]
    assert [len(record.entries) for record in saved(effects)] == [3]


def test_a_batch_is_committed_and_answered_like_anything_else() -> None:
    """Each command by itself."""
    bench = RaftBench(3, batch_delay=2 * MS)
    bench.elect("n1")
    for serial in (1, 2):
        bench.tell("c1", "n1", request(serial))
    bench.fire("n1", "batch")
    bench.settle()

    assert [reply.serial for reply in bench.replies()] == [1, 2]
    assert data(bench.raft("n1")) == {"k": 2}


def test_a_leader_that_falls_writes_its_batch_first() -> None:
    """What it has in memory and what it has on disk must be the same log."""
    bench = RaftBench(3, batch_delay=2 * MS)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.tell("n2", "n1", append(5, (1, 1)))
    bench.crash("n1")
    bench.restart("n1")

    assert log_terms(bench.raft("n1")) == [1, 1]


def test_a_snapshot_comes_after_the_batch_that_waits() -> None:
    """Or the disk would have a gap: followers may have committed what is not written here."""
    bench = RaftBench(3, batch_delay=2 * MS, snapshot_entries=2)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.fire("n1", "heartbeat")
    bench.settle(among=("n2", "n3", "n1"))
    bench.fire("n1", "heartbeat")
    bench.settle()
    bench.crash("n1")
    bench.restart("n1")

    assert bench.raft("n1").log.snapshot_index == 2
