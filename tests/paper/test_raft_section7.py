"""Raft §7 (log compaction), with Figure 13."""

from __future__ import annotations

import pytest

from protocols.kv import KeyValueState
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
)
from protocols.raft.storage import SnapshotTaken
from protocols.recording import Saved, Sent
from tests.unit.raft_testing import (
    ELECTION_RESET,
    MS,
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
    saved,
    sent,
    server,
    snapshotted,
    storage,
    tell,
    vote,
    without_notes,
)

STATE = KeyValueState((("x", 7),), (("c1", 1, ((1, None),)),))
INSTALL = InstallSnapshot(3, 4, 2, STATE)


def test_a_server_compacts_its_log_on_its_own() -> None:
    """Raft §7: each server takes snapshots independently, of committed entries only."""
    bench = RaftBench(3, snapshot_entries=2)
    bench.elect("n1")
    bench.tell("c1", "n1", request(1))
    bench.settle()

    logs = [bench.raft(node).log for node in bench.processes]
    assert [(log.snapshot_index, log.snapshot_term, log.last_index) for log in logs] == [
        (2, 1, 2),
        (0, 0, 2),
        (0, 0, 2),
    ]
    assert bench.raft("n1").snapshot == SnapshotTaken(2, 1, bench.raft("n1").machine.snapshot())
    bench.fire("n1", "heartbeat")
    bench.settle()
    assert [log.snapshot_index for log in logs] == [2, 2, 2]


def test_compaction_can_be_switched_off() -> None:
    """`snapshot_entries` 0 means never."""
    raft, host = server(storage(*[1] * 50), snapshot_entries=0)

    effects = effects_of(raft, host, "n2", append(1, (50, 1), commit=50))

    assert (saved(effects), raft.log.first_index, raft.last_applied) == ([], 1, 50)


def test_a_restarted_server_resumes_from_its_snapshot() -> None:
    """Raft §7: the snapshot holds the state up to its last included index; the log goes on from there."""
    image = snapshotted(4, 2, STATE)
    raft, host = server(image)
    raft.start()

    assert notes(host.take()) == [("epoch_seen", 2), ("restored", 4, 2)]
    assert (raft.commit_index, raft.last_applied, raft.log.first_index) == (4, 4, 5)
    assert data(raft) == {"x": 7}


def test_the_index_and_term_of_the_snapshot_serve_the_consistency_check() -> None:
    """Raft §7: last included index and term are kept for the first entry after the snapshot."""
    raft, host = server(snapshotted(4, 2, STATE))

    agreeing = effects_of(raft, host, "n2", append(3, (4, 2), entry(3)))
    other, other_host = server(snapshotted(4, 2, STATE))
    too_far = effects_of(other, other_host, "n2", append(3, (5, 3), entry(3)))

    assert sent(agreeing, AppendEntriesReply) == [("n2", AppendEntriesReply(3, True, 5, 0, 0))]
    assert sent(too_far, AppendEntriesReply) == [("n2", AppendEntriesReply(3, False, 0, 5, 0))]


def test_entries_that_the_snapshot_covers_are_skipped() -> None:
    """Raft §7: they are committed, so that the leader's are the same; what follows them is new."""
    raft, host = server(snapshotted(4, 2, STATE))

    effects = effects_of(raft, host, "n2", append(3, (2, 1), *entries(2, 2, 3)))

    assert log_terms(raft) == [3]
    assert sent(effects, AppendEntriesReply) == [("n2", AppendEntriesReply(3, True, 5, 0, 0))]


def test_elections_compare_with_the_snapshot_when_the_log_is_empty() -> None:
    """Raft §7 with §5.4.1: the last entry's index and term are the snapshot's then."""
    raft, host = server(snapshotted(4, 2, STATE))

    assert notes(effects_of(raft, host, "n2", vote(3, 3, 2)))[-1][0] == "vote_refused"
    assert notes(effects_of(raft, host, "n2", vote(3, 4, 2)))[-1][0] == "vote_granted"


def test_a_leader_sends_its_snapshot_to_a_follower_that_lags_behind_its_log() -> None:
    """Raft §7: InstallSnapshot when the next entry that the follower needs was discarded."""
    raft, host = leader(snapshotted(4, 2, STATE))

    effects = effects_of(raft, host, "n2", AppendEntriesReply(3, False, 0, 1, 0))

    assert effects == [Sent("n2", INSTALL)]


def test_while_a_snapshot_is_under_way_the_follower_gets_heartbeats() -> None:
    """Not in the paper: it is sent again after the longest election timeout, not with each heartbeat."""
    raft, host = leader(snapshotted(4, 2, STATE))
    tell(raft, "n2", AppendEntriesReply(3, False, 0, 1, 0))
    kinds = []
    for now in (50 * MS, 299 * MS, 300 * MS):
        host.take()
        host.now_ns = now
        host.timers["heartbeat"].fire()
        kinds += [type(e.message) for e in host.take() if isinstance(e, Sent) and e.to == "n2"]

    assert kinds == [AppendEntries, AppendEntries, InstallSnapshot]
    assert effects_of(raft, host, "n2", AppendEntriesReply(3, False, 0, 1, 0)) == []


def test_after_the_snapshot_the_follower_gets_the_entries_that_follow() -> None:
    """Raft §7: the answer moves match_index and next_index like that of AppendEntries."""
    raft, host = leader(snapshotted(4, 2, STATE))
    tell(raft, "n2", AppendEntriesReply(3, False, 0, 1, 0))

    effects = effects_of(raft, host, "n2", InstallSnapshotReply(3, 4))

    assert without_notes(effects) == [Sent("n2", append(3, (4, 2), entry(3), commit=4))]
    assert (raft.match_index["n2"], raft.snapshot_sent_at) == (4, {})


def test_install_snapshot_1_an_older_term_is_refused() -> None:
    """Raft Figure 13, receiver 1: reply immediately if the term is over."""
    raft, host = server(storage(term=5))

    assert effects_of(raft, host, "n2", INSTALL) == [Sent("n2", InstallSnapshotReply(5, 0))]


@pytest.mark.parametrize("log", [(), (1, 1, 1, 1, 1), (1, 1)])
def test_install_snapshot_7_and_8_a_log_without_that_entry_is_discarded(log: tuple[int, ...]) -> None:
    """Raft Figure 13, receiver 5, 7 and 8: save it, discard the entire log, reset the state machine."""
    raft, host = server(storage(*log, term=3))

    effects = effects_of(raft, host, "n2", INSTALL)

    assert without_notes(effects) == [
        ELECTION_RESET,
        Saved(SnapshotTaken(4, 2, STATE)),
        Sent("n2", InstallSnapshotReply(3, 4)),
    ]
    lost = [("truncated", 1)] if log else []
    assert notes(effects) == [("leader_known", "n2", 3), *lost, ("restored", 4, 2)]
    assert (log_terms(raft), raft.commit_index, raft.last_applied) == ([], 4, 4)
    assert raft.machine.snapshot() == STATE


def test_install_snapshot_6_entries_after_it_are_retained() -> None:
    """Raft Figure 13, receiver 6: if the log has that entry, what follows it stays."""
    raft, host = server(storage(1, 2, 2, 2, 2, 3, term=3))

    effects = effects_of(raft, host, "n2", INSTALL)

    assert log_terms(raft) == [2, 3]
    assert notes(effects, "truncated", "restored") == [("restored", 4, 2)]


def test_a_snapshot_that_brings_nothing_new_is_ignored() -> None:
    """Raft §7: one that describes a prefix of what is here (a repetition) changes nothing."""
    raft, host = server(storage(1, 2, 2, 2, 2, term=3))
    tell(raft, "n2", append(3, (5, 2), commit=5))
    before = raft.machine.snapshot()

    effects = effects_of(raft, host, "n2", INSTALL)

    assert without_notes(effects) == [ELECTION_RESET, Sent("n2", InstallSnapshotReply(3, 4))]
    assert (raft.log.first_index, raft.commit_index) == (1, 5)
    assert raft.machine.snapshot() == before


def test_a_follower_that_lost_everything_catches_up_by_snapshot() -> None:
    """Raft §7: a slow or new follower is brought up to date over the network."""
    bench = RaftBench(3, snapshot_entries=3)
    bench.elect("n1", among=("n1", "n2"))
    for serial in range(1, 6):
        bench.tell("c1", "n1", request(serial, "put", f"k{serial}", serial))
        bench.settle(among=("n1", "n2"))
    bench.drop()
    assert bench.raft("n1").log.snapshot_index == 6
    for _ in range(2):
        bench.fire("n1", "heartbeat")
        bench.settle()

    assert bench.raft("n3").machine.snapshot() == bench.raft("n1").machine.snapshot()
    assert bench.raft("n3").commit_index == 6
    bench.crash("n3")
    bench.restart("n3")
    assert data(bench.raft("n3")) == {f"k{serial}": serial for serial in range(1, 6)}
