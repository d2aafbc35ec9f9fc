"""Any state machine on Raft, and a service beside it: the seam that coordination services build on."""

from __future__ import annotations

from typing import Any

from protocols.api import Entry, ProtocolSpec, Request
from protocols.bench import Bench
from protocols.kv import NOOP, STALE
from protocols.raft import make_spec, server_role
from protocols.raft.parameters import RaftParameters
from protocols.raft.rules import check
from protocols.raft.service import Member, NoService, Proposal, Propose
from tests.unit.raft_service_testing import (
    SPEC,
    Changed,
    Counter,
    Watch,
    add,
    cluster,
    heard,
    hosting,
    machine,
    propose,
)
from tests.unit.raft_testing import RaftBench, request


def test_a_client_gets_the_result_of_the_state_machine_once_per_request() -> None:
    """Raft §8: a repeated request is answered from the session, whatever the machine is."""
    bench = cluster()
    for serial, number in ((1, 5), (2, 7), (1, 5)):
        bench.tell("c1", "n1", add(serial, number))
        bench.settle()

    assert [reply.value for reply in bench.replies()] == [5, 12, 5]
    assert machine(bench, "n1").total == 12


def test_a_session_forgets_what_its_client_has_given_up() -> None:
    """The answer to a request below the client's oldest one is not known any more."""
    made = hosting(cluster(), "n1").machine
    for serial in range(1, 40):
        made.apply(Request("c1", serial, serial, ("add", 1)))

    assert made.apply(add(3, 1)) is STALE
    assert made.apply(Request("c1", 39, 39, ("add", 1))) == 39


def test_the_service_hears_of_every_entry_on_every_server() -> None:
    """In order, with what the state machine returned; the no-op has no result."""
    bench = cluster()
    bench.tell("c1", "n1", add(1, 5))
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert heard(bench, "n1") == ["started", ("leads", 1), (1, 1, None), (2, 1, 5)]
    assert heard(bench, "n2") == ["started", (1, 1, None), (2, 1, 5)]


def test_messages_of_the_service_reach_it_and_it_can_push_from_any_server() -> None:
    """A watch at a follower: its news comes when that server applies."""
    bench = cluster()
    bench.tell("w1", "n3", Watch())
    bench.tell("c1", "n1", add(1, 5))
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    pushed = [(e.source, e.target, e.message) for e in bench.mail if isinstance(e.message, Changed)]
    assert pushed == [("n3", "w1", Changed(None)), ("n3", "w1", Changed(5))]  # type: ignore[arg-type]


def test_the_leaders_service_proposes() -> None:
    """It is told when its own server applied the command."""
    bench = cluster()
    told = propose(bench, "n1", 4)
    assert told == []

    bench.settle()

    assert told == [("ok", 4)]


def test_a_followers_service_proposes_through_the_leader() -> None:
    """etcd: MsgProp; the caller is told when its own server applied it."""
    bench = cluster()
    told = propose(bench, "n2", 4)
    bench.settle()
    assert told == []

    bench.fire("n1", "heartbeat")
    bench.settle()

    assert told == [("ok", 4)]


def test_without_a_known_leader_nothing_is_proposed() -> None:
    """The answer comes at once, and is certain."""
    bench = RaftBench(3, SPEC)
    told = propose(bench, "n1", 4)

    assert told == [("not_leader", None)]
    assert bench.pending() == []


def test_what_another_leader_may_have_taken_is_unknown() -> None:
    """The proposal was lost, or is in a log: the next leader decides which."""
    bench = cluster()
    told = [propose(bench, "n2", 4), propose(bench, "n3", 5)]
    bench.drop()
    bench.elect("n3")

    assert told == [[("unknown", None)], [("unknown", None)]]


def test_a_read_at_any_server_sees_what_was_committed_before() -> None:
    """Dissertation §6.4: the follower has applied it when it is told that it may read."""
    bench = cluster()
    bench.tell("c1", "n1", add(1, 5))
    bench.settle()
    seen: list[Any] = []
    hosting(bench, "n2").read_index(lambda sure: seen.append((sure, machine(bench, "n2").total)))
    bench._perform("n2")
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert seen == [(True, 5)]


def test_a_read_that_no_leader_confirms_is_told_so() -> None:
    """Nobody is known to lead."""
    seen: list[bool] = []
    hosting(RaftBench(3, SPEC), "n2").read_index(seen.append)

    assert seen == [False]


def test_what_is_abandoned_is_never_told() -> None:
    """A service that has timed out does not want to hear."""
    bench = cluster()
    told: list[Any] = []
    member = hosting(bench, "n1")
    member.abandon(member.propose(("add", 4), lambda outcome, result: told.append(outcome)))
    bench._perform("n1")
    bench.settle()

    assert (told, machine(bench, "n1").total) == ([], 4)


def test_an_earlier_incarnations_proposal_is_not_taken_for_a_new_one() -> None:
    """Numbers are never used twice: the clock goes on while the process is down."""
    bench = cluster()
    propose(bench, "n1", 4)
    last = bench.raft("n1").log.entry(2).command
    bench.crash("n1")
    bench.restart("n1")
    bench.hosts["n1"].now_ns = 1_000
    bench.elect("n1")
    propose(bench, "n1", 4)

    assert isinstance(last, Proposal)
    again = bench.raft("n1").log.entry(4).command
    assert again.serial > last.serial


def test_a_server_that_does_not_lead_ignores_proposals() -> None:
    """It would have to hand them on and on."""
    bench = cluster()
    bench.tell("n3", "n2", Propose(Proposal("n3", 1, ("add", 1))))

    assert bench.raft("n2").log.last_index == 1


def test_the_service_hears_when_its_server_is_deposed() -> None:
    """Once, and only if it had led."""
    bench = cluster()
    bench.elect("n2")

    assert heard(bench, "n1").count("stopped") == 1
    assert heard(bench, "n3").count("stopped") == 0


def test_a_snapshot_holds_the_machine_and_its_sessions() -> None:
    """A server that lags behind gets both, and its service hears that entries were skipped."""
    bench = cluster(snapshot_entries=2)
    bench.crash("n3")
    for serial in range(1, 6):
        bench.tell("c1", "n1", add(serial, 1))
        bench.settle()
    bench.restart("n3")
    bench.fire("n1", "heartbeat")
    bench.settle()

    assert machine(bench, "n3").total == 5
    assert ("restored", 6) in heard(bench, "n3")
    assert hosting(bench, "n3").machine.recall(add(5, 1)) == 5


def test_servers_beside_contenders() -> None:
    """A coordination service: its members are s1, s2 ..., and replicate among themselves only."""
    role = server_role(machine=Counter, count=lambda parameters: 3, contend=False)
    bench = Bench(ProtocolSpec("toy", "A toy.", RaftParameters, (role,), check), RaftParameters())
    bench.fire("s2", "election")
    bench.settle()

    assert bench.group.servers == ("s1", "s2", "s3")
    assert hosting(bench, "s2").is_leader
    assert hosting(bench, "s1").leader_id == "s2"


def test_a_service_that_needs_little_says_little() -> None:
    """`NoService` has the rest."""

    class Counting(NoService):
        def __init__(self, member: Member, parameters: Any) -> None:
            self.count = 0

        def applied(self, index: int, entry: Entry, result: Any) -> None:
            self.count += entry.command is not NOOP

    bench = RaftBench(1, make_spec("toy", service=Counting))
    bench.elect("n1")
    bench.tell("c1", "n1", request(1, "put", "k", 1))

    service = hosting(bench, "n1").service
    assert isinstance(service, Counting)
    assert service.count == 1
