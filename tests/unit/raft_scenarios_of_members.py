"""A few messages by hand for each known mistake with members, learners and snapshots."""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, ProtocolSpec
from protocols.kv import NOOP, KeyValueState
from protocols.operations import ChangeMembers
from protocols.raft.configuration import Configuration
from protocols.raft.messages import InstallSnapshot, RequestVoteReply
from protocols.raft.storage import Appended, HardState, RaftStorage
from tests.unit.raft_members_testing import configuration
from tests.unit.raft_testing import RaftBench, append, entries, log_terms, request


def members(spec: ProtocolSpec, kind: str = "single", nodes: int = 5, **settings: Any) -> RaftBench:
    """Return servers, of which three are members unless `voters` says otherwise, led by n1."""
    bench = RaftBench(nodes, spec, **{"membership": kind, "voters": 3, **settings})
    bench.elect("n1")
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench


def learners_answer(spec: ProtocolSpec) -> Any:
    """Between two checks only learners are heard; what is n1 then?"""
    bench = members(spec, learners=2, check_quorum=True)
    bench.fire("n1", "check quorum")
    bench.fire("n1", "heartbeat")
    bench.settle(among=("n1", "n4", "n5"))
    bench.fire("n1", "check quorum")
    return bench.raft("n1").role


def two_leaders_change(spec: ProtocolSpec) -> Any:
    """Ongaro, 2015: n1 adds n5, n2 removes n1; neither had committed anything in its term.

    n1's change is on n1 alone when n2 is elected by n3 and n4; n2's is on n2 and n3, of its three voters,
    with what came before it. Then n1 wins with n4 and n5: what had n2 committed, which n1 lacks?
    """
    bench = members(spec, voters=4)
    bench.tell("n1", "n1", ChangeMembers(voters=("n5",)))
    bench.drop()
    bench.fire("n2", "election")
    for voter in ("n3", "n4"):
        bench.deliver(*bench.pending(target=voter))
    bench.deliver(*bench.pending(RequestVoteReply))
    bench.tell("n2", "n2", ChangeMembers(removed=("n1",)))
    bench.settle(among=("n2", "n3"))
    bench.drop()
    bench.crash("n1")
    bench.restart("n1")
    for _ in range(2):
        bench.fire("n1", "election")
        bench.settle(among=("n1", "n4", "n5"))
        bench.drop()
    return [leader for leader, _ in bench.led()], bench.raft("n2").commit_index


def three_to_five(spec: ProtocolSpec) -> Any:
    """n1 adds n4 and n5 and reaches only these; n2 campaigns with n3, and n4 with n5 and n1. Who led?"""
    bench = members(spec)
    bench.tell("n1", "n1", ChangeMembers(voters=("n4", "n5")))
    bench.settle(among=("n1", "n4", "n5"))
    bench.drop()
    bench.elect("n2", among=("n2", "n3"))
    bench.elect("n4", among=("n1", "n4", "n5"))
    return [leader for leader, _ in bench.led()]


def joint_candidate(spec: ProtocolSpec) -> Any:
    """n1 has C_old,new with the old voters n1 to n3 and the new ones n1, n4 and n5; n4 and n5 vote for it."""
    bench = RaftBench(5, spec, membership="joint", voters=3)
    joint = Configuration(("n1", "n4", "n5"), (), ("n1", "n2", "n3"))
    image = RaftStorage()
    image.apply(HardState(1, None))
    image.apply(Appended(0, (Entry(1, NOOP), Entry(1, joint))))
    bench.reboot("n1", image)
    bench.elect("n1", among=("n1", "n4", "n5"))
    return bench.led()


def uncommitted_change(spec: ProtocolSpec) -> Any:
    """The voters of n2, which has an entry that changes them, not committed."""
    bench = members(spec)
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",)))
    bench.deliver(*bench.pending(target="n2"))
    return configuration(bench, "n2").voters


def removed_server_times_out(spec: ProtocolSpec) -> Any:
    """n3 knows that it is removed; the term that it is in after a timeout."""
    bench = members(spec)
    bench.tell("n1", "n1", ChangeMembers(removed=("n1",)))
    bench.settle()
    bench.fire("n1", "election")
    return bench.raft("n1").current_term


def promoted_without_knowing(spec: ProtocolSpec) -> Any:
    """n3 is promoted in n2's log but not in its own, and n1 dies; n2 needs its vote."""
    bench = members(spec, nodes=3, voters=2, learners=1)
    bench.tell("n1", "n1", ChangeMembers(voters=("n3",)))
    bench.settle(among=("n1", "n2"))
    bench.crash("n1")
    bench.drop()
    bench.elect("n2")
    return bench.led()[-1]


def snapshot_of_a_prefix(spec: ProtocolSpec) -> Any:
    """n1 has entries up to 3, not committed, and gets a snapshot up to 2; its log then."""
    bench = RaftBench(3, spec, pre_vote=True)
    bench.tell("n2", "n1", append(1, (0, 0), *entries(1, 1, 1)))
    bench.tell("n2", "n1", InstallSnapshot(1, 2, 1, KeyValueState((), ())))
    return log_terms(bench.raft("n1"))


def snapshot_that_is_late(spec: ProtocolSpec) -> Any:
    """n1 has applied three entries, and gets a snapshot up to 2; what it has applied then."""
    bench = RaftBench(3, spec, pre_vote=True)
    bench.tell("n2", "n1", append(1, (0, 0), *entries(1, 1, 1), commit=3))
    bench.tell("n2", "n1", InstallSnapshot(1, 2, 1, KeyValueState((), ())))
    return bench.raft("n1").last_applied


def restart_from_a_snapshot(spec: ProtocolSpec) -> Any:
    """n1 has added n4, compacted its log, and restarts; its voters then."""
    bench = members(spec, snapshot_entries=3)
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",)))
    bench.settle()
    for serial in range(1, 4):
        bench.tell("c1", "n1", request(serial))
        bench.settle()
    bench.crash("n1")
    bench.restart("n1")
    return configuration(bench).voters


def leader_dies_while_joint(spec: ProtocolSpec) -> Any:
    """n1 has begun to replace itself by n4, and dies; is the next leader's configuration joint for ever?"""
    bench = members(spec, "joint")
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",), removed=("n1",)))
    bench.deliver(*bench.pending(target="n2"), *bench.pending(target="n4"))
    bench.crash("n1")
    bench.drop()
    bench.elect("n2")
    bench.fire("n2", "heartbeat")
    bench.settle()
    return configuration(bench, "n2").outgoing
