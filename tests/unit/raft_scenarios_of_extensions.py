"""A few messages by hand for each known mistake of the extensions but those of members."""

from __future__ import annotations

from typing import Any

from protocols.api import ProtocolSpec
from protocols.operations import TransferLeadership
from protocols.raft.messages import (
    AppendEntriesReply,
    Heartbeat,
    HeartbeatReply,
    PreVote,
    RequestVoteReply,
    TimeoutNow,
    TransferRequestVote,
)
from tests.unit.raft_testing import TIMEOUT, RaftBench, append, log_terms, request, storage

LEASE: dict[str, Any] = {"reads": "lease", "voter_stickiness": True, "check_quorum": True}


def clocks(bench: RaftBench, now_ns: int) -> None:
    for host in bench.hosts.values():
        host.now_ns = now_ns


def elected(spec: ProtocolSpec, nodes: int = 3, **settings: Any) -> RaftBench:
    """Return a cluster that n1 leads and has committed with, long after all have started."""
    bench = RaftBench(nodes, spec, **settings)
    clocks(bench, 10 * TIMEOUT)
    bench.elect("n1")
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench


def value_read(bench: RaftBench, node: str = "n1", among: tuple[str, ...] | None = None) -> list[Any]:
    """Return what a client reads there: nothing, if it gets no answer."""
    bench.mail.clear()
    bench.tell("c9", node, request(1, "get", "k", client="c9"))
    bench.settle(among)
    return [reply.value for reply in bench.replies() if reply.outcome == "ok"]


def written_elsewhere(bench: RaftBench) -> None:
    """Let n2 and n3 elect n2 without n1, and write."""
    bench.elect("n2", among=("n2", "n3"))
    bench.tell("c1", "n2", request(1, "put", "k", "new"))
    bench.settle(among=("n2", "n3"))
    bench.drop()


def read_while_cut_off(spec: ProtocolSpec) -> Any:
    """n1 is cut off, n2 elected and written to; a client reads from n1."""
    bench = elected(spec, reads="read_index")
    written_elsewhere(bench)
    return value_read(bench, among=("n1",))


def read_at_a_new_leader(spec: ProtocolSpec) -> Any:
    """n1 commits a write with n2, which does not know so yet, and dies; n2 leads, n3 only answers rounds."""
    bench = elected(spec, reads="read_index")
    bench.tell("c1", "n1", request(1, "put", "k", "new"))
    bench.settle(among=("n1", "n2"))
    bench.crash("n1")
    bench.drop()
    bench.fire("n2", "election")
    bench.deliver(*bench.pending(target="n3"))
    bench.deliver(*bench.pending(RequestVoteReply))
    bench.drop()
    bench.tell("c9", "n2", request(1, "get", "k", client="c9"))
    bench.deliver(*bench.pending(Heartbeat, target="n3"))
    bench.deliver(*bench.pending(HeartbeatReply))
    return [reply.value for reply in bench.replies() if reply.client == "c9"]


def deposed_between_round_and_answer(spec: ProtocolSpec) -> Any:
    """n1's read waits for its round; before that is answered, n1 hears of n2's higher term."""
    bench = elected(spec, reads="read_index")
    bench.tell("c9", "n1", request(1, "get", "k", client="c9"))
    bench.drop()
    written_elsewhere(bench)
    bench.tell("n2", "n1", append(2, (1, 1)))
    return [reply.outcome for reply in bench.replies() if reply.client == "c9"]


def late_answers(spec: ProtocolSpec) -> Any:
    """n2's answer to a round is late; n1 is cut off, n2 deposes it, then the answer meets a newer read."""
    bench = elected(spec, reads="read_index")
    bench.tell("c8", "n1", request(1, "get", "k", client="c8"))
    bench.deliver(*bench.pending(Heartbeat))
    answers = bench.pending(HeartbeatReply)
    for answer in answers:
        bench.network.remove(answer)
    written_elsewhere(bench)
    bench.mail.clear()
    bench.tell("c9", "n1", request(1, "get", "k", client="c9"))
    for answer in answers:
        bench.tell(answer.source, "n1", answer.message)
    return [reply.value for reply in bench.replies() if reply.client == "c9"]


def acknowledgement_of_an_earlier_message(spec: ProtocolSpec) -> Any:
    """What n2 had acknowledged before it deposed n1 arrives after a read."""
    bench = elected(spec, reads="read_index")
    written_elsewhere(bench)
    bench.mail.clear()
    bench.tell("c9", "n1", request(1, "get", "k", client="c9"))
    bench.tell("n2", "n1", AppendEntriesReply(1, True, 1, 0, 0))
    return [reply.value for reply in bench.replies()]


def lease_story(spec: ProtocolSpec, answered: int, elected_at: int, bound: float = 1.0) -> Any:
    """Return who leads and what n1 reads when n2 campaigns that long after a round was sent."""
    bench = elected(spec, **LEASE, clock_drift_bound=bound)
    start = 20 * TIMEOUT
    clocks(bench, start)
    bench.fire("n1", "heartbeat")
    bench.deliver(*bench.pending(Heartbeat))
    clocks(bench, start + answered)
    bench.deliver(*bench.pending(HeartbeatReply))
    bench.drop()
    clocks(bench, start + elected_at)
    written_elsewhere(bench)
    return bench.led()[-1], value_read(bench, among=("n1",))


def check_passed_long_ago(spec: ProtocolSpec) -> Any:
    """All clocks agree; n1's check passed just before, and its last round is two timeouts old."""
    return lease_story(spec, 0, 2 * TIMEOUT - 1)


def slow_answers(spec: ProtocolSpec) -> Any:
    """The answers take half a timeout, and n2 is elected a timeout after the round was sent."""
    return lease_story(spec, TIMEOUT // 2, TIMEOUT)


def early_candidate(spec: ProtocolSpec) -> Any:
    """n2 campaigns within the lease (it did not hear the round: its clock is fast); n3 did."""
    return lease_story(spec, 0, TIMEOUT // 2)


def slow_clock(spec: ProtocolSpec) -> Any:
    """n1's clock runs at two thirds of the others', within the bound of 1.5 that was declared."""
    bench = elected(spec, **LEASE, clock_drift_bound=1.5)
    start = 20 * TIMEOUT
    clocks(bench, start)
    bench.fire("n1", "heartbeat")
    bench.settle()
    clocks(bench, start + TIMEOUT)
    bench.hosts["n1"].now_ns = start + TIMEOUT * 2 // 3
    written_elsewhere(bench)
    return value_read(bench, among=("n1",))


def read_after_a_transfer_that_failed(spec: ProtocolSpec) -> Any:
    """n1 calls on n2, is cut off, and gives up; within its lease n2 is elected all the same."""
    bench = elected(spec, **LEASE, clock_drift_bound=1.0, leadership_transfer=True)
    bench.fire("n1", "heartbeat")
    bench.settle()
    bench.tell("n1", "n1", TransferLeadership("n2"))
    bench.deliver(*bench.pending(TimeoutNow))
    bench.fire("n1", "transfer")
    bench.deliver(*bench.pending(TransferRequestVote, target="n3"))
    bench.settle(among=("n2", "n3"))
    bench.tell("c1", "n2", request(1, "put", "k", "new"))
    bench.settle(among=("n2", "n3"))
    bench.drop()
    return value_read(bench, among=("n1",))


def voter_restarts_within_the_lease(spec: ProtocolSpec) -> Any:
    """n3, which has just answered n1's round, restarts and is asked by n2."""
    bench = elected(spec, **LEASE, clock_drift_bound=1.0)
    bench.fire("n1", "heartbeat")
    bench.settle()
    now = bench.hosts["n3"].now_ns
    bench.crash("n3")
    bench.restart("n3")
    bench.hosts["n3"].now_ns = now
    bench.processes["n3"]._started_at = now  # type: ignore[attr-defined]
    bench.hosts["n2"].now_ns += TIMEOUT
    written_elsewhere(bench)
    return bench.led()[-1], value_read(bench, among=("n1",))


def chained(spec: ProtocolSpec) -> Any:
    """n3 does not hear n1, the leader; n2 hears both (Dissertation §9.6)."""
    bench = elected(spec, pre_vote=True)
    bench.fire("n3", "election")
    bench.settle(among=("n2", "n3"))
    return [term for _, term in bench.led()]


def cut_off_server_asks(spec: ProtocolSpec) -> Any:
    """n3 was cut off, and asks; the term of n2."""
    bench = elected(spec, pre_vote=True)
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(PreVote, target="n2"))
    return bench.raft("n2").current_term


def asks_from_a_lower_term(spec: ProtocolSpec) -> Any:
    """n1 is in term 1 and has the better log; n2 and n3 are in term 5 and have none. Who leads in the end?"""
    bench = RaftBench(3, spec, pre_vote=True)
    bench.reboot("n1", storage(1, 1, term=1))
    for node in ("n2", "n3"):
        bench.reboot(node, storage(term=5))
    while not bench.led() and len(bench.timers_set("n1")) < 6:
        bench.fire("n1", "election")
        bench.settle()
    return bench.led()


def voters_lag_behind(spec: ProtocolSpec) -> Any:
    """n1 is in term 5, and the others have never heard of it."""
    bench = RaftBench(3, spec, pre_vote=True)
    bench.reboot("n1", storage(1, term=5))
    bench.elect("n1")
    return bench.led()


def asked_again_and_again(spec: ProtocolSpec) -> Any:
    """How often n2's timer is set while n3 asks three times."""
    bench = RaftBench(3, spec, pre_vote=True)
    before = len(bench.timers_set("n2"))
    for _ in range(3):
        bench.fire("n3", "election")
        bench.deliver(*bench.pending(PreVote, target="n2"))
    return len(bench.timers_set("n2")) - before


def transfer_among_sticky_voters(spec: ProtocolSpec) -> Any:
    """n1 calls on n2 while all hear n1."""
    bench = elected(spec, voter_stickiness=True, leadership_transfer=True)
    bench.tell("n1", "n1", TransferLeadership("n2"))
    bench.settle()
    return bench.led()[-1]


def stuck_at_a_higher_term(spec: ProtocolSpec) -> Any:
    """n3 is in term 5 with an empty log, and hears n1 of term 1; what is n1 then?"""
    bench = elected(spec, pre_vote=True, check_quorum=True)
    bench.reboot("n3", storage(term=5))
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench.raft("n1").role


def silence_after_one_answer(spec: ProtocolSpec) -> Any:
    """Two checks after the last answer."""
    bench = elected(spec, check_quorum=True)
    for _ in range(2):
        bench.fire("n1", "check quorum")
    return bench.raft("n1").role


def transfer_to_a_dead_target(spec: ProtocolSpec) -> Any:
    """After the time of the transfer is over, does the log grow again?"""
    bench = elected(spec, leadership_transfer=True)
    bench.crash("n3")
    bench.tell("n1", "n1", TransferLeadership("n3"))
    bench.fire("n1", "transfer")
    bench.tell("c1", "n1", request(1))
    return bench.raft("n1").log.last_index


def command_during_a_transfer(spec: ProtocolSpec) -> Any:
    """Does the log grow while the target is to catch up?"""
    bench = elected(spec, leadership_transfer=True)
    bench.tell("n1", "n1", TransferLeadership("n3"))
    bench.tell("c1", "n1", request(1))
    return bench.raft("n1").log.last_index


def campaign_after_a_transfer(spec: ProtocolSpec) -> Any:
    """n3 was called on, in vain; it campaigns again later, and what does n2 make of that?"""
    bench = elected(spec, voter_stickiness=True, leadership_transfer=True)
    bench.tell("n1", "n3", TimeoutNow(1))
    bench.drop()
    bench.fire("n3", "election")
    bench.deliver(*bench.pending(target="n2"))
    return bench.raft("n2").current_term


def divergent_follower_hears_a_round(spec: ProtocolSpec) -> Any:
    """n3 has an entry of its own at index 2 and hears a round of n1, which has committed two entries."""
    bench = RaftBench(3, spec, reads="read_index")
    bench.reboot("n3", storage(1, 2, term=2))
    for node in ("n1", "n2"):
        bench.reboot(node, storage(1, term=2))
    bench.elect("n1", among=("n1", "n2"))
    bench.tell("c9", "n1", request(1, "get", "k", client="c9"))
    bench.deliver(*bench.pending(Heartbeat, target="n3"))
    return log_terms(bench.raft("n3")), bench.raft("n3").commit_index
