"""Leader leases: Dissertation §6.4.1, and what etcd's lease read leaves out."""

from __future__ import annotations

from typing import Any

from protocols.api import Reply
from protocols.raft.extended import ExtendedRaft
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Heartbeat,
    HeartbeatReply,
    PreVoteReply,
    RequestVoteReply,
)
from protocols.recording import RecordingHost
from tests.unit.raft_testing import (
    MS,
    TIMEOUT,
    RaftBench,
    append,
    effects_of,
    leader,
    request,
    sent,
    server,
    storage,
    tell,
    vote,
)

GET = request(1, "get", "k")
SAFE: dict[str, Any] = {"reads": "lease", "voter_stickiness": True, "clock_drift_bound": 1.5}


def ready(**settings: Any) -> tuple[ExtendedRaft, RecordingHost]:
    """Return a leader of five with an entry of its term committed, and no lease yet."""
    raft, host = leader(**{**SAFE, **settings})
    assert isinstance(raft, ExtendedRaft)
    for follower in ("n1", "n2", "n3"):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    host.take()
    return raft, host


def beat(raft: ExtendedRaft, host: RecordingHost, at_ns: int, answered_at_ns: int) -> None:
    """Send a round of heartbeats, and let a majority answer it."""
    host.now_ns = at_ns
    host.timers["heartbeat"].fire()
    host.now_ns = answered_at_ns
    for follower in ("n2", "n3"):
        tell(raft, follower, HeartbeatReply(1, raft._round))
    host.take()


def answered(raft: ExtendedRaft, host: RecordingHost) -> bool:
    """Return whether a read is answered at once."""
    host.take()
    tell(raft, "c1", GET)
    return [message.outcome for _, message in sent(host.take(), Reply)] == ["ok"]


def test_within_the_lease_reads_are_answered_at_once() -> None:
    """§6.4.1: no round of heartbeats."""
    raft, host = ready()
    beat(raft, host, 0, 10 * MS)

    assert answered(raft, host)


def test_a_lease_begins_when_the_round_was_sent() -> None:
    """§6.4.1, Figure 6.3: not when the answers came; voters' timeouts run from when they were sent to."""
    raft, host = ready()
    beat(raft, host, 0, 60 * MS)
    host.now_ns = TIMEOUT * 2 // 3 - 1
    assert answered(raft, host)
    host.now_ns += 1

    assert not answered(raft, host)


def test_a_lease_is_shorter_than_the_timeout_by_the_bound_of_the_clocks_drift() -> None:
    """§6.4.1: start + electionTimeout / clockDriftBound."""
    lengths = []
    for bound in (1.0, 1.5, 3.0):
        raft, host = ready(clock_drift_bound=bound)
        beat(raft, host, 0, 0)
        lengths.append(raft._lease_until)

    assert lengths == [TIMEOUT, TIMEOUT * 2 // 3, TIMEOUT // 3]


def test_a_lease_in_ticks_is_a_tick_shorter() -> None:
    """A voter's first tick may come at once, so that ten of them may take little more than nine."""
    raft, _ = leader(**{**SAFE, "clock_drift_bound": 1.0, "tick": 100 * MS})
    assert isinstance(raft, ExtendedRaft)

    assert raft._lease_length == 900 * MS


def test_after_the_lease_a_read_takes_a_round() -> None:
    """It falls back to ReadIndex."""
    raft, host = ready()
    beat(raft, host, 0, 0)
    host.now_ns = TIMEOUT
    tell(raft, "c1", GET)

    assert [peer for peer, _ in sent(host.take(), Heartbeat)] == list(raft.peers)


def test_heartbeats_renew_the_lease() -> None:
    """§6.4.1: in the normal course of things a read never waits."""
    raft, host = ready()
    for start in range(0, 1000, 50):
        beat(raft, host, start * MS, start * MS + 5 * MS)

    assert raft._lease_until == 950 * MS + TIMEOUT * 2 // 3


def test_who_lacks_entries_gets_them_besides() -> None:
    """Rounds carry none; the retries of §5.3 go on."""
    raft, host = ready()
    host.timers["heartbeat"].fire()
    effects = host.take()

    assert [peer for peer, _ in sent(effects, AppendEntries)] == ["n4", "n5"]
    assert [peer for peer, _ in sent(effects, Heartbeat)] == list(raft.peers)


def test_a_round_without_a_majority_renews_nothing() -> None:
    """With the leader itself two of five are none."""
    raft, host = ready()
    host.timers["heartbeat"].fire()
    tell(raft, "n2", HeartbeatReply(1, raft._round))

    assert not answered(raft, host)


def test_a_lease_ends_with_the_leadership() -> None:
    """The next one begins without."""
    raft, host = ready()
    beat(raft, host, 0, 0)
    tell(raft, "n2", append(2, (1, 1)))

    assert raft._lease_until < 0


def test_a_voter_that_was_heard_of_keeps_the_lease_through_higher_terms() -> None:
    """A term may reach it by other ways than a leader; what it answered to the leader still binds it."""
    raft, host = server(pre_vote=True, **SAFE)
    tell(raft, "n3", append(1, (0, 0)))
    tell(raft, "n4", PreVoteReply(5, False))
    assert (raft.current_term, raft.leader_id) == (5, None)
    tell(raft, "n2", vote(6))
    assert raft.current_term == 5
    host.now_ns = TIMEOUT

    assert sent(effects_of(raft, host, "n2", vote(6)), RequestVoteReply) == [
        ("n2", RequestVoteReply(6, True))
    ]


def test_a_voter_that_restarts_waits_for_a_timeout() -> None:
    """It does not remember whom it had answered (a consequence of §6.4.1)."""
    raft, host = server(storage(1), **SAFE)
    assert sent(effects_of(raft, host, "n2", vote(2, 1, 1)), RequestVoteReply) == []
    host.now_ns = TIMEOUT

    assert sent(effects_of(raft, host, "n2", vote(2, 1, 1)), RequestVoteReply) == [
        ("n2", RequestVoteReply(2, True))
    ]


def test_no_lease_before_an_entry_of_the_term_is_committed() -> None:
    """§6.4 step 1 holds for leases too."""
    raft, host = leader(storage(1), **SAFE)
    assert isinstance(raft, ExtendedRaft)
    host.timers["heartbeat"].fire()
    for follower in ("n2", "n3"):
        tell(raft, follower, HeartbeatReply(2, raft._round))

    assert not answered(raft, host)


# etcd's ----------------------------------------------------------------------------------------------


def test_etcds_lease_read_asks_no_clock() -> None:
    """etcd ReadOnlyLeaseBased: as long as CheckQuorum lets it lead, however long nobody has answered."""
    raft, host = leader(reads="unsafe_lease", check_quorum=True)
    assert isinstance(raft, ExtendedRaft)
    for follower in ("n1", "n2", "n3"):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    host.now_ns = 2 * TIMEOUT - 1

    assert answered(raft, host)


def unsafe_story(reads: str) -> list[Any]:
    """Return what a client reads from a leader that is cut off, after another one has written.

    All clocks agree. n1 is heard just before its check of the quorum, cut off, and lets the check pass at
    one timeout; n2 and n3 elect n2 after one timeout without it, and write.
    """
    bench = RaftBench(3, reads=reads, check_quorum=True, voter_stickiness=True)
    for host in bench.hosts.values():
        host.now_ns = TIMEOUT  # the voters have waited after their start
    bench.elect("n1")
    bench.fire("n1", "heartbeat")
    bench.settle()
    for host in bench.hosts.values():
        host.now_ns = 2 * TIMEOUT + 10 * MS
    bench.fire("n1", "check quorum")
    bench.elect("n2", among=("n2", "n3"))
    bench.tell("c1", "n2", request(1, "put", "k", "new"))
    bench.settle(among=("n2", "n3"))
    bench.drop()
    bench.mail.clear()
    bench.tell("c1", "n1", request(2, "get", "k"))
    bench.settle(among=("n1",))
    return [reply.value for reply in bench.replies()]


def test_etcds_lease_read_is_stale_with_perfect_clocks() -> None:
    """protocols.md A10: a leader is deposed one timeout after the cut, and steps down after up to two."""
    assert unsafe_story("unsafe_lease") == [None]


def test_neither_read_index_nor_a_lease_with_a_clock_is() -> None:
    """They answer nothing that they cannot know."""
    assert (unsafe_story("read_index"), unsafe_story("lease")) == ([], [])
