"""Changes of one voter at a time (Dissertation §4.1) and joint ones (Raft §6)."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import Entry
from protocols.kv import NOOP
from protocols.operations import ChangeMembers
from protocols.raft import make_spec
from protocols.raft.configuration import Configuration, one_step
from protocols.raft.messages import RequestVoteReply
from tests.unit.raft_members_testing import ALL, change, cluster, configuration, proposed
from tests.unit.raft_testing import RaftBench, append, request, server, tell

# One at a time -------------------------------------------------------------------------------------


def test_single_changes_move_one_voter_at_a_time() -> None:
    """Dissertation §4.1: any two majorities of neighbours overlap; several are done one after the other."""
    bench = cluster()
    change(bench, voters=("n4", "n5"), removed=("n2",))

    sizes = [set(each.voters) for each in proposed(bench)]
    steps = [len(a ^ b) for a, b in zip([{"n1", "n2", "n3"}, *sizes], sizes, strict=False)]
    assert steps == [1, 1, 1]
    assert sizes[-1] == {"n1", "n3", "n4", "n5"}


def test_a_step_prefers_to_add() -> None:
    """So that the cluster is never smaller than before and after."""
    now, wanted = Configuration(("n1", "n2")), Configuration(("n2", "n3"))

    assert one_step(now, wanted) == Configuration(("n1", "n2", "n3"))


# Jointly -------------------------------------------------------------------------------------------


def test_a_joint_change_goes_through_both_majorities() -> None:
    """Raft §6: C_old,new, and when that is committed C_new."""
    bench = cluster("joint")
    change(bench, voters=("n4", "n5"), removed=("n1", "n2"))

    assert proposed(bench, "n3") == [
        Configuration(("n3", "n4", "n5"), (), ("n1", "n2", "n3")),
        Configuration(("n3", "n4", "n5")),
    ]


@pytest.mark.parametrize("heard", [("n2", "n3"), ("n4", "n5")])
def test_neither_majority_alone_commits_a_joint_configuration(heard: tuple[str, ...]) -> None:
    """Raft §6: agreement needs separate majorities of the old and of the new one."""
    bench = cluster("joint")
    bench.tell("n1", "n1", ChangeMembers(voters=("n4", "n5"), removed=("n2", "n3")))
    bench.settle(among=("n1", *heard))

    assert bench.raft("n1").commit_index == 1


@pytest.mark.parametrize(
    ("voters", "wins"), [(("n2", "n3"), False), (("n4", "n5"), False), (("n2", "n4"), True)]
)
def test_neither_majority_alone_elects_a_leader(voters: tuple[str, ...], wins: bool) -> None:
    """Raft §6: for elections as for entries; a majority of the union is not enough."""
    raft, host = server(membership="joint", voters=3)
    joint = Configuration(("n1", "n4", "n5"), (), ("n1", "n2", "n3"))
    tell(raft, "n2", append(1, (0, 0), Entry(1, NOOP), Entry(1, joint)))
    host.timers["election"].fire()
    for voter in ("n1", *voters):
        tell(raft, voter, RequestVoteReply(2, True))

    assert (raft.role == "leader") == wins


def test_the_next_leader_finishes_a_joint_change() -> None:
    """etcd 477ebd8: whoever commits C_old,new goes on to C_new, also if another one had begun."""
    bench = cluster("joint")
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",), removed=("n1",)))
    joint = configuration(bench)
    bench.settle(among=("n1", "n2", "n4"))
    assert joint.outgoing == ("n1", "n2", "n3")
    bench.crash("n1")
    bench.drop()
    bench.elect("n2")
    bench.fire("n2", "heartbeat")
    bench.settle()

    assert configuration(bench, "n2") == Configuration(("n2", "n3", "n4"))


def test_whoever_is_being_removed_campaigns_until_that_is_committed() -> None:
    """Dissertation §4.2.2: nobody else has C_new, and those who lack it need the vote of who has it."""
    bench = cluster("joint", voters=1)
    bench.tell("n1", "n1", ChangeMembers(voters=("n4",), removed=("n1",)))
    while len(proposed(bench)) < 2:
        bench.deliver(bench.pending()[0])
    bench.crash("n1")
    bench.drop()
    bench.restart("n1")
    bench.elect("n4")
    assert bench.led() == [("n1", 1)]  # n1's log is longer than n4's
    bench.fire("n1", "election")
    bench.settle()
    bench.fire("n1", "election") if bench.raft("n1").role == "candidate" else None
    bench.settle()

    assert bench.led()[1][0] == "n1"
    assert configuration(bench, "n4") == Configuration(("n4",))
    assert bench.raft("n1").role == "follower"  # it has committed that it is out


def test_learners_alone_need_no_joint_configuration() -> None:
    """They have no vote."""
    bench = cluster("joint")
    change(bench, learners=("n4",))

    assert proposed(bench) == [Configuration(ALL[:3], ("n4",))]


def test_a_service_hears_of_configurations_too() -> None:
    """As entries without a result; its machine's snapshot is its own."""
    spec = make_spec("toy", machine=KeyValueMachine)
    bench = RaftBench(3, spec, membership="single", voters=2, snapshot_entries=2)
    bench.elect("n1")
    change(bench, voters=("n3",))
    for serial in (1, 2):
        bench.tell("c1", "n1", request(serial))
        bench.settle()
    bench.crash("n1")
    bench.restart("n1")

    assert bench.raft("n1").machine.execute(("get", "k")) == 2


class KeyValueMachine:
    """A plain state machine."""

    def __init__(self) -> None:
        self.data: dict[Any, Any] = {}

    def apply(self, command: tuple[Any, ...]) -> Any:
        if command[0] == "get":
            return self.data.get(command[1])
        self.data[command[1]] = command[2]
        return None

    def snapshot(self) -> Any:
        return dict(self.data)

    def restore(self, state: Any) -> None:
        self.data = dict(state)
