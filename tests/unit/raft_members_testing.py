"""Clusters whose members change: what tests of it share."""

from __future__ import annotations

from typing import Any

from protocols.operations import ChangeMembers
from protocols.raft.configuration import Configuration
from protocols.raft.membership import Reconfiguring
from tests.unit.raft_testing import RaftBench

ALL = ("n1", "n2", "n3", "n4", "n5")


def cluster(kind: str = "single", voters: int = 3, nodes: int = 5, **settings: Any) -> RaftBench:
    """Return servers of which the first ones are members, led by n1, with its no-op committed."""
    bench = RaftBench(nodes, membership=kind, voters=voters, **settings)
    bench.elect("n1")
    beat(bench)
    return bench


def beat(bench: RaftBench, among: tuple[str, ...] | None = None) -> None:
    bench.fire("n1", "heartbeat")
    bench.settle(among)


def member(bench: RaftBench, node: str) -> Reconfiguring:
    process = bench.processes[node]
    assert isinstance(process, Reconfiguring)
    return process


def configuration(bench: RaftBench, node: str = "n1") -> Configuration:
    return member(bench, node).configuration


def change(bench: RaftBench, **parts: tuple[str, ...]) -> None:
    """Order a change of the leader n1, and let it happen."""
    bench.tell("n1", "n1", ChangeMembers(**parts))
    bench.settle()


def proposed(bench: RaftBench, node: str = "n1") -> list[Configuration]:
    """Return the configurations in a server's log, oldest first."""
    log = bench.raft(node).log
    commands = [log.entry(i).command for i in range(log.first_index, log.last_index + 1)]
    return [command for command in commands if isinstance(command, Configuration)]
