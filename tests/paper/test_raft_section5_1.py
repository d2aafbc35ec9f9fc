"""Raft §5.1 (basics), sentence by sentence."""

from __future__ import annotations

import pytest

from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVoteReply
from protocols.recording import FollowedNow, Sent
from tests.unit.raft_testing import (
    ELECTION_RESET,
    RaftBench,
    append,
    effects_of,
    entry,
    leader,
    request,
    server,
    storage,
    tell,
    vote,
    without_notes,
)

ALL = ("n1", "n2", "n3", "n4", "n5")


def roles(bench: RaftBench) -> list[str]:
    """Return the roles of all servers, in order."""
    return [bench.raft(node).role for node in bench.processes]


def test_in_normal_operation_one_leads_and_the_others_follow() -> None:
    """Raft §5.1: exactly one leader, and all the other servers are followers."""
    bench = RaftBench(5)
    bench.elect("n3")

    assert roles(bench) == ["follower", "follower", "leader", "follower", "follower"]
    assert [bench.raft(node).leader_id for node in ALL] == ["n3"] * 5


def test_a_cluster_of_five_tolerates_two_failures_but_not_three() -> None:
    """Raft §5.1: five servers are a typical number, which tolerates two failures."""
    bench = RaftBench(5)
    bench.crash("n4")
    bench.crash("n5")
    bench.elect("n1")
    assert bench.led() == [("n1", 1)]

    bench.crash("n1")
    bench.elect("n2")
    assert (bench.led(), bench.raft("n2").role) == ([("n1", 1)], "candidate")


@pytest.mark.parametrize("known", [None, "n2"])
def test_a_follower_redirects_clients_to_the_leader(known: str | None) -> None:
    """Raft §5.1: a client that contacts a follower is told who leads, if that is known."""
    raft, host = server()
    if known:
        tell(raft, known, append(1, (0, 0)))

    (reply,) = effects_of(raft, host, "c1", request(1))

    assert isinstance(reply, Sent)
    assert (reply.to, reply.message.outcome, reply.message.leader) == ("c1", "not_leader", known)
    assert raft.log.last_index == 0


def test_terms_are_numbered_with_consecutive_integers() -> None:
    """Raft §5.1: each election begins the next term, whether the last one brought a leader or not."""
    bench = RaftBench(3)
    terms = []
    for node in ("n1", "n2", "n3", "n3"):
        bench.fire(node, "election")
        terms.append(bench.raft(node).current_term)
        bench.settle()
        if bench.raft(node).role == "leader":
            bench.crash(node)
            bench.restart(node)

    assert terms == [1, 2, 3, 4]


def test_a_split_vote_ends_a_term_without_a_leader() -> None:
    """Raft §5.1: in some terms nobody is elected, and a new term begins soon."""
    bench = RaftBench(4)
    bench.fire("n1", "election")
    bench.fire("n2", "election")
    bench.deliver(*bench.pending(target="n3", source="n1"), *bench.pending(target="n4", source="n2"))
    bench.settle()
    assert (bench.led(), roles(bench)) == ([], ["candidate", "candidate", "follower", "follower"])

    bench.fire("n2", "election")
    bench.settle()
    assert bench.led() == [("n2", 2)]


def test_terms_are_exchanged_whenever_servers_communicate() -> None:
    """Raft §5.1: the server with the smaller term takes over the larger one, from answers too."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.reboot("n3", storage(1, term=7))

    bench.fire("n1", "heartbeat")
    bench.settle()

    assert [bench.raft(node).current_term for node in ("n1", "n3")] == [7, 7]


def test_a_leader_that_is_out_of_date_steps_down_at_once() -> None:
    """Raft §5.1: a candidate or leader that finds its term over reverts to follower."""
    raft, host = leader()

    effects = effects_of(raft, host, "n2", AppendEntriesReply(2, False, 0, 0, 0))

    assert FollowedNow("higher_term") in effects
    assert ELECTION_RESET in effects
    assert raft.role == "follower"


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (vote(2, 9, 9), RequestVoteReply(3, False)),
        (append(2, (0, 0), entry(2), commit=1), AppendEntriesReply(3, False, 0, 0, 0)),
    ],
)
def test_requests_with_a_stale_term_are_rejected(message: object, answer: object) -> None:
    """Raft §5.1: a server that receives a request with a stale term rejects it, and changes nothing."""
    raft, host = server(storage(1, term=3))

    assert without_notes(effects_of(raft, host, "n2", message)) == [Sent("n2", answer)]
    assert (raft.log.last_index, raft.commit_index, raft.voted_for) == (1, 0, None)


def test_unanswered_requests_are_repeated() -> None:
    """Raft §5.1: servers retry when no answer comes in time."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.drop()
    bench.fire("n1", "heartbeat")

    (again,) = bench.pending(AppendEntries, target="n2")
    assert [e.command for e in again.message.entries] == [request(1)]
