"""Each known mistake of an ensemble is caught by a property, and the ensemble itself by none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocols.api import ProtocolSpec
from protocols.zookeeper import ENSEMBLE, SPEC
from sim.plan import nodes_of
from sim.prepare import prepare
from sim.records import Led, Violated
from sim.run import build
from sim.scenario import from_dict
from tests.unit.zookeeper_mutants import CLIENTS, ENSEMBLES

SEEDS = range(1, 5)

TROUBLE: dict[str, Any] = {
    "schema": 1,
    "name": "trouble",
    "about": "Crashes of all kinds around every change of leader.",
    "duration": "12s",
    "protocol": {
        "name": "zookeeper-ensemble",
        "nodes": 3,
        "tick_time": "200ms",
        "finalize_wait": "20ms",
        "notification_min": "50ms",
        "notification_max": "400ms",
        "connect_retry": "20ms",
    },
    "network": {"latency": {"uniform": ["1ms", "5ms"]}},
    "disk": {"fsync": {"uniform": ["1ms", "20ms"]}},
    "workload": {"name": "database-primary", "rate": "100/s"},
    "faults": [
        {"rate": "25/min", "from": "1s", "crash": "leader", "restart_after": "300ms"},
        {"rate": "10/min", "from": "1s", "crash": "all", "restart_after": "200ms"},
        {"rate": "10/min", "from": "1s", "isolate": "leader", "for": "2s"},
        {"when": {"event": "leader_elected", "nth": 2}, "times": 4, "delay": "30ms", "crash": "followers",
         "restart_after": "200ms"},
    ],
}  # fmt: skip

CALM: dict[str, Any] = {
    **TROUBLE,
    "name": "calm",
    "about": "A leader dies for good, once.",
    "faults": [{"at": "3s", "crash": "leader"}],
}

LAG: dict[str, Any] = {
    **TROUBLE,
    "name": "lag",
    "about": "All start again, and the server with the highest number has the oldest history.",
    # Whoever was elected and cannot lead gives up after initLimit ticks, two seconds.
    "duration": "7s",
    "faults": [
        {"at": "2s", "crash": "n3", "restart_after": "3s"},
        {"at": "4s", "crash": ["n1", "n2"], "restart_after": "1s"},
    ],
}

SESSIONS: dict[str, Any] = {
    **TROUBLE,
    "name": "sessions",
    "about": "The leading client dies and comes back; the clocks of the servers jump.",
    "protocol": {
        **TROUBLE["protocol"],
        "name": "zookeeper",
        "nodes": 3,
        "servers": 3,
        "session_timeout": "1s",
    },
    "workload": {"name": "external-store", "rate": "10/s"},
    "faults": [{"at": "5s", "crash": "leader", "restart_after": "3s"}],
}

JUMP: dict[str, Any] = {
    **SESSIONS,
    "name": "jump",
    "about": "Wall clocks jump, and nothing else happens.",
    "faults": [{"at": "5s", "clock": {"of": "servers", "step": "60s"}}],
}


def findings(scenario: dict[str, Any], spec: ProtocolSpec, seed: int) -> set[str]:
    """Return the properties that a run violates, and what else is wrong at its end."""
    plan = prepare(from_dict(scenario))
    plan = replace(plan, protocol=spec, roles=nodes_of(spec, plan.parameters))
    cluster = build(plan, seed, "digest")
    cluster.start()
    cluster.kernel.call_at(plan.duration_ns, lambda _: cluster.stop("duration"))
    cluster.kernel.run()
    cluster.finish()
    records = cluster.trace.milestones
    found = {record.property for record in records if isinstance(record, Violated)}
    if cluster.leader() is None:
        found.add("no leader")
    if sum(isinstance(record, Led) for record in records) > 1:
        found.add("a change too many")
    return found


def caught(scenario: dict[str, Any], spec: ProtocolSpec, by: tuple[str, ...]) -> bool:
    """Return whether one of the runs shows what is expected."""
    return any(findings(scenario, spec, seed).intersection(by) for seed in SEEDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ENSEMBLES if "no leader" not in ENSEMBLES[name].caught_by])
def test_a_mistake_that_breaks_safety_is_caught(name: str) -> None:
    """By the property that it breaks, within a few seeds."""
    assert caught(TROUBLE, ENSEMBLES[name].spec, ENSEMBLES[name].caught_by)


@pytest.mark.parametrize(("name", "scenario"), [("Z14", LAG), ("Z24", CALM)])
def test_a_mistake_that_breaks_liveness_leaves_nobody(name: str, scenario: dict[str, Any]) -> None:
    """ZOOKEEPER-1419: who is elected must be able to lead; ZOOKEEPER-131: and must be alive."""
    assert findings(scenario, ENSEMBLES[name].spec, 1) >= {"no leader"}
    assert findings(scenario, ENSEMBLE, 1) == {"a change too many"}


@pytest.mark.slow
def test_the_ensemble_itself_is_caught_by_nothing() -> None:
    """In the very runs in which the mutants are."""
    for seed in SEEDS:
        assert findings(TROUBLE, ENSEMBLE, seed) <= {"a change too many", "no leader"}


@pytest.mark.parametrize("name", ["Z11", "Z11b"])
def test_a_mistake_about_ephemeral_nodes_is_caught(name: str) -> None:
    """ZOOKEEPER-2355, -3144, -3471, -1208: a node that outlives its session blocks the election."""
    mutant = CLIENTS[name]

    assert findings(SESSIONS, mutant.spec, 1).intersection(mutant.caught_by)
    assert findings(SESSIONS, SPEC, 1) == {"a change too many"}


def test_sessions_do_not_expire_because_a_wall_clock_jumps() -> None:
    """ZOOKEEPER-1366: a step of a minute must not end all sessions."""
    assert findings(JUMP, CLIENTS["Z13"].spec, 2) == {"a change too many"}
    assert findings(JUMP, SPEC, 2) == set()
