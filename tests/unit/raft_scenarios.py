"""A few messages by hand for each known mistake; each returns what was observed.

`test_raft_mutants` says what that should be.
"""

from __future__ import annotations

from typing import Any

from protocols.api import ProtocolSpec
from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from tests.unit.raft_testing import (
    RaftBench,
    append,
    figure_8_d,
    log_terms,
    request,
    storage,
)


def vote_then_restart(spec: ProtocolSpec) -> Any:
    """n2 votes for n1, restarts, and is asked by n3 in the same term."""
    bench = RaftBench(3, spec)
    bench.fire("n1", "election")
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(source="n1", target="n2"))
    bench.crash("n2")
    bench.restart("n2")
    bench.deliver(*bench.pending(source="n3", target="n2"))
    bench.deliver(*bench.pending(RequestVoteReply))
    return bench.led()


def vote_then_leader_then_vote(spec: ProtocolSpec) -> Any:
    """n2 votes for n1, refuses its first entries for their log, and is asked by n3 in the same term."""
    bench = RaftBench(3, spec)
    for node, log in {"n1": (1,), "n2": (), "n3": ()}.items():
        bench.reboot(node, storage(*log, term=1))
    bench.fire("n1", "election")
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(source="n1", target="n2"))
    bench.deliver(*bench.pending(source="n2", target="n1"))
    bench.deliver(*bench.pending(AppendEntries, target="n2"))
    bench.deliver(*bench.pending(source="n3", target="n2"))
    bench.deliver(*bench.pending(source="n2", target="n3"))
    return bench.led()


def vote_arrives_twice(spec: ProtocolSpec) -> Any:
    """Of five, only n2 votes for n1, but its answer is duplicated."""
    bench = RaftBench(5, spec)
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(target="n2"))
    (answer,) = bench.pending(RequestVoteReply)
    bench.deliver(answer, bench.duplicate(answer))
    return bench.led()


def votes_arrive_late(spec: ProtocolSpec) -> Any:
    """The answers to n1's campaign in term 1 arrive when it campaigns in term 2."""
    bench = RaftBench(5, spec)
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(target="n2"), *bench.pending(target="n3"))
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(RequestVoteReply))
    return bench.led()


def one_vote_per_campaign(spec: ProtocolSpec) -> Any:
    """Of five, n2 votes for n1 in term 1, and n3 in term 2."""
    bench = RaftBench(5, spec)
    for voter in ("n2", "n3"):
        bench.fire("n1", "election")
        bench.settle(among=("n1", voter))
        bench.drop()
    return bench.led()


def candidate_asks_the_leader(spec: ProtocolSpec) -> Any:
    """n1 won with n2's vote; n3, a candidate of that term, asks n1."""
    bench = RaftBench(3, spec)
    bench.fire("n1", "election")
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(source="n1", target="n2"))
    bench.deliver(*bench.pending(source="n2", target="n1"))
    bench.deliver(*bench.pending(source="n3", target="n1"))
    bench.deliver(*bench.pending(RequestVoteReply, target="n3"))
    return bench.led()


def stale_candidate(spec: ProtocolSpec) -> Any:
    """n1 commits its first entry with n2, which does not know so yet, and dies; n3 lacks the entry."""
    bench = RaftBench(3, spec)
    bench.elect("n1", among=("n1", "n2"))
    assert (bench.raft("n1").commit_index, bench.raft("n2").commit_index) == (1, 0)
    bench.crash("n1")
    bench.elect("n3")  # in term 1: n2's vote is n1's
    bench.elect("n3")
    return bench.led()


def longer_log_of_an_older_term(spec: ProtocolSpec) -> Any:
    """n1 commits an entry of term 3 at 2 with n2, and dies; n3 has entries of term 2 up to 3."""
    bench = RaftBench(3, spec)
    for node, log in {"n1": (1,), "n2": (1,), "n3": (1, 2, 2)}.items():
        bench.reboot(node, storage(*log, term=2))
    bench.elect("n1", among=("n1", "n2"))
    assert bench.raft("n1").commit_index == 2
    bench.crash("n1")
    bench.elect("n3")  # in term 3: n2's vote is n1's
    bench.elect("n3")
    return bench.led()


def figure_8(spec: ProtocolSpec) -> Any:
    """Raft Figure 8 (d): which terms were ever applied at index 2."""
    bench = figure_8_d(spec)
    return {e.epoch for node in bench.group.servers for i, e in bench.applied(node).items() if i == 2}


def two_of_five(spec: ProtocolSpec) -> Any:
    """The leader and one follower of five have an entry: is it committed?"""
    bench = RaftBench(5, spec)
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(target="n2"), *bench.pending(target="n3"))
    bench.deliver(*bench.pending(RequestVoteReply))
    bench.settle(among=("n1", "n2"))
    return bench.raft("n1").commit_index


def entries_arrive_again(spec: ProtocolSpec) -> Any:
    """A duplicate of the first AppendEntries reaches n2 after the second, which it acknowledged."""
    bench = RaftBench(3, spec)
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(RequestVote, target="n2"))
    bench.deliver(*bench.pending(RequestVoteReply))
    first = bench.duplicate(bench.pending(AppendEntries, target="n2")[0])
    bench.deliver(*bench.pending(AppendEntries, target="n2")[:1])
    bench.deliver(*bench.pending(AppendEntriesReply))
    bench.tell("c1", "n1", request(1))
    bench.deliver(*[e for e in bench.pending(AppendEntries, target="n2") if e is not first])
    bench.deliver(*bench.pending(AppendEntriesReply))
    assert bench.raft("n1").commit_index == 2
    bench.deliver(first)
    return log_terms(bench.raft("n2"))


def answer_after_a_new_entry(spec: ProtocolSpec) -> Any:
    """n2 acknowledges the entry at 1; by then the leader has another one."""
    bench = RaftBench(3, spec)
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(RequestVote, target="n2"))
    bench.deliver(*bench.pending(RequestVoteReply))
    bench.deliver(*bench.pending(AppendEntries, target="n2"))
    bench.tell("c1", "n1", request(1))
    bench.deliver(*bench.pending(AppendEntriesReply))
    return bench.raft("n1").commit_index


def answers_out_of_order(spec: ProtocolSpec) -> Any:
    """The answer for the entry at 1 arrives again after the one for 2: match_index and next_index."""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle()
    bench.tell("n2", "n1", AppendEntriesReply(1, True, 1, 0, 0))
    return (bench.raft("n1").match_index["n2"], bench.raft("n1").next_index["n2"])


def high_commit_index(spec: ProtocolSpec) -> Any:
    """A heartbeat agrees with n2's log at 1, and has 2 committed, where n2 has an entry of its own."""
    bench = RaftBench(3, spec)
    bench.reboot("n2", storage(1, 2))
    bench.tell("n1", "n2", append(3, (1, 1), commit=2))
    return {index: entry.epoch for index, entry in bench.applied("n2").items()}


def heartbeats_out_of_order(spec: ProtocolSpec) -> Any:
    """A heartbeat from before the commit arrives after one from after it."""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.tell("n1", "n2", append(1, (1, 1), commit=1))
    bench.tell("n1", "n2", append(1, (1, 1), commit=0))
    return bench.raft("n2").commit_index


def healed_leader(spec: ProtocolSpec) -> Any:
    """n1 led while the others elected n2; its next heartbeat is answered from the new term."""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.elect("n2", among=("n2", "n3"))
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench.raft("n1").role


def late_entries_of_a_deposed_leader(spec: ProtocolSpec) -> Any:
    """n1's entry for 2 arrives at n2 after n3's entry of the next term was committed there."""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    (late,) = bench.pending(AppendEntries, target="n2")
    bench.fire("n3", "election")
    bench.settle(among=("n2", "n3"))
    assert bench.raft("n3").commit_index == 2
    bench.deliver(late)
    return (log_terms(bench.raft("n2")), bench.raft("n2").current_term)


def refused_candidate(spec: ProtocolSpec) -> Any:
    """n3, whose log is behind, asks n2: how often did n2 put its own election off since?"""
    bench = RaftBench(3, spec)
    bench.reboot("n2", storage(1))
    before = len(bench.timers_set("n2"))
    for _ in range(3):
        bench.fire("n3", "election")
        bench.deliver(*bench.pending(target="n2"))
    return len(bench.timers_set("n2")) - before


def granted_candidate(spec: ProtocolSpec) -> Any:
    """n2 votes for n3: how often did it put its own election off since?"""
    bench = RaftBench(3, spec)
    before = len(bench.timers_set("n2"))
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(target="n2"))
    return len(bench.timers_set("n2")) - before


def drawn_timeouts(spec: ProtocolSpec) -> Any:
    """n1 campaigns twice, with a draw from the middle of the range and one from its first quarter."""
    bench = RaftBench(3, spec)
    for fraction in (0.5, 0.25):
        bench.hosts["n1"].script.fractions.append(fraction)
        bench.fire("n1", "election")
    return bench.timers_set("n1")[-2:]


def empty_follower(spec: ProtocolSpec) -> Any:
    """n3 has nothing of what n1 and n2 have."""
    bench = RaftBench(3, spec)
    for node in ("n1", "n2"):
        bench.reboot(node, storage(1, 1))
    bench.elect("n1")
    for _ in range(3):
        bench.fire("n1", "heartbeat")
        bench.settle()
    return log_terms(bench.raft("n3"))


def power_loss_at_the_voter(spec: ProtocolSpec) -> Any:
    """n2 is asked by n1, loses its power while it writes, restarts, and is asked by n3."""
    bench = RaftBench(3, spec)
    bench.fire("n1", "election")
    bench.fire("n3", "election")
    bench.stall_disk("n2")
    bench.deliver(*bench.pending(source="n1", target="n2"))
    bench.crash("n2")
    bench.restart("n2")
    bench.deliver(*bench.pending(source="n3", target="n2"))
    bench.deliver(*bench.pending(RequestVoteReply))
    return bench.led()


def power_loss_at_the_follower(spec: ProtocolSpec) -> Any:
    """n2 is sent an entry, and loses its power while it writes: (commit index, what n2 has left)."""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.stall_disk("n2")
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2"))
    bench.crash("n2")
    bench.restart("n2")
    return (bench.raft("n1").commit_index, log_terms(bench.raft("n2")))


def slow_disk_at_the_leader(spec: ProtocolSpec) -> Any:
    """The entry is durable on one of three servers, a follower: is it committed?"""
    bench = RaftBench(3, spec)
    bench.elect("n1")
    bench.stall_disk("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2"))
    return bench.raft("n1").commit_index


def inherited_entries_without_traffic(spec: ProtocolSpec) -> Any:
    """All have two entries of term 1; n1 wins term 2, and no client asks for anything."""
    bench = RaftBench(3, spec)
    for node in bench.group.servers:
        bench.reboot(node, storage(1, 1))
    bench.elect("n1")
    return bench.raft("n1").commit_index
