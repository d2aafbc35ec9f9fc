"""Changing the members: Raft §6, Dissertation §4 (and Ongaro's correction of 2015 to §4.1); etcd/raft."""

from __future__ import annotations

import pytest

from protocols.api import Entry
from protocols.kv import NOOP, KeyValue
from protocols.operations import ChangeMembers, TransferLeadership
from protocols.raft.configuration import Configuration, ConfiguredState, changed
from protocols.raft.membership import Reconfiguring
from protocols.raft.messages import InstallSnapshot, RequestVoteReply, TimeoutNow
from protocols.recording import FollowedNow
from tests.unit.raft_members_testing import ALL, beat, change, cluster, configuration, proposed
from tests.unit.raft_testing import RaftBench, append, notes, request, server, storage, tell, vote

# Both ways -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["single", "joint"])
def test_a_server_is_added(kind: str) -> None:
    """It gets the whole log, and its vote counts."""
    bench = cluster(kind)
    change(bench, voters=("n4",))
    beat(bench)

    assert configuration(bench) == configuration(bench, "n4") == Configuration(ALL[:4])
    assert bench.raft("n4").commit_index == bench.raft("n1").commit_index


@pytest.mark.parametrize("kind", ["single", "joint"])
def test_a_server_is_removed(kind: str) -> None:
    """It is sent nothing any more."""
    bench = cluster(kind)
    change(bench, removed=("n3",))
    bench.drop()
    bench.fire("n1", "heartbeat")

    assert configuration(bench) == Configuration(("n1", "n2"))
    assert {envelope.target for envelope in bench.pending()} == {"n2"}


def test_a_configuration_is_in_force_as_soon_as_it_is_in_the_log() -> None:
    """Raft §6: a server uses the latest one in its log, committed or not."""
    bench = cluster()
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",)))
    assert bench.raft("n1").commit_index == 1
    assert configuration(bench) == Configuration(ALL[:4])
    bench.deliver(*bench.pending(target="n2"))

    assert configuration(bench, "n2") == Configuration(ALL[:4])


def test_a_configuration_that_is_truncated_is_not_in_force_any_more() -> None:
    """Raft §6: a server may have to fall back to the one before."""
    raft, _ = server(membership="single", voters=3)
    assert isinstance(raft, Reconfiguring)
    tell(raft, "n2", append(1, (0, 0), Entry(1, NOOP), Entry(1, Configuration(ALL[:4]))))
    assert raft.configuration == Configuration(ALL[:4])
    tell(raft, "n3", append(2, (1, 1), Entry(2, NOOP)))

    assert raft.configuration == Configuration(ALL[:3])


def test_a_restarted_server_finds_the_configuration_in_its_log() -> None:
    """It is as durable as every other entry."""
    bench = cluster()
    change(bench, voters=("n4",))
    bench.crash("n2")
    bench.restart("n2")

    assert configuration(bench, "n2") == Configuration(ALL[:4])


def test_no_change_before_an_entry_of_the_term_is_committed() -> None:
    """Ongaro's correction of 2015: or changes of two leaders may have no majority in common."""
    bench = RaftBench(5, membership="single", voters=4)
    bench.elect("n1", among=("n1",))
    bench.fire("n1", "election")
    bench.deliver(*bench.pending(target="n2"), *bench.pending(target="n3"))
    bench.deliver(*bench.pending(RequestVoteReply))
    assert bench.raft("n1").role == "leader"
    bench.tell("n1", "n1", ChangeMembers(voters=("n5",)))
    assert proposed(bench) == []
    bench.settle()

    assert proposed(bench) == [Configuration(ALL)]


@pytest.mark.parametrize("kind", ["single", "joint"])
def test_one_change_at_a_time(kind: str) -> None:
    """Dissertation §4.1: the next one waits until the one before is committed."""
    bench = cluster(kind)
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",)))
    bench.tell("n1", "n1", ChangeMembers(voters=("n5",)))
    assert len(proposed(bench)) == 1
    bench.settle()

    assert configuration(bench) == Configuration(ALL)


def test_a_leader_that_removes_itself_leads_until_that_is_committed() -> None:
    """Raft §6: meanwhile it replicates, and does not count itself."""
    bench = cluster()
    bench.tell("n1", "n1", ChangeMembers(removed=("n1",)))
    bench.settle(among=("n1", "n2"))
    assert (bench.raft("n1").role, bench.raft("n1").commit_index) == ("leader", 1)
    bench.settle()

    assert bench.raft("n1").role == "follower"
    assert [e for _, e in bench.effects if isinstance(e, FollowedNow)] == [FollowedNow("removed")]


def test_whoever_is_no_voter_does_not_campaign() -> None:
    """hashicorp/raft 477, etcd db54973: neither a stranger nor a learner nor who was removed."""
    bench = cluster(voters=3, learners=1)
    bench.tell("n1", "n1", ChangeMembers(removed=("n1",)))
    bench.settle()
    bench.drop()
    for node in ("n1", "n4", "n5"):
        bench.fire(node, "election")
        bench.tell("n2", node, TimeoutNow(1))

    assert bench.pending() == []


def test_servers_vote_for_whom_their_configuration_does_not_know() -> None:
    """Raft §6: requests are accepted whoever sends them; the candidate's log may be ahead of ours."""
    raft, host = server(storage(1), membership="single", voters=3)
    tell(raft, "n5", vote(2, 1, 1, candidate="n5"))

    assert raft.voted_for == "n5"
    assert host.take() != []


def test_a_learner_gets_entries_and_has_no_say() -> None:
    """Dissertation §4.2.1: its answers commit nothing."""
    bench = cluster(voters=3, learners=1)
    bench.tell("c1", "n1", request(1))
    bench.settle(among=("n1", "n4"))
    assert bench.raft("n4").log.last_index == 2
    assert bench.raft("n1").commit_index == 1


def test_a_learner_votes_if_it_is_asked() -> None:
    """etcd Step: it may have been promoted in the candidate's log, and not know so yet."""
    bench = cluster(voters=3, learners=1)
    bench.tell("n3", "n4", vote(5, 9, 9, candidate="n3"))

    assert bench.raft("n4").voted_for == "n3"


def test_a_learner_is_promoted_and_a_voter_demoted() -> None:
    """Nobody is both."""
    bench = cluster(voters=3, learners=1)
    change(bench, voters=("n4",), learners=("n3",))

    assert configuration(bench) == Configuration(("n1", "n2", "n4"), ("n3",))


def test_learners_do_not_keep_a_leader_alive() -> None:
    """hashicorp/raft 308: CheckQuorum counts voters only."""
    bench = cluster(voters=3, nodes=7, learners=4, check_quorum=True)
    bench.fire("n1", "check quorum")
    beat(bench, among=("n1", "n4", "n5", "n6", "n7"))
    bench.fire("n1", "check quorum")

    assert bench.raft("n1").role == "follower"


def test_leadership_goes_to_voters_only() -> None:
    """etcd: a transfer to a learner is ignored."""
    bench = cluster(voters=3, learners=1, leadership_transfer=True)
    bench.tell("n1", "n1", TransferLeadership("n4"))
    bench.settle()

    assert bench.led() == [("n1", 1)]


def test_a_snapshot_holds_the_configuration_as_of_its_last_entry() -> None:
    """Raft §7: what was in the entries that it replaces; and not the one of a later entry."""
    bench = cluster(snapshot_entries=3)
    change(bench, voters=("n4",))
    for serial in range(1, 4):
        bench.tell("c1", "n1", request(serial))
        bench.settle()
    snapshot = bench.raft("n1").snapshot
    assert snapshot is not None
    assert isinstance(snapshot.state, ConfiguredState)
    assert snapshot.state.configuration == Configuration(ALL[:4])
    bench.crash("n1")
    bench.restart("n1")

    assert configuration(bench) == Configuration(ALL[:4])


def test_a_leaders_snapshot_brings_its_configuration() -> None:
    """Raft §7: the new member needs it."""
    raft, host = server(membership="single", voters=3)
    assert isinstance(raft, Reconfiguring)
    state = ConfiguredState(Configuration(ALL[:4]), KeyValue().snapshot())
    tell(raft, "n2", InstallSnapshot(1, 7, 1, state))

    assert raft.configuration == Configuration(ALL[:4])
    assert notes(host.take(), "membership") == [("membership", ALL[:4], (), ())]


def test_others_hand_an_order_on_to_the_leader() -> None:
    """Whoever is asked."""
    bench = cluster()
    bench.tell("n3", "n3", ChangeMembers(voters=("n4",)))
    bench.settle()

    assert configuration(bench) == Configuration(ALL[:4])


def test_nothing_is_left_of_an_order_that_would_leave_nobody() -> None:
    """A cluster without voters could never be changed again."""
    now = Configuration(("n1",))

    assert changed(now, ChangeMembers(removed=("n1",))) == now
