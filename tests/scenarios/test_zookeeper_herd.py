"""What a change of leader costs with many contenders: one event in a chain of watches, n - 1 in a herd."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from protocols.connections import Connection
from protocols.zookeeper import make_spec
from protocols.zookeeper.server import ZooKeeperServer
from sim.plan import nodes_of
from sim.prepare import prepare
from sim.records import Led
from sim.run import build
from sim.scenario import from_dict

CRASH_NS = 10_000_000_000


def change(recipe: str, contenders: int) -> tuple[int, int]:
    """Return how many watches fire after the leader's crash, and how many leaders there were in all."""
    told: Counter[str] = Counter()

    class Counting(ZooKeeperServer):
        def _tell(self, connection: Connection, kind: str, path: str) -> None:
            super()._tell(connection, kind, path)
            told["after" if self.host.now() >= CRASH_NS else "before"] += 1

    scenario: dict[str, Any] = {
        "schema": 1,
        "name": "herd",
        "about": "The leader is killed when all have entered.",
        "duration": "25s",
        "protocol": {"name": "zookeeper", "preset": "zookeeper-3.8", "nodes": contenders, "recipe": recipe},
        "network": {"latency": {"uniform": ["200us", "1ms"]}},
        "faults": [{"at": "10s", "crash": "leader"}],
    }
    spec = make_spec(server=Counting)
    plan = prepare(from_dict(scenario))
    cluster = build(replace(plan, protocol=spec, roles=nodes_of(spec, plan.parameters)), 1, "digest")
    cluster.start()
    cluster.kernel.call_at(plan.duration_ns, lambda _: cluster.stop("duration"))
    cluster.kernel.run()
    return told["after"], sum(isinstance(record, Led) for record in cluster.trace.milestones)


@pytest.mark.slow
@pytest.mark.parametrize("contenders", [10, 100])
def test_a_herd_pays_for_everybody_and_a_chain_for_one(contenders: int) -> None:
    """ZOOKEEPER-1483: linear in the number of contenders, or constant."""
    assert change("herd", contenders) == (contenders - 1, 2)
    assert change("sequential", contenders) == (1, 2)


@pytest.mark.soak
def test_a_thousand_contenders_wake_one_or_all() -> None:
    """The chain does not know how long it is; of a herd all wake up."""
    assert change("sequential", 1000) == (1, 2)
    assert change("herd", 1000) == (999, 2)
