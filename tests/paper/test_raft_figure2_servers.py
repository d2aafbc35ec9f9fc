"""Raft Figure 2 (USENIX ATC 2014): the rules for servers, in their roles."""

from __future__ import annotations

import pytest

from protocols.kv import NOOP
from protocols.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from protocols.raft.storage import Appended, HardState
from protocols.recording import LedNow, Saved, Sent, TimerCancelled, TimerSet, barriers
from tests.unit.raft_testing import (
    ELECTION_RESET,
    MS,
    TIMEOUT,
    append,
    effects_of,
    entries,
    entry,
    leader,
    notes,
    request,
    saved,
    server,
    storage,
    tell,
    without_notes,
)

PEERS = ("n2", "n3", "n4", "n5")

# All servers ------------------------------------------------------------------------------------


def test_all_servers_1_what_is_committed_is_applied_in_order_and_once() -> None:
    """Raft Figure 2, all servers 1: while commit_index > last_applied, apply the next entry."""
    raft, host = server(storage(1, 1, 1, term=1))

    first = effects_of(raft, host, "n2", append(1, (3, 1), commit=2))
    again = effects_of(raft, host, "n2", append(1, (3, 1), commit=2))
    rest = effects_of(raft, host, "n2", append(1, (3, 1), commit=3))

    assert notes(first, "applied") == [("applied", 1, entries(1, 1))]
    assert notes(again) == []
    assert notes(rest, "applied") == [("applied", 3, entries(1))]
    assert raft.last_applied == 3


@pytest.mark.parametrize(
    "message",
    [
        RequestVote(7, "n2", 9, 9),
        RequestVoteReply(7, False),
        AppendEntries(7, 0, 0, (), 0),
        AppendEntriesReply(7, False, 0, 0, 0),
    ],
    ids=lambda message: type(message).__name__,
)
@pytest.mark.parametrize("role", ["follower", "candidate", "leader"])
def test_all_servers_2_a_higher_term_makes_a_follower(message: object, role: str) -> None:
    """Raft Figure 2, all servers 2: any request or response with a higher term: adopt it, and follow."""
    raft, host = leader() if role == "leader" else server()
    if role == "candidate":
        host.timers["election"].fire()
    assert raft.role == role

    effects = effects_of(raft, host, "n2", message)

    assert (raft.role, raft.current_term) == ("follower", 7)
    assert notes(effects, "epoch_seen") == [("epoch_seen", 7)]
    assert isinstance(saved(effects)[0], HardState)
    assert all(HardState(7, raft.voted_for) in records for _, records in barriers(effects))


# Followers --------------------------------------------------------------------------------------


def test_followers_1_they_only_answer() -> None:
    """Raft Figure 2, followers 1: at the start a server sends nothing, and waits."""
    raft, host = server()
    raft.start()

    assert without_notes(host.take()) == [ELECTION_RESET]


def test_followers_2_a_silent_timeout_makes_a_candidate() -> None:
    """Raft Figure 2, followers 2: no AppendEntries and no vote granted in time: campaign."""
    raft, host = server()

    host.timers["election"].fire()

    assert (raft.role, raft.current_term) == ("candidate", 1)


# Candidates -------------------------------------------------------------------------------------


def test_candidates_1_a_campaign_in_parallel_with_the_own_vote() -> None:
    """Raft Figure 2, candidates 1: next term, own vote, timer, RequestVote to all others.

    Deviation: the requests do not wait for the own vote to be durable, which itself counts only then
    (Dissertation §9.3); the last message is what tells.
    """
    raft, host = server(storage(1, 2))

    host.timers["election"].fire()
    effects = host.take()

    ask = RequestVote(3, "n1", 2, 2)
    assert without_notes(effects) == [
        ELECTION_RESET,
        *[Sent(peer, ask) for peer in PEERS],
        Saved(HardState(3, "n1")),
        Sent("n1", RequestVoteReply(3, True)),
    ]
    assert notes(effects) == [("epoch_seen", 3), ("campaigned", 3), ("vote_granted", "n1", 3)]
    assert raft.voted_for == "n1"


def test_candidates_1_a_campaign_as_the_figure_has_it() -> None:
    """Raft Figure 2, State: with `overlap_own_vote` off, term and vote are durable before any request."""
    _, host = server(overlap_own_vote=False)

    host.timers["election"].fire()

    ask = RequestVote(1, "n1", 0, 0)
    assert without_notes(host.take()) == [
        ELECTION_RESET,
        Saved(HardState(1, "n1")),
        *[Sent(peer, ask) for peer in PEERS],
        Sent("n1", RequestVoteReply(1, True)),
    ]


def test_candidates_2_a_majority_of_votes_makes_a_leader() -> None:
    """Raft Figure 2, candidates 2: three of five, not two, and refusals do not count."""
    raft, host = server()
    host.timers["election"].fire()

    roles = []
    for voter, granted in (("n1", True), ("n2", False), ("n3", True), ("n4", True)):
        tell(raft, voter, RequestVoteReply(1, granted))
        roles.append(raft.role)

    assert roles == ["candidate", "candidate", "candidate", "leader"]


def test_candidates_3_a_new_leader_makes_a_follower() -> None:
    """Raft Figure 2, candidates 3: AppendEntries from the leader of its term; its vote stays its own."""
    raft, host = server()
    host.timers["election"].fire()

    effects = effects_of(raft, host, "n2", append(1, (0, 0)))

    assert without_notes(effects) == [ELECTION_RESET, Sent("n2", AppendEntriesReply(1, True, 0, 0, 0))]
    assert (raft.role, raft.leader_id, raft.voted_for) == ("follower", "n2", "n1")


def test_candidates_4_a_split_vote_ends_in_the_next_term() -> None:
    """Raft Figure 2, candidates 4: the election timeout elapses: start a new election."""
    raft, host = server()
    host.timers["election"].fire()
    host.take()

    host.timers["election"].fire()

    assert (raft.role, raft.current_term) == ("candidate", 2)
    assert notes(host.take(), "campaigned") == [("campaigned", 2)]


# Leaders ----------------------------------------------------------------------------------------


def test_leaders_1_an_election_is_announced_at_once_and_again_when_idle() -> None:
    """Raft Figure 2, leaders 1: AppendEntries to each server upon election, and periodically.

    The first ones carry the no-op of the new term (Raft §8), so they are not empty.
    """
    raft, host = server()
    host.timers["election"].fire()
    tell(raft, "n1", RequestVoteReply(1, True))
    tell(raft, "n2", RequestVoteReply(1, True))

    effects = effects_of(raft, host, "n3", RequestVoteReply(1, True))

    first = AppendEntries(1, 0, 0, (entry(1),), 0)
    assert first.entries[0].command == NOOP
    assert without_notes(effects) == [
        TimerCancelled("election"),
        LedNow(1),
        *[Sent(peer, first) for peer in PEERS],
        Saved(Appended(0, (entry(1),))),
        Sent("n1", AppendEntriesReply(1, True, 1, 0, 0)),
        TimerSet("heartbeat", 50 * MS),
    ]
    assert notes(effects) == [("leader_known", "n1", 1), ("appended", 0, 0, (entry(1),))]

    for follower in ("n1", *PEERS):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    host.take()
    host.timers["heartbeat"].fire()
    beat = AppendEntries(1, 1, 1, (), 1)
    assert host.take() == [TimerSet("heartbeat", 50 * MS), *[Sent(peer, beat) for peer in PEERS]]


def test_leaders_2_a_command_is_appended_and_answered_when_it_is_applied() -> None:
    """Raft Figure 2, leaders 2: append to the own log, respond after it was applied."""
    raft, host = leader()
    for follower in ("n1", *PEERS):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    ask = request(1)

    asked = effects_of(raft, host, "c1", ask)
    own = effects_of(raft, host, "n1", AppendEntriesReply(1, True, 2, 0, 0))
    second = effects_of(raft, host, "n2", AppendEntriesReply(1, True, 2, 0, 0))
    third = effects_of(raft, host, "n3", AppendEntriesReply(1, True, 2, 0, 0))

    assert [e.to for e in asked + own + second if isinstance(e, Sent) and e.to == "c1"] == []
    assert [(e.to, e.message.outcome) for e in third if isinstance(e, Sent)] == [("c1", "ok")]
    assert notes(third) == [("committed", 2, 1), ("applied", 2, (raft.log.entry(2),))]


def test_leaders_3_a_follower_gets_what_it_lacks_from_next_index_on() -> None:
    """Raft Figure 2, leaders 3: AppendEntries with the entries starting at next_index."""
    raft, host = leader(storage(1, 1))
    tell(raft, "c1", request(1))  # n2 has something outstanding: it must wait

    effects = effects_of(raft, host, "n2", AppendEntriesReply(2, True, 3, 0, 0))

    assert without_notes(effects) == [Sent("n2", AppendEntries(2, 3, 2, (raft.log.entry(4),), 0))]


def test_leaders_3_success_moves_the_indices_of_that_follower() -> None:
    """Raft Figure 2, leaders 3: if successful, update next_index and match_index."""
    raft, _ = leader(storage(1, 1))

    tell(raft, "n2", AppendEntriesReply(2, True, 3, 0, 0))

    assert (raft.match_index["n2"], raft.next_index["n2"]) == (3, 4)
    assert (raft.match_index["n3"], raft.next_index["n3"]) == (0, 3)


def test_leaders_3_a_refusal_moves_next_index_back_and_tries_again() -> None:
    """Raft Figure 2, leaders 3: on inconsistency, decrement next_index and retry."""
    raft, host = leader(storage(1, 1))

    effects = effects_of(raft, host, "n2", AppendEntriesReply(2, False, 0, 2, 0))

    assert raft.next_index["n2"] == 2
    assert effects == [Sent("n2", AppendEntries(2, 1, 1, entries(1, 2), 0))]


def test_leaders_4_a_majority_commits_an_entry_of_the_own_term() -> None:
    """Raft Figure 2, leaders 4: N > commit_index, a majority has it, and its term is the current one."""
    raft, _ = leader(storage(1, 1))
    indices = []
    for follower in ("n2", "n3", "n4"):
        tell(raft, follower, AppendEntriesReply(2, True, 3, 0, 0))
        indices.append(raft.commit_index)

    assert indices == [0, 0, 3]


def test_leaders_4_an_entry_of_an_older_term_is_not_counted() -> None:
    """Raft Figure 2, leaders 4: log[N].term == current_term."""
    raft, _ = leader(storage(1, 1))
    for follower in PEERS:
        tell(raft, follower, AppendEntriesReply(2, True, 2, 0, 0))

    assert raft.commit_index == 0


def test_the_timer_is_drawn_from_the_range_at_each_reset() -> None:
    """Raft Figure 2, candidates 1, and §5.2: a fresh random length each time."""
    raft, host = server()
    host.script.fractions.extend([0.5, 0.0, 0.9])
    for _ in range(3):
        tell(raft, "n2", append(1, (0, 0)))

    lengths = [effect.after_ns for effect in host.take() if isinstance(effect, TimerSet)]
    assert lengths == [TIMEOUT + 75 * MS, TIMEOUT, TIMEOUT + 135 * MS]
