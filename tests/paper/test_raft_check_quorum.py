"""CheckQuorum and voters that stick to their leader: Dissertation §6.2, §4.2.3; etcd/raft; hashicorp/raft."""

from __future__ import annotations

from protocols.raft.messages import (
    AppendEntriesReply,
    InstallSnapshotReply,
    PreVote,
    PreVoteReply,
    RequestVote,
    RequestVoteReply,
    TransferRequestVote,
)
from protocols.recording import FollowedNow, RecordingHost
from tests.unit.raft_testing import (
    MS,
    TIMEOUT,
    RaftBench,
    append,
    effects_of,
    leader,
    notes,
    saved,
    sent,
    server,
    storage,
    tell,
    vote,
    without_notes,
)

CHECK = "check quorum"


def ack(term: int = 1) -> AppendEntriesReply:
    return AppendEntriesReply(term, True, 1, 0, 0)


def check(host: RecordingHost) -> None:
    host.take()
    host.timers[CHECK].fire()


# CheckQuorum ---------------------------------------------------------------------------------------


def test_a_leader_that_hears_no_majority_steps_down() -> None:
    """Dissertation §6.2: an election timeout without a round of heartbeats to a majority."""
    raft, host = leader(check_quorum=True)
    assert host.timers[CHECK].after_ns == TIMEOUT
    tell(raft, "n2", ack())
    check(host)

    assert (raft.role, raft.leader_id, raft.current_term) == ("follower", None, 1)
    assert [e for e in host.take() if isinstance(e, FollowedNow)] == [FollowedNow("quorum_lost")]


def test_a_leader_that_hears_a_majority_goes_on() -> None:
    """With itself, two of four followers are one."""
    raft, host = leader(check_quorum=True)
    for follower in ("n2", "n3"):
        tell(raft, follower, ack())
    check(host)

    assert (raft.role, host.timers[CHECK].after_ns) == ("leader", TIMEOUT)


def test_flags_are_cleared_at_each_check() -> None:
    """etcd 31f1a07: whom it heard before the last check does not count, so that it takes 1-2 timeouts."""
    raft, host = leader(check_quorum=True)
    for follower in ("n2", "n3"):
        tell(raft, follower, ack())
    check(host)
    check(host)

    assert raft.role == "follower"


def test_a_refusal_and_a_snapshots_answer_count_as_heard() -> None:
    """etcd stepLeader: RecentActive is set by any answer."""
    raft, host = leader(check_quorum=True)
    tell(raft, "n2", AppendEntriesReply(1, False, 0, 1, 0))
    tell(raft, "n3", InstallSnapshotReply(1, 0))
    check(host)

    assert raft.role == "leader"


def test_answers_of_earlier_terms_do_not_count() -> None:
    """They say nothing of this leadership."""
    raft, host = leader(storage(1), check_quorum=True)
    for follower in ("n2", "n3"):
        tell(raft, follower, ack(1))
    check(host)

    assert (raft.current_term, raft.role) == (2, "follower")


def test_without_the_switch_a_leader_stays() -> None:
    """Raft §5.1: it leads until a higher term shows up."""
    _, host = leader(pre_vote=False, voter_stickiness=True)

    assert host.timers[CHECK].after_ns is None


def test_a_deposed_leader_checks_no_more() -> None:
    """And tells its clients that it does not lead, and not that it is itself the one to ask."""
    raft, host = leader(check_quorum=True)
    tell(raft, "n2", append(2, (0, 0)))

    assert host.timers[CHECK].after_ns is None
    assert raft.leader_id == "n2"


def test_ages_count_where_a_lease_timeout_is_given() -> None:
    """hashicorp/raft checkLeaderLease: the next look is due when the oldest young contact is too old."""
    raft, host = leader(check_quorum=True, leader_lease_timeout=100 * MS)
    assert host.timers[CHECK].after_ns == 100 * MS
    host.now_ns = 70 * MS
    for follower in ("n2", "n3"):
        tell(raft, follower, ack())
    host.now_ns = 101 * MS
    check(host)
    assert (raft.role, host.timers[CHECK].after_ns) == ("leader", 69 * MS)
    host.now_ns = 171 * MS
    check(host)

    assert raft.role == "follower"


# Stickiness ----------------------------------------------------------------------------------------


def test_a_voter_that_hears_a_leader_ignores_votes() -> None:
    """Dissertation §4.2.3: it neither answers nor updates its term."""
    raft, host = server(voter_stickiness=True)
    tell(raft, "n3", append(1, (0, 0)))
    effects = effects_of(raft, host, "n2", vote(2))

    assert (raft.current_term, without_notes(effects)) == (1, [])
    assert notes(effects) == [("vote_refused", "n2", 2, "HEARD_LEADER")]


def test_it_ignores_pre_votes_as_well() -> None:
    """etcd Step: Vote and PreVote alike, without an answer."""
    raft, host = server(voter_stickiness=True, pre_vote=True)
    tell(raft, "n3", append(1, (0, 0)))

    assert effects_of(raft, host, "n2", PreVote(2, "n2", 0, 0)) == []


def test_it_votes_again_once_the_leader_was_silent_for_the_shortest_timeout() -> None:
    """Dissertation §4.2.3: the *minimum* election timeout."""
    raft, host = server(voter_stickiness=True)
    tell(raft, "n3", append(1, (0, 0)))
    host.now_ns = TIMEOUT

    assert sent(effects_of(raft, host, "n2", vote(2)), RequestVoteReply) == [
        ("n2", RequestVoteReply(2, True))
    ]


def test_it_votes_where_no_leader_is_known() -> None:
    """A vote that was granted resets the timer, and is no leader."""
    raft, host = server(voter_stickiness=True)
    tell(raft, "n2", vote(1))

    assert sent(effects_of(raft, host, "n3", vote(2, candidate="n3")), RequestVoteReply) == [
        ("n3", RequestVoteReply(2, True))
    ]


def test_a_leader_ignores_votes() -> None:
    """LogCabin: it withholds its own vote as long as it leads; CheckQuorum ends that."""
    raft, host = leader(voter_stickiness=True, check_quorum=True)
    effects = effects_of(raft, host, "n2", vote(9, 9, 9))

    assert (raft.role, raft.current_term, saved(effects)) == ("leader", 1, [])


def test_a_vote_that_the_leader_called_for_is_not_ignored() -> None:
    """Dissertation §4.2.3: with a flag for leadership transfer; etcd: campaignTransfer."""
    raft, host = server(voter_stickiness=True)
    tell(raft, "n3", append(1, (0, 0)))
    effects = effects_of(raft, host, "n2", TransferRequestVote(2, "n2", 0, 0))

    assert sent(effects, RequestVoteReply) == [("n2", RequestVoteReply(2, True))]


def test_a_vote_of_the_current_term_is_judged_as_ever() -> None:
    """etcd Step: only a higher term would disturb."""
    raft, host = server(voter_stickiness=True)
    tell(raft, "n3", append(1, (0, 0)))

    assert sent(effects_of(raft, host, "n2", vote(1)), RequestVoteReply) == [
        ("n2", RequestVoteReply(1, True))
    ]


def test_a_removed_or_returning_server_does_not_depose_the_leader() -> None:
    """Dissertation §4.2.3: its campaigns at ever higher terms are ignored by all that hear the leader."""
    bench = RaftBench(3, voter_stickiness=True)
    bench.elect("n1")
    bench.fire("n1", "heartbeat")
    bench.settle()
    for _ in range(3):
        bench.fire("n3", "election")
        bench.deliver(*bench.pending(RequestVote))

    assert bench.led() == [("n1", 1)]
    assert [bench.raft(n).current_term for n in ("n1", "n2", "n3")] == [1, 1, 4]


def test_pre_vote_alone_answers_and_stickiness_does_not() -> None:
    """The refusal of pre-vote for a leader that is heard is explicit; the lease of §4.2.3 is silent."""
    raft, host = server(pre_vote=True)
    tell(raft, "n3", append(1, (0, 0)))

    assert sent(effects_of(raft, host, "n2", PreVote(2, "n2", 0, 0)), PreVoteReply) == [
        ("n2", PreVoteReply(1, False))
    ]
