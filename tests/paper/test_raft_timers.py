"""Timers beside the paper's: etcd's ticks, a separate candidate timer, polled contacts, priorities."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.raft.messages import PreVoteReply, RequestVoteReply
from protocols.recording import RecordingHost
from tests.unit.raft_testing import MS, RaftBench, append, server, tell, vote

TICK = 100 * MS


def due(host: RecordingHost) -> int:
    after = host.timers["election"].after_ns
    assert after is not None
    return host.now_ns + after


def test_a_timeout_is_a_whole_number_of_ticks_from_the_next_one_on() -> None:
    """etcd tickElection: after R ticks, of which the first may come at once: (R - 1) ticks and the phase."""
    raft, host = server(tick=TICK)  # phase 0, R = 10
    host.now_ns = 30 * MS
    tell(raft, "n2", append(1, (0, 0)))

    assert due(host) == 10 * TICK
    host.now_ns = 100 * MS
    tell(raft, "n2", append(1, (0, 0)))
    assert due(host) == 11 * TICK


def test_the_timeout_is_drawn_once_per_term() -> None:
    """etcd resetRandomizedElectionTimeout is called when the term changes, not by heartbeats."""
    raft, host = server(tick=TICK)
    host.script.fractions.extend((0.35, 0.85))
    tell(raft, "n2", append(1, (0, 0)))
    first = due(host)
    tell(raft, "n2", append(1, (0, 0)))

    assert (first, due(host)) == (13 * TICK, 13 * TICK)
    tell(raft, "n3", append(2, (0, 0)))
    assert due(host) == 18 * TICK


def test_timeouts_are_from_the_election_ticks_to_one_less_than_twice_as_many() -> None:
    """etcd: electionTimeout + rand(electionTimeout)."""
    raft, host = server(tick=TICK, election_ticks=10)
    host.script.fractions.append(0.9999)
    tell(raft, "n2", append(1, (0, 0)))

    assert due(host) == 19 * TICK


def test_the_phase_is_frozen_for_the_life_of_a_process() -> None:
    """Measured on etcd 3.4: all its alarms are at the same offset from the grid."""
    bench = RaftBench(3, tick=TICK)
    host = bench.hosts["n1"]
    for now in (12 * MS, 57 * MS, 99 * MS):
        host.now_ns = now
        tell(bench.raft("n1"), "n2", append(1, (0, 0)))
        assert due(host) % TICK == 0


def test_heartbeats_come_at_ticks() -> None:
    """etcd tickHeartbeat."""
    bench = RaftBench(3, tick=TICK, heartbeat_ticks=2)
    bench.hosts["n1"].now_ns = 130 * MS
    bench.elect("n1")

    assert bench.hosts["n1"].timers["heartbeat"].after_ns == 170 * MS


def test_what_is_shorter_than_a_tick_takes_one() -> None:
    """A look at a lease of half a tick is due at the next tick, and not again and again at this one."""
    bench = RaftBench(3, tick=TICK, check_quorum=True, leader_lease_timeout=50 * MS)
    bench.hosts["n1"].now_ns = 130 * MS
    bench.elect("n1")

    assert bench.hosts["n1"].timers["check quorum"].after_ns == 70 * MS


def test_a_leader_counts_as_heard_for_as_many_ticks_as_an_election_takes() -> None:
    """etcd Step, inLease: electionElapsed < electionTimeout, counted in the voter's own ticks."""
    raft, host = server(tick=TICK, voter_stickiness=True)
    host.now_ns = 90 * MS
    tell(raft, "n3", append(1, (0, 0)))
    host.now_ns = 10 * TICK - 10 * MS
    tell(raft, "n2", vote(2))
    assert raft.current_term == 1  # nine ticks
    host.now_ns = 10 * TICK
    tell(raft, "n2", vote(2))

    assert raft.current_term == 2  # the tenth


def test_a_candidate_has_a_timer_of_its_own() -> None:
    """Raft Refloated (OSR 2015): candidates retry after a short time, whatever followers wait for."""
    raft, host = server(candidate_timeout=(20 * MS, 30 * MS))
    assert due(host) == 150 * MS
    host.timers["election"].fire()
    assert due(host) == 20 * MS
    host.timers["election"].fire()
    assert due(host) == 20 * MS
    tell(raft, "n2", append(9, (0, 0)))

    assert due(host) == 150 * MS


def test_a_pre_candidate_waits_like_a_follower() -> None:
    """etcd becomePreCandidate changes nothing but the state."""
    raft, host = server(pre_vote=True, candidate_timeout=(20 * MS, 30 * MS))
    host.timers["election"].fire()
    assert due(host) == 150 * MS
    for voter in ("n2", "n3"):
        tell(raft, voter, PreVoteReply(1, True))

    assert due(host) == 20 * MS


def test_a_polled_timer_looks_at_the_age_of_the_last_contact() -> None:
    """hashicorp/raft runFollower: no contact resets it; a young one postpones the campaign."""
    raft, host = server(polled_contact=True)
    host.now_ns = 100 * MS
    tell(raft, "n2", append(1, (0, 0)))
    assert host.timers["election"].after_ns == 150 * MS  # as it was set at the start
    host.now_ns = 150 * MS
    host.timers["election"].fire()
    assert (raft.role, due(host)) == ("follower", 300 * MS)
    host.now_ns = 300 * MS
    host.timers["election"].fire()

    assert raft.role == "candidate"


def test_a_server_of_lower_priority_waits_longer() -> None:
    """By the shortest timeout per step, so that the preferred one comes first unless it is down."""
    bench = RaftBench(3, priorities="3 2 1")

    assert [bench.timers_set(node)[0] for node in bench.group.servers] == [150 * MS, 300 * MS, 450 * MS]


@pytest.mark.parametrize("switches", [{}, {"tick": 15 * MS}, {"pre_vote": True}])
def test_whoever_campaigned_in_vain_waits_no_longer_than_the_preferred_ones(switches: dict[str, Any]) -> None:
    """NuRaft decay_target_priority: a timeout without a leader lowers the priority that a server waits for.

    Terms that rise meanwhile do not change that, only a leader does.
    """
    raft, host = server(priorities="1 2 2", **switches)
    assert due(host) == 300 * MS
    host.timers["election"].fire()
    assert due(host) == 150 * MS
    tell(raft, "n2", RequestVoteReply(9, False))
    assert (raft.role, due(host)) == ("follower", 150 * MS)
    host.timers["election"].fire()
    assert due(host) == 150 * MS
    tell(raft, "n2", append(11, (0, 0)))

    assert due(host) == 300 * MS


def test_a_server_of_priority_0_never_campaigns() -> None:
    """It votes, and counts for the quorum."""
    bench = RaftBench(3, priorities="0 1 1")
    bench.fire("n1", "election")
    assert (bench.pending(), bench.raft("n1").role) == ([], "follower")
    bench.fire("n2", "election")
    bench.deliver(*bench.pending(target="n1"))
    bench.deliver(*bench.pending(RequestVoteReply))

    assert bench.led() == [("n2", 1)]


def test_whoever_does_not_campaign_forgets_a_leader_that_it_does_not_hear() -> None:
    """Or it would send clients to that one for ever; the next message of a leader says who leads."""
    raft, host = server(priorities="0")
    tell(raft, "n2", append(1, (0, 0)))
    host.timers["election"].fire()
    assert raft.leader_id is None
    tell(raft, "n2", append(1, (0, 0)))

    assert raft.leader_id == "n2"
