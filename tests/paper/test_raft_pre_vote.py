"""Pre-vote: Dissertation §9.6, with the rules of etcd/raft (`raft.go`) where the text leaves them open."""

from __future__ import annotations

import pytest

from protocols.raft.messages import AppendEntries, PreVote, PreVoteReply, RequestVote, RequestVoteReply
from protocols.raft.storage import HardState
from protocols.recording import Effect, Sent, TimerSet
from tests.unit.raft_testing import (
    MS,
    TIMEOUT,
    RaftBench,
    append,
    effects_of,
    leader,
    saved,
    sent,
    server,
    storage,
    tell,
)


def pre_vote(term: int, last: tuple[int, int] = (0, 0), candidate: str = "n2") -> PreVote:
    return PreVote(term, candidate, *last)


def answer(effects: list[Effect]) -> list[tuple[str, PreVoteReply]]:
    return sent(effects, PreVoteReply)


def test_a_server_asks_before_it_increments_its_term() -> None:
    """Dissertation §9.6: a candidate increments its term only if it could win."""
    raft, host = server(storage(1), pre_vote=True)
    host.timers["election"].fire()
    effects = host.take()

    asked = PreVote(2, "n1", 1, 1)
    assert sent(effects, PreVote) == [(peer, asked) for peer in raft.peers]
    assert (raft.current_term, raft.role, saved(effects)) == (1, "pre_candidate", [])


def test_a_majority_of_pre_votes_starts_the_campaign() -> None:
    """Dissertation §9.6: then it does what a candidate does."""
    raft, host = server(pre_vote=True)
    host.timers["election"].fire()
    tell(raft, "n2", PreVoteReply(1, True))
    assert raft.role == "pre_candidate"
    host.take()
    tell(raft, "n3", PreVoteReply(1, True))

    effects = host.take()
    assert (raft.role, raft.current_term) == ("candidate", 1)
    assert [peer for peer, _ in sent(effects, RequestVote)] == list(raft.peers)


def test_a_pre_vote_never_changes_the_term_of_the_receiver() -> None:
    """etcd Step: "Never change our term in response to a PreVote"."""
    raft, host = server(storage(1), pre_vote=True)
    effects = effects_of(raft, host, "n2", pre_vote(9, (1, 1)))

    assert (raft.current_term, saved(effects)) == (1, [])


def test_a_grant_neither_records_a_vote_nor_resets_the_timer() -> None:
    """etcd Step ("Only record real votes"); hashicorp/raft 609: it must not count as a contact."""
    raft, host = server(pre_vote=True)
    effects = effects_of(raft, host, "n2", pre_vote(1))

    assert answer(effects) == [("n2", PreVoteReply(1, True))]
    assert (raft.voted_for, saved(effects)) == (None, [])
    assert [effect for effect in effects if isinstance(effect, TimerSet)] == []


def test_several_servers_may_get_a_pre_vote_for_the_same_term() -> None:
    """It promises nothing: the votes themselves are given once."""
    raft, host = server(pre_vote=True)
    granted = [answer(effects_of(raft, host, n, pre_vote(1, candidate=n)))[0][1] for n in ("n2", "n3")]

    assert granted == [PreVoteReply(1, True)] * 2


def test_a_grant_carries_the_term_that_was_asked_for() -> None:
    """etcd Step: the local term may be behind, and the candidate would ignore the grant as stale."""
    raft, host = server(storage(1), pre_vote=True)

    assert answer(effects_of(raft, host, "n2", pre_vote(7, (1, 1)))) == [("n2", PreVoteReply(7, True))]


def test_a_refusal_carries_the_term_of_the_receiver() -> None:
    """etcd Step: so that a candidate that is behind catches up."""
    raft, host = server(storage(1, 3), pre_vote=True)

    assert answer(effects_of(raft, host, "n2", pre_vote(4, (5, 2)))) == [("n2", PreVoteReply(3, False))]


def test_a_pre_vote_of_a_lower_term_is_refused_explicitly() -> None:
    """etcd 3c7359d: dropping it in silence deadlocks a cluster in which pre-vote is being rolled out."""
    raft, host = server(storage(1, term=5), pre_vote=True)

    assert answer(effects_of(raft, host, "n2", pre_vote(3, (9, 2)))) == [("n2", PreVoteReply(5, False))]


def test_a_refusal_of_a_higher_term_is_followed() -> None:
    """It is a message with a term like any other (Raft Figure 2, all servers 2)."""
    raft, host = server(pre_vote=True)
    host.timers["election"].fire()
    host.take()
    tell(raft, "n2", PreVoteReply(5, False))

    assert (raft.role, raft.current_term, saved(host.take())) == ("follower", 5, [HardState(5, None)])


def test_a_pre_vote_needs_an_up_to_date_log() -> None:
    """Dissertation §9.6: granted only if a vote would be."""
    raft, host = server(storage(1, 2), pre_vote=True)
    granted = [
        answer(effects_of(raft, host, "n2", pre_vote(3, last)))[0][1].vote_granted
        for last in ((9, 1), (1, 2), (2, 2))
    ]

    assert granted == [False, False, True]


def test_a_pre_vote_is_refused_while_a_leader_is_heard() -> None:
    """Dissertation §9.6: not if it heard from a valid leader within the minimum election timeout."""
    raft, host = server(pre_vote=True)
    tell(raft, "n3", append(1, (0, 0)))
    granted = []
    for age in (0, TIMEOUT - 1, TIMEOUT):
        host.now_ns = age
        granted.append(answer(effects_of(raft, host, "n2", pre_vote(2)))[0][1].vote_granted)

    assert granted == [False, False, True]


def test_a_leader_grants_no_pre_vote() -> None:
    """It knows a leader, itself, and hears from it all the time."""
    raft, host = leader(pre_vote=False, check_quorum=True)
    assert answer(effects_of(raft, host, "n2", pre_vote(2, (9, 9)))) == [("n2", PreVoteReply(1, False))]


def test_the_tally_is_reset_with_each_pre_candidacy() -> None:
    """etcd 8edd37a: grants of an earlier attempt do not count."""
    raft, host = server(pre_vote=True)
    for voter in ("n2", "n3"):
        host.timers["election"].fire()
        tell(raft, voter, PreVoteReply(1, True))

    assert raft.role == "pre_candidate"


@pytest.mark.parametrize("reply", [PreVoteReply(1, True), PreVoteReply(3, True)])
def test_grants_for_another_term_do_not_count(reply: PreVoteReply) -> None:
    """They answer an older question."""
    raft, host = server(storage(term=1), pre_vote=True)
    host.timers["election"].fire()
    for voter in ("n2", "n3"):
        tell(raft, voter, reply)

    assert raft.role == "pre_candidate"


def test_a_leader_that_shows_up_ends_the_pre_candidacy() -> None:
    """Also the one of the current term, which was known before."""
    raft, host = server(pre_vote=True)
    tell(raft, "n2", append(1, (0, 0)))
    host.timers["election"].fire()
    tell(raft, "n2", append(1, (0, 0)))
    for voter in ("n3", "n4"):
        tell(raft, voter, PreVoteReply(2, True))

    assert (raft.role, raft.current_term, raft.leader_id) == ("follower", 1, "n2")


def test_a_lone_server_needs_no_answers() -> None:
    """It is a majority."""
    bench = RaftBench(1, pre_vote=True)
    bench.elect("n1")

    assert bench.led() == [("n1", 1)]


def test_a_server_that_was_cut_off_does_not_disturb_when_it_comes_back() -> None:
    """Dissertation §9.6: its term did not grow meanwhile, so that the leader stays."""
    bench = RaftBench(3, pre_vote=True)
    bench.elect("n1")
    for _ in range(5):
        bench.fire("n3", "election")
        bench.drop()
    bench.fire("n3", "election")
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert (bench.led(), bench.raft("n3").current_term) == ([("n1", 1)], 1)


def test_two_pre_candidates_at_once_elect_somebody_in_the_end() -> None:
    """etcd TestPreVoteWithSplitVote: both get pre-votes, split the votes, and one tries again."""
    bench = RaftBench(3, pre_vote=True)
    bench.crash("n3")
    for node in ("n1", "n2"):
        bench.fire(node, "election")
    bench.settle()
    assert bench.led() == []
    bench.fire("n1", "election")
    bench.settle()

    assert bench.led() == [("n1", 2)]


def test_a_server_at_a_higher_term_is_freed() -> None:
    """etcd Step: it answers the leader's messages of a lower term with its own, at the cost of one election.

    Its pre-votes are refused for its log, and without that answer it would be stuck for ever.
    """
    bench = RaftBench(3, pre_vote=True, check_quorum=True, voter_stickiness=True)
    bench.elect("n1")
    bench.reboot("n3", storage(term=5))
    bench.fire("n1", "heartbeat")
    bench.settle()
    assert bench.raft("n1").role == "follower"
    bench.hosts["n2"].now_ns = bench.hosts["n1"].now_ns = 10**10
    bench.elect("n1")

    assert bench.led() == [("n1", 1), ("n1", 6)]
    assert bench.raft("n3").current_term == 6


def test_pre_votes_are_no_contact_for_the_timer_of_the_leaders_followers() -> None:
    """hashicorp/raft 609: or servers that ask in turns would keep all from campaigning."""
    raft, host = server(pre_vote=True)
    tell(raft, "n3", append(1, (0, 0)))
    host.now_ns = TIMEOUT - 1 * MS
    tell(raft, "n2", pre_vote(2))
    host.now_ns = TIMEOUT

    assert answer(effects_of(raft, host, "n2", pre_vote(2))) == [("n2", PreVoteReply(2, True))]


def test_votes_of_a_real_campaign_are_asked_as_ever() -> None:
    """Pre-vote comes before RequestVote, not in its place."""
    bench = RaftBench(3, pre_vote=True)
    bench.elect("n2")

    kinds = [type(e.message) for n, e in bench.effects if n == "n2" and isinstance(e, Sent) and e.to == "n1"]
    assert kinds[:2] == [PreVote, RequestVote]
    assert AppendEntries in kinds
    assert RequestVoteReply not in kinds
