"""Raft §5.3 (log replication), sentence by sentence."""

from __future__ import annotations

import pytest

from protocols.api import Reply
from protocols.raft.messages import AppendEntries, AppendEntriesReply
from protocols.raft.storage import Appended
from protocols.recording import Saved, Sent, barriers, unbarriered
from tests.unit.raft_testing import (
    RaftBench,
    append,
    data,
    effects_of,
    entries,
    entry,
    leader,
    log_terms,
    notes,
    request,
    sent,
    server,
    storage,
    tell,
    without_notes,
)


def idle_leader(*terms: int) -> tuple[RaftBench, tuple[str, ...]]:
    """Return a cluster of five that n1 leads with everything replicated and committed."""
    bench = RaftBench(5)
    for node in tuple(bench.processes) if terms else ():
        bench.reboot(node, storage(*terms))
    bench.elect("n1")
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench, tuple(bench.processes)


def test_a_command_is_appended_sent_to_all_in_parallel_and_answered_after_it_is_safe() -> None:
    """Raft §5.3: append, AppendEntries to each other server, apply when replicated, return the result."""
    bench, _ = idle_leader()
    bench.tell("c1", "n1", request(1, "cas", "x", None, 5))

    assert [e.target for e in bench.pending(AppendEntries)] == ["n2", "n3", "n4", "n5"]
    assert bench.mail == []
    bench.settle()
    assert bench.replies() == [Reply("c1", 1, "ok", True, "n1", 1)]
    assert data(bench.raft("n1")) == {"x": 5}


def test_the_leader_writes_in_parallel_with_its_followers() -> None:
    """Dissertation §10.2.1: it sends before its own write, and counts that when it is durable."""
    raft, host = leader()
    for follower in raft.servers:
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))

    effects = effects_of(raft, host, "c1", request(1))

    ahead = [(message.to, type(message.message)) for message in unbarriered(effects)]
    assert ahead == [(peer, AppendEntries) for peer in raft.peers]
    own = Sent("n1", AppendEntriesReply(1, True, 2, 0, 0))
    assert barriers(effects)[-1] == (own, (Appended(1, (raft.log.entry(2),)),))
    assert raft.match_index["n1"] == 1


def test_the_leaders_own_entry_does_not_count_before_it_is_durable() -> None:
    """Dissertation §10.2.1: of three servers, one follower and an unwritten leader are no majority."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.stall_disk("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2"))
    assert bench.raft("n1").commit_index == 1

    bench.resume_disk("n1")
    assert bench.raft("n1").commit_index == 2


def test_a_majority_of_followers_commits_although_the_leaders_disk_is_slow() -> None:
    """Dissertation §10.2.1: an entry may commit before it is durable on the leader."""
    bench, _ = idle_leader()
    bench.stall_disk("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle()

    assert bench.raft("n1").commit_index == 2


def test_lost_messages_are_repeated_until_every_follower_has_everything() -> None:
    """Raft §5.3: the leader retries for ever, even after it has answered the client."""
    bench, _ = idle_leader()
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2", "n3", "n4"))
    bench.drop()
    assert [reply.outcome for reply in bench.replies()] == ["ok"]
    for _ in range(3):
        bench.fire("n1", "heartbeat")
        bench.drop(*bench.pending(target="n5"))
        bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert log_terms(bench.raft("n5")) == [1, 1]
    assert bench.raft("n5").commit_index == 2


def test_a_commit_takes_all_preceding_entries_with_it_also_those_of_earlier_leaders() -> None:
    """Raft §5.3: committing an entry commits everything before it in the leader's log."""
    bench, nodes = idle_leader(1, 2)

    for node in nodes:
        assert bench.applied(node) == dict(enumerate(entries(1, 2, 3), 1))


def test_followers_learn_the_commit_index_from_later_messages_heartbeats_too() -> None:
    """Raft §5.3: the leader includes it in future AppendEntries; followers then apply, in log order."""
    bench = RaftBench(3)
    bench.elect("n1")
    assert [bench.raft(node).commit_index for node in ("n1", "n2", "n3")] == [1, 0, 0]

    bench.fire("n1", "heartbeat")
    bench.settle()

    assert [bench.raft(node).commit_index for node in ("n1", "n2", "n3")] == [1, 1, 1]


def test_a_slow_follower_does_not_hold_up_a_command() -> None:
    """Raft §5.3: a command completes as soon as a majority has answered."""
    bench, _ = idle_leader()
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2", "n3"))

    assert [reply.outcome for reply in bench.replies()] == ["ok"]


def test_success_means_equal_logs_up_to_the_new_entries() -> None:
    """Raft §5.3: when AppendEntries succeeds the follower's log equals the leader's that far.

    The second entry here follows what this message covers, and nothing is known about it.
    """
    raft, host = server(storage(1, 1, 1, term=2))

    effects = effects_of(raft, host, "n2", append(2, (1, 1), entry(1)))

    assert sent(effects, AppendEntriesReply) == [("n2", AppendEntriesReply(2, True, 2, 0, 0))]


# Figure 7: the leader of term 8 has these terms in its log, and a follower may be in any of these states.
LEADER_LOG = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
FIGURE_7 = {
    "a": (1, 1, 1, 4, 4, 5, 5, 6, 6),
    "b": (1, 1, 1, 4),
    "c": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6),
    "d": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7),
    "e": (1, 1, 1, 4, 4, 4, 4),
    "f": (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
}


@pytest.mark.parametrize("limit", [100, 2])
@pytest.mark.parametrize("case", FIGURE_7)
def test_the_leader_makes_inconsistent_logs_equal_to_its_own(case: str, limit: int) -> None:
    """Raft §5.3 and Figure 7: missing entries, extra ones, or both, over several terms."""
    bench = RaftBench(3, max_entries_per_message=limit)
    bench.reboot("n1", storage(*LEADER_LOG, term=7))
    bench.reboot("n2", storage(*LEADER_LOG, term=7))
    bench.reboot("n3", storage(*FIGURE_7[case], term=7))
    bench.elect("n1")

    assert [log_terms(bench.raft(node)) for node in ("n1", "n3")] == [[*LEADER_LOG, 8]] * 2
    bench.crash("n3")
    bench.restart("n3")
    assert log_terms(bench.raft("n3")) == [*LEADER_LOG, 8]


@pytest.mark.parametrize("case", FIGURE_7)
def test_one_refusal_per_conflicting_term_finds_where_the_logs_agree(case: str) -> None:
    """Raft §5.3: with the term and its first index in the refusal, one message per conflicting term.

    (a), (b) and (e) are refused at 10, where they have nothing. Then (e) is at 7 for its term 4, of which
    the leader's last entry is 5. (f) is refused at 10 (term 3, from 7 on) and at 6 (term 2, from 4 on).
    """
    expected = {"a": 1, "b": 1, "c": 0, "d": 0, "e": 2, "f": 2}
    bench = RaftBench(3)
    bench.reboot("n1", storage(*LEADER_LOG, term=7))
    bench.reboot("n2", storage(*LEADER_LOG, term=7))
    bench.reboot("n3", storage(*FIGURE_7[case], term=7))
    bench.elect("n1")

    answers = [e.message for node, e in bench.effects if node == "n3" and isinstance(e, Sent)]
    refusals = [a for a in answers if isinstance(a, AppendEntriesReply) and not a.success]
    assert len(refusals) == expected[case]


def test_the_leader_skips_to_its_own_last_entry_of_the_conflicting_term() -> None:
    """Raft §5.3, the optimization: in case (e) its last entry of term 4 is 5, so that it tries 6 next."""
    raft, host = leader(storage(*LEADER_LOG, term=7))
    assert raft.next_index["n2"] == 11

    effects = effects_of(raft, host, "n2", AppendEntriesReply(8, False, 0, 4, 4))

    assert raft.next_index["n2"] == 6
    assert [message.prev_log_index for _, message in sent(effects, AppendEntries)] == [5]


def test_a_leader_never_overwrites_or_deletes_its_own_entries() -> None:
    """Raft §5.3, Leader Append-Only: whatever followers answer, its log only grows."""
    raft, host = leader(storage(1, 1))
    before = [raft.log.entry(i) for i in (1, 2, 3)]

    for message in (AppendEntriesReply(2, False, 0, 1, 0), append(2, (0, 0), entry(2)), append(1, (0, 0))):
        effects = effects_of(raft, host, "n2", message)
        assert notes(effects, "truncated") == []

    assert [raft.log.entry(i) for i in (1, 2, 3)] == before


def test_repeating_a_request_changes_nothing() -> None:
    """Raft §5.5: AppendEntries that the log has already are ignored, and acknowledged."""
    raft, host = server()
    message = append(1, (0, 0), *entries(1, 1))
    tell(raft, "n2", message)

    effects = effects_of(raft, host, "n2", message)

    assert [e for e in without_notes(effects) if isinstance(e, Saved)] == []
    assert sent(effects, AppendEntriesReply) == [("n2", AppendEntriesReply(1, True, 2, 0, 0))]


def test_an_entry_is_durable_before_it_is_acknowledged() -> None:
    """Raft §5.3 with Figure 2, State: the leader counts an answer as a copy that survives a crash."""
    bench = RaftBench(3)
    bench.elect("n1")
    bench.stall_disk("n2")
    bench.tell("c1", "n1", request(1))
    bench.deliver(*bench.pending(AppendEntries, target="n2"))
    assert bench.pending(AppendEntriesReply) == []

    bench.resume_disk("n2")
    (answer,) = bench.pending(AppendEntriesReply)
    assert answer.message.match_index == 2


def test_late_answers_move_nothing_back() -> None:
    """Raft §5.3: next_index > match_index always, whatever order the answers come in."""
    raft, host = leader(storage(1, 1, 1, 1))
    tell(raft, "n2", AppendEntriesReply(2, True, 5, 0, 0))

    for late in (AppendEntriesReply(2, True, 2, 0, 0), AppendEntriesReply(2, False, 0, 2, 0)):
        assert effects_of(raft, host, "n2", late) == []
        assert (raft.match_index["n2"], raft.next_index["n2"]) == (5, 6)


def test_one_message_with_entries_is_outstanding_per_follower() -> None:
    """Not in the paper: what comes meanwhile is sent together when the answer is there."""
    bench, _ = idle_leader()
    for serial in (1, 2, 3):
        bench.tell("c1", "n1", request(serial))
    (outstanding,) = bench.pending(AppendEntries, target="n2")
    bench.deliver(outstanding)
    bench.deliver(*bench.pending(AppendEntriesReply, source="n2"))

    (rest,) = bench.pending(AppendEntries, target="n2")
    assert [len(e.message.entries) for e in (outstanding, rest)] == [1, 2]


def test_a_message_carries_a_limited_number_of_entries() -> None:
    """Not in the paper: `max_entries_per_message`."""
    raft, host = leader(storage(1, 1, 1, 1, 1), max_entries_per_message=2)

    effects = effects_of(raft, host, "n2", AppendEntriesReply(2, False, 0, 1, 0))

    assert sent(effects, AppendEntries) == [("n2", append(2, (0, 0), *entries(1, 1)))]
