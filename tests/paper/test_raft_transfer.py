"""Leadership transfer: Dissertation §3.10; etcd/raft MsgTransferLeader and MsgTimeoutNow."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.api import Reply
from protocols.operations import Stop, TransferLeadership
from protocols.raft.extended import ExtendedRaft
from protocols.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    PreVote,
    RequestVote,
    TimeoutNow,
    TransferRequestVote,
)
from protocols.raft.service import Propose
from protocols.recording import Effect, RecordingHost, Sent
from tests.unit.raft_testing import (
    TIMEOUT,
    RaftBench,
    append,
    effects_of,
    leader,
    request,
    sent,
    server,
    storage,
    tell,
)

ON: dict[str, Any] = {"leadership_transfer": True}


def ready(**settings: Any) -> tuple[ExtendedRaft, RecordingHost]:
    """Return a leader of five whose no-op is on n2 and n3."""
    raft, host = leader(**{**ON, **settings})
    assert isinstance(raft, ExtendedRaft)
    for follower in ("n1", "n2", "n3"):
        tell(raft, follower, AppendEntriesReply(1, True, 1, 0, 0))
    host.take()
    return raft, host


def order(raft: ExtendedRaft, host: RecordingHost, to: str | None = None) -> list[Effect]:
    return effects_of(raft, host, "n1", TransferLeadership(to))


def bench_of(nodes: int, **settings: Any) -> RaftBench:
    bench = RaftBench(nodes, **{**ON, **settings})
    bench.elect("n1")
    return bench


def test_the_target_takes_over() -> None:
    """§3.10: in one round trip plus an election without a timeout."""
    bench = bench_of(3)
    bench.tell("n1", "n1", TransferLeadership("n3"))
    bench.settle()

    assert bench.led() == [("n1", 1), ("n3", 2)]


def test_an_up_to_date_target_is_told_at_once() -> None:
    """§3.10 step 3."""
    raft, host = ready()

    assert sent(order(raft, host, "n2"), TimeoutNow) == [("n2", TimeoutNow(1))]


def test_a_target_that_lags_behind_is_brought_up_to_date_first() -> None:
    """§3.10 step 2: it gets the log as usual, and then the word."""
    raft, host = ready()
    raft.in_flight["n4"] = 0  # what was sent with the election got lost
    effects = order(raft, host, "n4")
    assert sent(effects, TimeoutNow) == []
    assert [peer for peer, _ in sent(effects, AppendEntries)] == ["n4"]
    effects = effects_of(raft, host, "n4", AppendEntriesReply(1, True, 1, 0, 0))

    assert sent(effects, TimeoutNow) == [("n4", TimeoutNow(1))]


def test_meanwhile_no_command_is_accepted() -> None:
    """§3.10 step 1: the log must stop growing; the client may try elsewhere."""
    raft, host = ready()
    order(raft, host, "n4")
    told: list[str] = []
    tell(raft, "c1", request(1))
    raft.propose(("put", "k", 1), lambda outcome, result: told.append(outcome))
    raft.propose(("put", "k", 1))

    assert [reply.outcome for _, reply in sent(host.take(), Reply)] == ["not_leader"]
    assert (raft.log.last_index, told) == (1, ["not_leader"])


def test_meanwhile_no_other_servers_proposal_is_accepted() -> None:
    """They come by another way."""
    bench = bench_of(3)
    proposer = bench.raft("n2")
    assert isinstance(proposer, ExtendedRaft)
    proposer.propose(("put", "k", 1))
    bench._perform("n2")
    bench.tell("n1", "n1", TransferLeadership("n3"))
    bench.deliver(*bench.pending(Propose))

    assert bench.raft("n1").log.last_index == 1


def test_a_transfer_is_given_up_after_an_election_timeout() -> None:
    """§3.10: the leader resumes, and accepts commands again."""
    raft, host = ready()
    order(raft, host, "n4")
    assert host.timers["transfer"].after_ns == TIMEOUT
    host.timers["transfer"].fire()
    tell(raft, "c1", request(1))

    assert (raft.role, raft.transferee, raft.log.last_index) == ("leader", None, 2)


def test_the_target_campaigns_without_pre_vote() -> None:
    """etcd: campaignTransfer; its leader is alive, so that nobody would grant one."""
    raft, host = server(pre_vote=True, **ON)
    tell(raft, "n2", append(1, (0, 0)))
    effects = effects_of(raft, host, "n2", TimeoutNow(1))

    assert sent(effects, PreVote) == []
    asked = TransferRequestVote(2, "n1", 0, 0)
    assert sent(effects, TransferRequestVote) == [(peer, asked) for peer in raft.peers]


def test_those_who_stick_to_the_leader_vote_for_the_target() -> None:
    """§4.2.3: its requests say that the leader called for them."""
    bench = bench_of(3, voter_stickiness=True, check_quorum=True, pre_vote=True)
    bench.fire("n1", "heartbeat")
    bench.settle()
    bench.tell("n1", "n1", TransferLeadership("n2"))
    bench.settle()

    assert bench.led() == [("n1", 1), ("n2", 2)]


def test_a_later_campaign_of_the_target_is_an_ordinary_one() -> None:
    """hashicorp/raft 570: or it would bypass those who stick to their leader from then on."""
    raft, host = server(**ON)
    tell(raft, "n2", append(1, (0, 0)))
    tell(raft, "n2", TimeoutNow(1))
    host.take()
    host.timers["election"].fire()
    effects = host.take()

    assert sent(effects, TransferRequestVote) == []
    assert len(sent(effects, RequestVote)) == 4


def test_an_old_word_is_ignored() -> None:
    """Its leader is none any more."""
    raft, host = server(storage(1, term=3), **ON)

    assert effects_of(raft, host, "n2", TimeoutNow(2)) == []
    assert raft.role == "follower"


@pytest.mark.parametrize("target", ["n1", "n9"])
def test_there_is_no_transfer_to_oneself_or_to_a_stranger(target: str) -> None:
    """etcd TestLeaderTransferToSelf, ToNonExistingNode."""
    raft, host = ready()

    assert order(raft, host, target) == []
    assert (raft.transferee, raft.role) == (None, "leader")


def test_a_second_order_to_the_same_target_changes_nothing() -> None:
    """etcd TestLeaderTransferSecondTransferToSameNode: the time does not begin anew."""
    raft, host = ready()
    order(raft, host, "n4")

    assert order(raft, host, "n4") == []


def test_an_order_to_another_target_replaces_the_first() -> None:
    """etcd TestLeaderTransferSecondTransferToAnotherNode."""
    raft, host = ready()
    order(raft, host, "n4")

    assert sent(order(raft, host, "n2"), TimeoutNow) == [("n2", TimeoutNow(1))]
    assert raft.transferee == "n2"


def test_without_a_target_the_most_up_to_date_follower_takes_over() -> None:
    """And among equals the one of the highest priority."""
    raft, host = ready()
    assert [peer for peer, _ in sent(order(raft, host), TimeoutNow)] == ["n2"]
    raft, host = ready(priorities="1 1 2 3 1")

    assert [peer for peer, _ in sent(order(raft, host), TimeoutNow)] == ["n3"]


def test_others_hand_an_order_on_to_the_leader() -> None:
    """etcd stepFollower: MsgTransferLeader is forwarded."""
    raft, host = server(**ON)
    tell(raft, "n3", append(1, (0, 0)))

    assert effects_of(raft, host, "n1", TransferLeadership("n2")) == [Sent("n3", TransferLeadership("n2"))]


def test_a_leader_that_hands_over_has_no_lease_any_more() -> None:
    """§6.4.1: before it says TimeoutNow; and in that term never again, since the word may be late."""
    raft, host = ready(reads="lease", voter_stickiness=True)
    raft._extend_lease(0)
    order(raft, host, "n4")
    assert raft._lease_until < 0
    host.timers["transfer"].fire()
    raft._extend_lease(host.now_ns)

    assert raft._lease_until < 0


def test_a_deposed_leader_transfers_nothing_any_more() -> None:
    """When it leads again, it accepts commands."""
    raft, host = ready()
    order(raft, host, "n4")
    tell(raft, "n2", append(2, (1, 1)))

    assert (raft.transferee, host.timers["transfer"].after_ns) == (None, None)


# Stopping --------------------------------------------------------------------------------------------


def test_a_leader_hands_over_before_it_stops() -> None:
    """etcd: TryTransferLeadershipOnShutdown; measured at 1.5 to 3.5 ms."""
    bench = bench_of(3)
    ended: list[str] = []
    bench.tell("n1", "n1", Stop(lambda: ended.append("n1")))
    assert ended == []
    bench.settle()

    assert ended == ["n1"]
    assert bench.led()[1:] == [("n2", 2)]


def test_a_leader_that_finds_nobody_stops_after_a_timeout() -> None:
    """Its successor will be elected the usual way."""
    raft, host = ready()
    ended: list[str] = []
    tell(raft, "n1", Stop(lambda: ended.append("n1")))
    assert ended == []
    host.timers["transfer"].fire()

    assert ended == ["n1"]


def test_whoever_does_not_lead_stops_at_once() -> None:
    """And so does a leader without followers."""
    for raft, _ in (server(**ON), leader(nodes=1, **ON)):
        ended: list[str] = []
        tell(raft, "n1", Stop(lambda ended=ended: ended.append("n1")))  # type: ignore[misc]
        assert ended == ["n1"]
