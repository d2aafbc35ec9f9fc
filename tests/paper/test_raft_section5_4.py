"""Raft §5.4 (safety): the election restriction, and commitment of entries of earlier terms."""

from __future__ import annotations

from itertools import product

import pytest

from protocols.api import Entry
from protocols.raft.messages import RequestVoteReply
from tests.unit.raft_testing import (
    RaftBench,
    data,
    entries,
    figure_8_c,
    figure_8_d,
    log_terms,
    notes,
    request,
    sent,
    server,
    storage,
    tell,
    vote,
)


def _at_least_as_up_to_date(mine: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """§5.4.1 in its own order: different last terms: the later one; equal ones: the longer log."""
    my_term, other_term = max(mine, default=0), max(other, default=0)
    if my_term != other_term:
        return my_term > other_term
    return len(mine) >= len(other)


LOGS = ((), (1,), (1, 1), (1, 2), (1, 1, 1), (2,), (1, 1, 3))


@pytest.mark.parametrize(("candidate", "voter"), list(product(LOGS, repeat=2)))
def test_a_voter_denies_its_vote_if_its_own_log_is_more_up_to_date(
    candidate: tuple[int, ...], voter: tuple[int, ...]
) -> None:
    """Raft §5.4.1: the later last term, and among equal ones the longer log, is more up to date."""
    raft, host = server(storage(*voter, term=3))

    tell(raft, "n2", vote(4, len(candidate), max(candidate, default=0)))

    granted = _at_least_as_up_to_date(candidate, voter)
    assert sent(host.take(), RequestVoteReply) == [("n2", RequestVoteReply(4, granted))]


def test_only_a_log_with_all_committed_entries_wins() -> None:
    """Raft §5.4.1: every majority has a server with the committed entry, which refuses the others."""
    bench = RaftBench(5)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n2", "n3"))
    bench.drop()
    assert [reply.outcome for reply in bench.replies()] == ["ok"]
    bench.crash("n1")

    bench.elect("n4")
    bench.elect("n5")
    assert bench.led() == [("n1", 1)]
    bench.elect("n2")
    assert bench.led()[1:] == [("n2", 4)]
    assert bench.raft("n2").log.entry(2) == Entry(1, request(1))


def test_entries_flow_from_leaders_to_followers_only() -> None:
    """Raft §5.4.1: a leader never takes entries over from others; it needs none."""
    bench = RaftBench(3)
    for node, log in {"n1": (1,), "n2": (1,), "n3": (1, 1)}.items():
        bench.reboot(node, storage(*log))
    bench.elect("n1", among=("n1", "n2"))
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert [log_terms(bench.raft(node)) for node in bench.processes] == [[1, 2]] * 3


def test_figure_8_b_a_leader_without_the_entry_is_legal() -> None:
    """Raft Figure 8 (b): the entry of term 2 is on two servers, so that S5 can win without it."""
    bench = RaftBench(5)
    for node in ("n1", "n2"):
        bench.reboot(node, storage(1, 2))
    for node in ("n3", "n4", "n5"):
        bench.reboot(node, storage(1, term=2))
    bench.fire("n5", "election")
    bench.settle(among=("n3", "n4", "n5"))

    assert bench.led() == [("n5", 3)]


def test_figure_8_c_an_entry_of_an_earlier_term_on_a_majority_is_not_committed() -> None:
    """Raft §5.4.2 and Figure 8 (c): S1, S2 and S3 have it, and the leader of term 4 does not count that."""
    bench = figure_8_c()

    assert [log_terms(bench.raft(node))[:2] for node in ("n1", "n2", "n3")] == [[1, 2]] * 3
    assert min(bench.raft("n1").match_index[node] for node in ("n1", "n2", "n3")) == 2
    assert bench.raft("n1").commit_index == 0


def test_figure_8_d_such_an_entry_may_still_be_overwritten() -> None:
    """Raft Figure 8 (d): S1 crashes, S5 wins with the votes of S3 and S4, and spreads its own entry."""
    bench = figure_8_d()

    assert bench.led()[-1] == ("n5", 5)
    assert [log_terms(bench.raft(node)) for node in ("n3", "n4", "n5")] == [[1, 3, 5]] * 3
    assert bench.applied("n5") == dict(enumerate(entries(1, 3, 5), 1))


def test_figure_8_e_an_entry_of_the_own_term_commits_both() -> None:
    """Raft Figure 8 (e): with its entry of term 4 on a majority, S1 commits the old one; S5 cannot win."""
    bench = figure_8_c()
    bench.fire("n1", "heartbeat")
    bench.settle(among=("n1", "n2", "n3"))
    bench.drop()
    assert bench.applied("n1") == dict(enumerate(entries(1, 2, 4), 1))
    bench.crash("n1")
    bench.restart("n5")
    for _ in range(3):
        bench.elect("n5")

    assert bench.led() == [("n1", 4)]


def test_state_machine_safety_through_changes_of_leaders() -> None:
    """Raft §5.4.3: no two servers apply different entries at an index."""
    bench = RaftBench(3)
    for serial, node in enumerate(("n1", "n2", "n3", "n1"), 1):
        bench.elect(node)
        if bench.raft(node).role != "leader":
            bench.elect(node)
        bench.tell("c1", node, request(serial))
        bench.settle(among=(node, "n1" if node != "n1" else "n2"))
        bench.drop()
    bench.fire("n1", "heartbeat")
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert bench.applied("n1") == bench.applied("n2") == bench.applied("n3")
    assert data(bench.raft("n1")) == {"k": 4}


def test_a_new_leader_does_not_know_what_is_committed_until_its_own_entry_is() -> None:
    """Raft §8: a no-op at the start of its term tells it; it commits what it inherited with it."""
    bench = RaftBench(3)
    for node in bench.processes.copy():
        bench.reboot(node, storage(1, 1))
    bench.fire("n1", "election")
    bench.settle()

    assert bench.raft("n1").commit_index == 3
    noted = [values for node, effect in bench.effects if node == "n1" for values in notes([effect])]
    assert [values for values in noted if values[0] == "committed"] == [("committed", 3, 2)]
