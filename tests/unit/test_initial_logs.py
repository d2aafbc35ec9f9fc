"""What is on the disks when a run begins."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.raft.storage import RaftStorage
from sim.errors import ScenarioError
from sim.records import Led
from sim.scenario import from_dict
from tests.unit.faults_testing import at, of, scenario, world


def lengths(seed: int = 1, **initial: Any) -> list[int]:
    """Return how long the log of each of the three servers is at the start."""
    cluster = world(seed=seed, initial=initial)
    logs = [cluster.log(node) for node in cluster.servers]
    return [log.last_index for log in logs if log is not None]


def test_each_server_has_the_log_that_was_asked_for() -> None:
    assert lengths(log_lengths=(3, 0, 5)) == [3, 0, 5]


def test_shuffled_logs_depend_on_the_seed() -> None:
    """Every server is once the one with the longest log."""
    found = [lengths(seed, log_lengths=(3, 2, 1), shuffle=True) for seed in range(20)]

    assert all(sorted(each) == [1, 2, 3] for each in found)
    assert {each.index(3) for each in found} == {0, 1, 2}
    assert lengths(7, log_lengths=(3, 2, 1), shuffle=True) == found[7]


def test_only_a_server_whose_log_is_long_enough_is_elected() -> None:
    """Raft §5.4.1: n3 needs the vote of n1 or n2, which have more; and no invariant minds the old entries."""
    for seed in range(20):
        cluster = at(world(seed=seed, initial={"log_lengths": (2, 2, 1)}), 3000)

        assert {record.node for record in of(cluster, Led)} <= {"n1", "n2"}
        assert len(of(cluster, Led)) >= 1
        assert all(log.last_index == 3 for log in map(cluster.log, cluster.servers) if log is not None)


def test_old_entries_are_of_the_first_term() -> None:
    """Raft §5.4.1 compares terms first: logs of different lengths must not differ in those."""
    storage = RaftStorage()
    storage.preload(2)

    assert [storage.log.entry(index).epoch for index in (1, 2)] == [1, 1]
    assert storage.current_term == 1


@pytest.mark.parametrize(
    ("initial", "said"),
    [
        ({"log_lengths": (1, 2)}, "found 2 lengths of logs, expected 3: one a server"),
        ({"log_lengths": (1, 2, -1)}, "found -1"),
        ({"log_length": (1, 2, 3)}, "unknown key 'log_length'"),
    ],
)
def test_wrong_logs_are_refused(initial: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        from_dict(scenario(initial=initial))

    assert said in str(refused.value)


def test_a_protocol_without_a_log_has_none_to_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(RaftStorage, "preload")

    with pytest.raises(ScenarioError, match="the servers of raft keep no log that could have entries"):
        from_dict(scenario(initial={"log_lengths": (1, 1, 1)}))
