"""Raft Figure 2 (USENIX ATC 2014): State, and the receivers of AppendEntries and RequestVote."""

from __future__ import annotations

import pytest

from protocols.raft.messages import AppendEntriesReply, RequestVoteReply
from protocols.raft.storage import Appended, HardState, Truncated
from protocols.recording import Saved, Sent
from tests.unit.raft_testing import (
    ELECTION_RESET,
    append,
    effects_of,
    entries,
    entry,
    leader,
    log_terms,
    notes,
    saved,
    sent,
    server,
    storage,
    tell,
    vote,
    without_notes,
)

PEERS = ("n2", "n3", "n4", "n5")

# State ------------------------------------------------------------------------------------------


def test_a_server_begins_with_the_initial_state() -> None:
    """Raft Figure 2, State: term 0, no vote, an empty log, commit_index and last_applied 0."""
    raft, _ = server()

    state = (raft.current_term, raft.voted_for, raft.log.last_index, raft.commit_index, raft.last_applied)
    assert state == (0, None, 0, 0, 0)


def test_a_restarted_server_finds_its_persistent_state_and_forgets_the_rest() -> None:
    """Raft Figure 2, State: term, vote and log are on stable storage; the indices are volatile."""
    raft, _ = server(storage(1, 3, term=4, voted_for="n3"))

    assert (raft.current_term, raft.voted_for, log_terms(raft)) == (4, "n3", [1, 3])
    assert (raft.commit_index, raft.last_applied) == (0, 0)


def test_a_new_leader_initialises_its_view_of_the_followers() -> None:
    """Raft Figure 2, State on leaders: next_index is one after the last entry, match_index is 0."""
    raft, _ = leader(storage(1, 1))

    # The last entry at the election was 2; the no-op is one of the new term already.
    assert raft.next_index == dict.fromkeys(PEERS, 3)
    assert raft.match_index == dict.fromkeys(("n1", *PEERS), 0) | {"n1": 0}


# AppendEntries ----------------------------------------------------------------------------------


def test_append_entries_1_an_older_term_is_refused() -> None:
    """Raft Figure 2, AppendEntries receiver 1: no success if the leader's term is over; tell ours."""
    raft, host = server(storage(term=3))

    assert effects_of(raft, host, "n2", append(2, (0, 0), entry(2))) == [
        Sent("n2", AppendEntriesReply(3, False, 0, 0, 0))
    ]


@pytest.mark.parametrize(
    ("log", "prev", "conflict"),
    [
        ((1,), (3, 1), (2, 0)),  # too short: the index after its end
        ((1, 2, 2), (3, 3), (2, 2)),  # another term there: the first index of that term
        ((), (1, 1), (1, 0)),  # empty
    ],
)
def test_append_entries_2_a_log_without_the_previous_entry_refuses(
    log: tuple[int, ...], prev: tuple[int, int], conflict: tuple[int, int]
) -> None:
    """Raft Figure 2, AppendEntries receiver 2: no success unless prev_log_index has prev_log_term."""
    raft, host = server(storage(*log, term=3))

    effects = effects_of(raft, host, "n2", append(3, prev, entry(3), commit=3))

    assert without_notes(effects) == [ELECTION_RESET, Sent("n2", AppendEntriesReply(3, False, 0, *conflict))]
    assert (log_terms(raft), raft.commit_index) == (list(log), 0)


def test_append_entries_3_and_4_a_conflict_removes_the_rest_and_the_new_entries_follow() -> None:
    """Raft Figure 2, AppendEntries receiver 3 and 4: delete from the first conflict on, then append."""
    raft, host = server(storage(1, 2, 2, term=3))

    effects = effects_of(raft, host, "n2", append(3, (1, 1), entry(3)))

    assert effects[1:] == [
        ELECTION_RESET,
        *[e for e in effects if notes([e], "truncated")],
        Saved(Truncated(2)),
        *[e for e in effects if notes([e], "appended")],
        Saved(Appended(1, entries(3))),
        Sent("n2", AppendEntriesReply(3, True, 2, 0, 0)),
    ]
    assert notes(effects) == [
        ("leader_known", "n2", 3),
        ("truncated", 2),
        ("appended", 1, 1, entries(3)),
    ]
    assert log_terms(raft) == [1, 3]


def test_append_entries_3_entries_that_agree_are_kept_with_what_follows_them() -> None:
    """Raft Figure 2, AppendEntries receiver 3: only an entry that conflicts is deleted."""
    raft, host = server(storage(1, 1, 1, term=1))

    effects = effects_of(raft, host, "n2", append(1, (0, 0), entry(1)))

    assert without_notes(effects) == [ELECTION_RESET, Sent("n2", AppendEntriesReply(1, True, 1, 0, 0))]
    assert log_terms(raft) == [1, 1, 1]


def test_append_entries_4_only_what_is_new_is_appended() -> None:
    """Raft Figure 2, AppendEntries receiver 4: append those that are not in the log already."""
    raft, host = server(storage(1, 1, term=1))

    effects = effects_of(raft, host, "n2", append(1, (1, 1), *entries(1, 1, 1)))

    assert saved(effects) == [Appended(2, entries(1, 1))]
    assert sent(effects, AppendEntriesReply) == [("n2", AppendEntriesReply(1, True, 4, 0, 0))]


@pytest.mark.parametrize(
    ("leader_commit", "expected"),
    [(1, 1), (2, 2), (9, 2)],
)
def test_append_entries_5_the_commit_index_follows_the_leaders_up_to_the_last_new_entry(
    leader_commit: int, expected: int
) -> None:
    """Raft Figure 2, AppendEntries receiver 5: the smaller of leader_commit and the last new index.

    The third entry of this log is not known to be the leader's.
    """
    raft, host = server(storage(1, 1, 1, term=2))

    effects = effects_of(raft, host, "n2", append(2, (1, 1), entry(1), commit=leader_commit))

    assert raft.commit_index == expected
    assert notes(effects, "committed") == [("committed", expected, 2)]


def test_append_entries_5_the_commit_index_never_goes_back() -> None:
    """Raft Figure 2, AppendEntries receiver 5: only if leader_commit > commit_index; it is monotone."""
    raft, _ = server(storage(1, 1, term=1))
    tell(raft, "n2", append(1, (2, 1), commit=2))

    tell(raft, "n2", append(1, (1, 1), commit=1))

    assert raft.commit_index == 2


# RequestVote ------------------------------------------------------------------------------------


def test_request_vote_1_an_older_term_is_refused() -> None:
    """Raft Figure 2, RequestVote receiver 1: no vote if the candidate's term is over; tell ours."""
    raft, host = server(storage(term=3))

    effects = effects_of(raft, host, "n2", vote(2))

    assert without_notes(effects) == [Sent("n2", RequestVoteReply(3, False))]
    assert notes(effects) == [("vote_refused", "n2", 2, "TERM_STALE")]


def test_request_vote_2_a_free_vote_is_given_and_durable_before_it_is_told() -> None:
    """Raft Figure 2, RequestVote receiver 2, and State: persistent before responding."""
    raft, host = server(storage(term=1))

    effects = effects_of(raft, host, "n2", vote(1))

    assert without_notes(effects) == [
        Saved(HardState(1, "n2")),
        ELECTION_RESET,
        Sent("n2", RequestVoteReply(1, True)),
    ]
    assert notes(effects) == [("vote_granted", "n2", 1)]


def test_request_vote_2_the_same_candidate_gets_the_same_vote_again() -> None:
    """Raft Figure 2, RequestVote receiver 2: voted_for is candidate_id; the reply may have been lost."""
    raft, host = server(storage(term=1, voted_for="n2"))

    effects = effects_of(raft, host, "n2", vote(1))

    assert without_notes(effects) == [ELECTION_RESET, Sent("n2", RequestVoteReply(1, True))]


def test_request_vote_2_a_given_vote_is_refused_to_others() -> None:
    """Raft Figure 2, RequestVote receiver 2: only if voted_for is null or the candidate."""
    raft, host = server(storage(term=1, voted_for="n3"))

    effects = effects_of(raft, host, "n2", vote(1))

    assert without_notes(effects) == [Sent("n2", RequestVoteReply(1, False))]
    assert notes(effects) == [("vote_refused", "n2", 1, "VOTED")]


def test_request_vote_2_a_leader_keeps_its_own_vote() -> None:
    """Raft Figure 2, RequestVote receiver 2: it voted for itself; the note says why."""
    raft, host = leader()

    effects = effects_of(raft, host, "n2", vote(1, 9, 9))

    assert without_notes(effects) == [Sent("n2", RequestVoteReply(1, False))]
    assert notes(effects) == [("vote_refused", "n2", 1, "LEADER")]


@pytest.mark.parametrize(
    ("last", "granted"),
    [
        ((2, 2), True),  # equal
        ((3, 2), True),  # longer
        ((1, 3), True),  # shorter, of a later term
        ((1, 2), False),  # shorter
        ((9, 1), False),  # longer, of an earlier term
    ],
)
def test_request_vote_2_a_candidate_must_be_up_to_date(last: tuple[int, int], granted: bool) -> None:
    """Raft Figure 2, RequestVote receiver 2, with the order of logs of §5.4.1."""
    raft, host = server(storage(1, 2, term=3))

    effects = effects_of(raft, host, "n2", vote(4, *last))

    assert sent(effects, RequestVoteReply) == [("n2", RequestVoteReply(4, granted))]
    assert saved(effects) == [HardState(4, "n2" if granted else None)]
    expected = ("vote_granted", "n2", 4) if granted else ("vote_refused", "n2", 4, "LOG_STALE")
    assert notes(effects)[-1] == expected
