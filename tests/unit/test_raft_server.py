"""What the paper leaves open, and this server decides."""

from __future__ import annotations

import pytest

from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVoteReply
from protocols.recording import FollowedNow, LedNow, Sent
from tests.unit.raft_testing import (
    RaftBench,
    append,
    effects_of,
    leader,
    log_terms,
    notes,
    request,
    sent,
    server,
    storage,
    tell,
    vote,
)


def test_followers_with_equal_needs_get_the_very_same_message() -> None:
    """It is built once; nobody changes a message that was sent."""
    raft, host = leader()
    tell(raft, "n5", AppendEntriesReply(1, True, 1, 0, 0))
    host.take()

    host.timers["heartbeat"].fire()

    messages = dict(sent(host.take(), AppendEntries))
    assert messages["n2"] is messages["n3"] is messages["n4"]
    assert (len(messages["n2"].entries), len(messages["n5"].entries)) == (1, 0)


def test_every_answer_to_a_heartbeat_is_the_same_until_something_changes() -> None:
    """It is built once per match index and term."""
    raft, host = server()
    beat = append(1, (0, 0))
    answers = [sent(effects_of(raft, host, "n2", beat), AppendEntriesReply)[0][1] for _ in range(2)]
    later = sent(effects_of(raft, host, "n3", append(2, (0, 0))), AppendEntriesReply)[0][1]

    assert answers[0] is answers[1]
    assert later == AppendEntriesReply(2, True, 0, 0, 0)


def test_a_leader_is_noted_once_per_term_and_follower() -> None:
    """The note `leader_known` says when a server first heard of it."""
    raft, host = server()
    noted = []
    for source, term in (("n2", 1), ("n2", 1), ("n3", 2), ("n3", 2)):
        noted += notes(effects_of(raft, host, source, append(term, (0, 0))), "leader_known")

    assert noted == [("leader_known", "n2", 1), ("leader_known", "n3", 2)]


def test_belief_begins_with_the_election_and_ends_with_stepping_down() -> None:
    """`lead` and `follow` alternate, and a follower or candidate never calls `follow`."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.elect("n2")
    bench.fire("n3", "election")
    bench.settle()

    beliefs = [(node, e) for node, e in bench.effects if isinstance(e, LedNow | FollowedNow)]
    assert beliefs == [
        ("n1", LedNow(1)),
        ("n1", FollowedNow("higher_term")),
        ("n2", LedNow(2)),
        ("n2", FollowedNow("higher_term")),
        ("n3", LedNow(3)),
    ]


def test_a_candidate_that_steps_down_keeps_its_timer() -> None:
    """Only a leader, or a vote that is granted, puts an election off (Raft Figure 2, followers 2)."""
    raft, host = server(storage(1))
    host.timers["election"].fire()
    before = host.timers["election"].after_ns
    host.take()

    tell(raft, "n2", vote(9, 0, 0))

    assert raft.role == "follower"
    assert host.timers["election"].after_ns == before
    assert [e for e in host.take() if type(e).__name__ == "TimerSet"] == []


def test_a_second_leader_of_the_same_term_gets_no_help() -> None:
    """It cannot be unless a disk lied; a leader that acknowledged it would hide the damage."""
    raft, host = leader()

    assert effects_of(raft, host, "n2", append(1, (0, 0), commit=5)) == []
    assert (raft.role, raft.commit_index) == ("leader", 0)


def test_an_answer_beyond_the_log_commits_no_more_than_the_log_has() -> None:
    """It answers an incarnation that led in this term too, and that a lying disk has forgotten."""
    raft, _ = leader()
    for follower in ("n2", "n3", "n4"):
        tell(raft, follower, AppendEntriesReply(1, True, 40, 0, 0))

    assert raft.commit_index == 1


def test_requests_that_an_earlier_leader_left_are_not_appended_again() -> None:
    """The new leader finds them in its log, and answers when they are applied."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.deliver(*bench.pending(AppendEntries, target="n2"))
    bench.crash("n1")
    bench.drop()
    bench.fire("n2", "election")
    bench.deliver(*bench.pending(target="n3"))
    bench.deliver(*bench.pending(RequestVoteReply, target="n2"))
    bench.tell("c1", "n2", request(1))
    bench.settle()

    assert log_terms(bench.raft("n2")) == [1, 1, 2]
    assert [(reply.outcome, reply.epoch) for reply in bench.replies()] == [("ok", 2)]


def test_a_forgotten_campaign_does_not_give_two_leaders() -> None:
    """With `overlap_own_vote` a crash may forget the own vote; it was not counted yet either.

    n1 asks for votes in term 1, loses its power before its own vote is durable, restarts in term 0, and
    votes for n3 in term 1. n2's vote for the first campaign arrives later, and counts for nothing.
    """
    bench = RaftBench(3)
    bench.stall_disk("n1")
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(target="n2"))
    bench.crash("n1")
    bench.restart("n1")
    assert bench.raft("n1").current_term == 0

    bench.fire("n3", "election")
    bench.deliver(*bench.pending(source="n3", target="n1"))
    bench.deliver(*bench.pending(RequestVoteReply, target="n3"))
    bench.deliver(*bench.pending(RequestVoteReply, target="n1"))

    assert bench.led() == [("n3", 1)]


def test_requests_for_votes_wait_for_the_log_that_they_speak_of() -> None:
    """What overlaps is the own vote only: everything saved before it is a barrier."""
    bench = RaftBench(3)
    bench.stall_disk("n1")
    bench.tell("n2", "n1", append(1, (0, 0), *storage(1).log.slice(1, 1)))
    bench.fire("n1", "election")

    assert [e for e in bench.network if e.source == "n1"] == []
    bench.resume_disk("n1")
    assert [e.message.last_log_index for e in bench.pending(source="n1", target="n3")] == [1]


@pytest.mark.parametrize("overlap", [True, False])
def test_a_slow_disk_delays_a_lone_candidate_until_its_vote_is_durable(overlap: bool) -> None:
    """One of two others votes; the own vote makes the majority, and it counts when it is written."""
    bench = RaftBench(3, overlap_own_vote=overlap)
    bench.stall_disk("n1")
    bench.fire("n1", "election")
    assert (bench.pending(target="n2") != []) == overlap
    bench.settle(among=("n1", "n2"))
    assert bench.led() == []

    bench.resume_disk("n1")
    bench.settle(among=("n1", "n2"))
    assert bench.led() == [("n1", 1)]


def test_messages_of_other_kinds_are_not_listened_to() -> None:
    """The host ignores what has no handler."""
    raft, _ = server()

    assert Sent not in raft.handlers
    assert len(raft.handlers) == 7
