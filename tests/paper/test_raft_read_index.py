"""Reads without the log: Dissertation §6.4 (ReadIndex); etcd/raft `read_only.go`."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import Reply
from protocols.raft.extended import ExtendedRaft
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Heartbeat,
    HeartbeatReply,
    ReadIndex,
    ReadIndexReply,
)
from protocols.recording import RecordingHost
from tests.unit.raft_testing import (
    RaftBench,
    append,
    effects_of,
    leader,
    request,
    sent,
    server,
    storage,
    tell,
)

GET = request(1, "get", "k")


def reading(raft: Any, host: RecordingHost) -> list[Reply]:
    """Return what clients are told by what was done last."""
    return [message for _, message in sent(host.take(), Reply)]


def ready(**settings: Any) -> tuple[ExtendedRaft, RecordingHost]:
    """Return the leader of five that has committed an entry of its term."""
    raft, host = leader(reads="read_index", **settings)
    assert isinstance(raft, ExtendedRaft)
    for follower in ("n1", "n2", "n3"):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    assert raft.commit_index == 1
    host.take()
    return raft, host


def test_a_read_adds_nothing_to_the_log() -> None:
    """§6.4: that is the point of it."""
    raft, host = ready()
    tell(raft, "c1", GET)

    assert raft.log.last_index == 1
    assert sent(host.take(), AppendEntries) == []


def test_a_read_waits_for_a_round_of_heartbeats_to_a_majority() -> None:
    """§6.4 step 3: it cannot have been deposed when the round began."""
    raft, host = ready()
    tell(raft, "c1", GET)
    assert sent(host.take(), Heartbeat) == [(peer, Heartbeat(1, 1, c)) for peer, c in (
        ("n2", 1), ("n3", 1), ("n4", 0), ("n5", 0)
    )]  # fmt: skip
    tell(raft, "n2", HeartbeatReply(1, 1))
    assert reading(raft, host) == []
    tell(raft, "n3", HeartbeatReply(1, 1))

    assert reading(raft, host) == [Reply("c1", 1, "ok", None, "n1", 1)]


def test_a_heartbeat_carries_the_commit_index_only_as_far_as_the_follower_agrees() -> None:
    """etcd sendHeartbeat: min(match, committed), since it has no check of the log."""
    raft, host = ready()
    tell(raft, "c1", GET)
    commits = {peer: message.commit for peer, message in sent(host.take(), Heartbeat)}

    assert commits == {"n2": 1, "n3": 1, "n4": 0, "n5": 0}


def test_no_read_before_an_entry_of_the_term_is_committed() -> None:
    """§6.4 step 1; etcd f9382a4: until then the leader may not know what is committed."""
    raft, host = leader(storage(1), reads="read_index")
    tell(raft, "c1", GET)
    assert sent(host.take(), Heartbeat) == []
    for follower in ("n1", "n2", "n3"):
        tell(raft, follower, AppendEntriesReply(2, True, 2, 0, 0))
    assert [peer for peer, _ in sent(host.take(), Heartbeat)] == list(raft.peers)
    for follower in ("n2", "n3"):
        tell(raft, follower, HeartbeatReply(2, 1))

    assert [reply.outcome for reply in reading(raft, host)] == ["ok"]


def test_each_round_has_a_number_of_its_own() -> None:
    """etcd-io/raft 397: a number that is used again lets late answers confirm a newer read."""
    raft, host = ready()
    tell(raft, "c1", GET)
    tell(raft, "c1", request(2, "get", "k"))
    host.timers["heartbeat"].fire()

    rounds = [message.round for peer, message in sent(host.take(), Heartbeat) if peer == "n2"]
    assert rounds == [1, 2, 3]


def test_an_earlier_round_confirms_no_later_read() -> None:
    """It may have been answered before the read came."""
    raft, host = ready()
    tell(raft, "c1", GET)
    tell(raft, "c2", request(1, "get", "k", client="c2"))
    for follower in ("n2", "n3"):
        tell(raft, follower, HeartbeatReply(1, 1))

    assert [reply.client for reply in reading(raft, host)] == ["c1"]


def test_a_later_round_confirms_earlier_reads() -> None:
    """What was lost on the way is not missed (etcd readOnly.advance)."""
    raft, host = ready()
    tell(raft, "c1", GET)
    host.timers["heartbeat"].fire()
    for follower in ("n4", "n5"):
        tell(raft, follower, HeartbeatReply(1, 2))

    assert [reply.outcome for reply in reading(raft, host)] == ["ok"]


def test_answers_to_different_rounds_count_for_the_older_one() -> None:
    """One follower answered the first, one the second: a majority with the leader for the first."""
    raft, host = ready()
    tell(raft, "c1", GET)
    host.timers["heartbeat"].fire()
    host.take()
    tell(raft, "n4", HeartbeatReply(1, 2))
    tell(raft, "n5", HeartbeatReply(1, 1))

    assert [reply.outcome for reply in reading(raft, host)] == ["ok"]


def test_acknowledged_entries_confirm_nothing() -> None:
    """They carry no round: the message that they answer may be older than the read."""
    raft, host = ready()
    tell(raft, "c1", GET)
    for follower in ("n4", "n5"):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))

    assert reading(raft, host) == []


def test_a_read_is_given_up_with_the_leadership() -> None:
    """etcd #20418: whoever is deposed before it answers must not answer."""
    raft, host = ready()
    tell(raft, "c1", GET)
    host.take()
    tell(raft, "n2", append(2, (1, 1)))
    assert [reply.outcome for reply in reading(raft, host)] == ["not_leader"]
    for follower in ("n3", "n4", "n5"):
        tell(raft, follower, HeartbeatReply(1, 1))

    assert reading(raft, host) == []


def test_a_read_that_waits_for_the_first_commit_is_given_up_as_well() -> None:
    """It had not even begun."""
    raft, host = leader(storage(1), reads="read_index")
    tell(raft, "c1", GET)
    host.take()
    tell(raft, "n2", append(3, (1, 1)))

    assert [reply.outcome for reply in reading(raft, host)] == ["not_leader"]


def test_a_follower_asks_the_leader_and_waits_until_it_has_applied_as_much() -> None:
    """§6.4: so that followers share the load of reading; etcd: MsgReadIndex."""
    raft, host = server(reads="read_index")
    assert isinstance(raft, ExtendedRaft)
    tell(raft, "n2", append(1, (0, 0)))
    host.take()
    told: list[bool] = []
    number = raft.read_index(told.append)
    assert sent(host.take(), ReadIndex) == [("n2", ReadIndex(number))]
    tell(raft, "n2", ReadIndexReply(number, 1))
    assert told == []
    tell(raft, "n2", append(1, (0, 0), *storage(1).log.slice(1, 1), commit=1))

    assert told == [True]


def test_the_leader_confirms_itself_for_a_follower() -> None:
    """And tells the index up to which it had committed when it was asked."""
    raft, host = ready()
    tell(raft, "n4", ReadIndex(7))
    assert sent(host.take(), ReadIndexReply) == []
    for follower in ("n2", "n3"):
        tell(raft, follower, HeartbeatReply(1, 1))

    assert sent(host.take(), ReadIndexReply) == [("n4", ReadIndexReply(7, 1))]


def test_who_does_not_lead_says_so() -> None:
    """The asking server may ask somebody else."""
    raft, host = server(reads="read_index")

    assert sent(effects_of(raft, host, "n2", ReadIndex(3)), ReadIndexReply) == [
        ("n2", ReadIndexReply(3, None))
    ]


@pytest.mark.parametrize("deposed", [True, False])
def test_a_followers_read_fails_when_its_leader_does(deposed: bool) -> None:
    """Or when that one says that it does not lead any more."""
    raft, _ = server(reads="read_index")
    assert isinstance(raft, ExtendedRaft)
    tell(raft, "n2", append(1, (0, 0)))
    told: list[bool] = []
    number = raft.read_index(told.append)
    tell(raft, "n2", ReadIndexReply(number, None)) if deposed else tell(raft, "n3", append(2, (0, 0)))

    assert told == [False]


def test_a_read_that_was_abandoned_is_never_told() -> None:
    """Wherever it waits."""
    raft, _ = server(reads="read_index")
    assert isinstance(raft, ExtendedRaft)
    tell(raft, "n2", append(1, (0, 0)))
    told: list[bool] = []
    first, second = raft.read_index(told.append), raft.read_index(told.append)
    tell(raft, "n2", ReadIndexReply(second, 1))
    raft.abandon(first)
    raft.abandon(second)
    tell(raft, "n2", ReadIndexReply(first, 0))
    tell(raft, "n2", append(1, (0, 0), *storage(1).log.slice(1, 1), commit=1))

    assert told == []


def test_a_lone_server_reads_at_once() -> None:
    """It is a majority."""
    bench = RaftBench(1, reads="read_index")
    bench.elect("n1")
    bench.tell("c1", "n1", GET)

    assert [reply.outcome for reply in bench.replies()] == ["ok"]


def test_a_heartbeat_is_a_contact_with_the_leader_and_a_lower_term_is_told() -> None:
    """As AppendEntries is (Raft Figure 2); the answer carries the round."""
    raft, host = server(storage(1, term=2), reads="read_index")
    effects = effects_of(raft, host, "n2", Heartbeat(2, 5, 1))
    assert sent(effects, HeartbeatReply) == [("n2", HeartbeatReply(2, 5))]
    assert (raft.leader_id, raft.commit_index) == ("n2", 1)

    refused = sent(effects_of(raft, host, "n3", Heartbeat(1, 9, 0)), AppendEntriesReply)
    assert refused == [("n3", AppendEntriesReply(2, False, 0, 0, 0))]


def test_writes_go_through_the_log_as_ever() -> None:
    """Only what reads is answered without it."""
    raft, _ = ready()
    tell(raft, "c1", request(1, "put", "k", 1))

    assert raft.log.last_index == 2
