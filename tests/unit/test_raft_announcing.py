"""With announce_commits followers know at once what is committed (etcd-io/raft, bcastAppend)."""

from __future__ import annotations

import pytest

from protocols.bench import Bench
from protocols.raft import make_spec
from protocols.raft.messages import AppendEntries
from protocols.raft.parameters import RaftParameters
from tests.unit.raft_service_testing import Counter
from tests.unit.raft_testing import request


def led_by_n1(announce: bool) -> Bench:
    bench = Bench(make_spec(machine=Counter), RaftParameters(nodes=3, announce_commits=announce))
    bench.fire("n1", "election")
    bench.settle()
    bench.fire("n1", "heartbeat")
    bench.settle()
    return bench


@pytest.mark.parametrize(("announce", "totals"), [(True, [5, 5, 5]), (False, [5, 0, 0])])
def test_followers_apply_without_waiting_for_a_heartbeat(announce: bool, totals: list[int]) -> None:
    """Both that which made the majority and that which came late."""
    bench = led_by_n1(announce)
    bench.tell("c1", "n1", request(1, "add", 5))
    bench.settle()

    found = [process.machine.machine.total for process in bench.processes.values()]  # type: ignore[attr-defined]
    assert totals == found


def test_nothing_is_announced_twice() -> None:
    """Each follower is sent the entry and the news, and no more."""
    bench = led_by_n1(True)
    bench.tell("c1", "n1", request(1, "add", 5))
    sent = []
    while bench.network:
        sent += [(each.target, len(each.message.entries)) for each in bench.pending(AppendEntries)[:1]]
        bench.deliver(bench.network[0])

    assert sorted(set(sent)) == [("n2", 0), ("n2", 1), ("n3", 0), ("n3", 1)]
    leader = bench.processes["n1"]
    assert leader.commit_index == 2  # type: ignore[attr-defined]
