"""What the ensembles of coordination services cost while nothing happens, against Raft that is idle too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.measure import take_turns
from sim.plan import Plan
from sim.prepare import prepare
from sim.run import build
from sim.scenario import from_dict

_RAFT = {"name": "raft", "nodes": 3, "heartbeat_interval": "100ms", "election_timeout": ["1s", "2s"]}
_SERVICES = {
    "idle etcd / idle Raft": {"name": "etcd", "preset": "etcd-3.5", "nodes": 3, "servers": 3},
    "idle ZooKeeper / idle Raft": {"name": "zookeeper", "preset": "zookeeper-3.8", "nodes": 3, "servers": 3},
}
"""Three servers each, and three clients with a session, of which one leads."""


def services(rounds: int) -> dict[str, float]:
    """Ten minutes without traffic but for heartbeats, keep-alives and pings; heartbeats come every 100 ms."""
    plans = {name: _plan(protocol) for name, protocol in {"Raft": _RAFT, **_SERVICES}.items()}
    measured = take_turns({name: _idle(plan) for name, plan in plans.items()}, rounds)
    return {name: measured.ratio(name, "Raft") for name in _SERVICES}


def _plan(protocol: dict[str, Any]) -> Plan:
    return prepare(
        from_dict(
            {
                "schema": 1,
                "name": "idle",
                "about": "Nothing happens.",
                "duration": "600s",
                "protocol": protocol,
                "network": {"latency": {"uniform": ["1ms", "5ms"]}},
            }
        )
    )


def _idle(plan: Plan) -> Callable[[], None]:
    def run() -> None:
        cluster = build(plan, 1, "off")
        cluster.start()
        cluster.kernel.call_at(plan.duration_ns, lambda _: cluster.stop("duration"))
        cluster.kernel.run()

    return run


CASES = (services,)
LIMITS: dict[str, tuple[float, bool]] = dict.fromkeys(_SERVICES, (2.0, True))
"""As in `benchmarks.cases`."""
