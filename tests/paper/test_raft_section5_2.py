"""Raft §5.2 (leader election), sentence by sentence."""

from __future__ import annotations

import pytest

from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from protocols.recording import TimerSet
from tests.unit.raft_testing import (
    ELECTION_RESET,
    MS,
    TIMEOUT,
    RaftBench,
    append,
    effects_of,
    sent,
    server,
    storage,
    tell,
    vote,
)

ALL = ("n1", "n2", "n3", "n4", "n5")


def roles(bench: RaftBench) -> list[str]:
    """Return the roles of all servers, in order."""
    return [bench.raft(node).role for node in bench.processes]


def test_servers_start_as_followers() -> None:
    """Raft §5.2: at start, and again after a restart in the middle of leading."""
    bench = RaftBench(3)
    assert roles(bench) == ["follower"] * 3
    bench.elect("n1")
    bench.crash("n1")
    bench.restart("n1")

    assert bench.raft("n1").role == "follower"


@pytest.mark.parametrize(
    ("message", "stays"),
    [
        (append(1, (0, 0)), True),  # valid: from the leader
        (append(1, (5, 1)), True),  # valid, though the log disagrees
        (vote(2), True),  # valid: gets the vote
        (vote(2, candidate="n3"), True),
        (append(0, (0, 0)), False),  # of an older term
        (vote(0), False),  # of an older term
        (RequestVote(1, "n3", 0, 0), False),  # the vote is n2's
    ],
)
def test_a_server_remains_follower_as_long_as_it_gets_valid_requests(message: object, stays: bool) -> None:
    """Raft §5.2: from a leader or a candidate; only these put the election off."""
    raft, host = server(storage(term=1, voted_for="n2"))

    effects = effects_of(raft, host, "n2", message)

    assert (ELECTION_RESET in effects) == stays


def test_a_refused_candidate_of_a_higher_term_does_not_put_the_election_off() -> None:
    """Raft §5.2 and Figure 2, followers 2: only a *granted* vote does."""
    raft, host = server(storage(1, term=1))

    effects = effects_of(raft, host, "n2", vote(2, 0, 0))

    assert [effect for effect in effects if isinstance(effect, TimerSet)] == []
    assert raft.current_term == 2


def test_leaders_send_heartbeats_to_all_followers() -> None:
    """Raft §5.2: periodic AppendEntries without entries keep the authority."""
    bench = RaftBench(5)
    bench.elect("n1")
    for _ in range(2):
        bench.fire("n1", "heartbeat")
        assert [(e.target, e.message.entries) for e in bench.pending(AppendEntries)] == [
            ("n2", ()),
            ("n3", ()),
            ("n4", ()),
            ("n5", ()),
        ]
        bench.settle()


def test_one_wins_with_votes_of_a_majority_of_the_full_cluster() -> None:
    """Raft §5.2: of the full cluster, not of those who answered; for the same term."""
    bench = RaftBench(5)
    bench.elect("n1", among=("n1", "n2"))
    assert bench.led() == []

    bench.elect("n1", among=("n1", "n2", "n3"))
    assert bench.led() == [("n1", 2)]


def test_votes_of_an_earlier_term_do_not_count() -> None:
    """Raft §5.2: a majority for the same term; a late answer belongs to an election that is over."""
    raft, host = server()
    host.timers["election"].fire()
    host.timers["election"].fire()
    tell(raft, "n1", RequestVoteReply(2, True))

    for voter in ("n2", "n3", "n4"):
        tell(raft, voter, RequestVoteReply(1, True))

    assert (raft.role, raft.votes) == ("candidate", {"n1"})


def test_a_vote_counts_once() -> None:
    """Raft §5.2: each server has one vote per term, however often the network repeats the answer."""
    raft, host = server()
    host.timers["election"].fire()
    for voter in ("n1", "n2", "n2", "n2"):
        tell(raft, voter, RequestVoteReply(1, True))

    assert raft.role == "candidate"


def test_votes_go_to_whoever_asks_first() -> None:
    """Raft §5.2: at most one candidate per term, first come, first served."""
    raft, host = server()

    answers = [sent(effects_of(raft, host, c, vote(1, candidate=c)), RequestVoteReply) for c in ("n2", "n3")]

    assert answers == [[("n2", RequestVoteReply(1, True))], [("n3", RequestVoteReply(1, False))]]


def test_a_winner_announces_itself_and_prevents_new_elections() -> None:
    """Raft §5.2: once it wins, it sends to all others, whose timers begin anew."""
    bench = RaftBench(3)
    bench.fire("n1", "election")
    bench.settle()

    for node in ("n2", "n3"):
        assert bench.raft(node).leader_id == "n1"
        assert bench.hosts[node].timers["election"].after_ns == TIMEOUT
    assert bench.hosts["n1"].timers["election"].after_ns is None


@pytest.mark.parametrize(("term", "role"), [(1, "candidate"), (2, "follower"), (3, "follower")])
def test_a_candidate_recognises_a_leader_whose_term_is_at_least_its_own(term: int, role: str) -> None:
    """Raft §5.2: then it returns to follower; otherwise it rejects and stays a candidate."""
    raft, host = server(storage(term=1))
    host.timers["election"].fire()

    effects = effects_of(raft, host, "n2", append(term, (0, 0)))

    assert raft.role == role
    success = [reply.success for _, reply in sent(effects, AppendEntriesReply)]
    assert success == [role == "follower"]


def test_timeouts_are_random_and_restart_with_each_election() -> None:
    """Raft §5.2: chosen from a fixed interval; a candidate draws again at the start of an election."""
    raft, host = server()
    host.script.fractions.extend([0.2, 0.8])

    host.timers["election"].fire()
    host.timers["election"].fire()

    lengths = [effect.after_ns for effect in host.take() if isinstance(effect, TimerSet)]
    assert lengths == [TIMEOUT + 30 * MS, TIMEOUT + 120 * MS]
    assert raft.current_term == 2


def test_a_range_without_width_is_possible() -> None:
    """Raft §9.3 tries 150-150 ms, where votes split again and again: it must at least run."""
    raft, host = server(election_timeout=(150 * MS, 150 * MS))

    host.script.fractions.append(0.99)
    raft.start()

    assert ELECTION_RESET in host.take()


def test_a_cluster_of_one_elects_itself_when_its_vote_is_durable() -> None:
    """Raft §5.2: a majority of one; the own vote counts when it is on disk, not before."""
    bench = RaftBench(1)
    bench.stall_disk("n1")
    bench.fire("n1", "election")
    assert bench.led() == []

    bench.resume_disk("n1")
    assert bench.led() == [("n1", 1)]
    assert bench.raft("n1").commit_index == 1
