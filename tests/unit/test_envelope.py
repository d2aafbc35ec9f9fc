"""Inside or outside the envelope: what was exceeded, by how much, and what is no excuse.

The bounds are those of a lock server whose clients bear clocks that are 1% off, and pauses of 200 ms.
"""

from __future__ import annotations

import doctest
from dataclasses import replace
from typing import Any

import pytest

import sim.envelope
from protocols import registry
from protocols.api import Assumptions, ProtocolSpec
from sim.cluster import Cluster
from sim.envelope import Bound
from sim.prepare import prepare
from sim.records import BoundMeasured
from sim.result import Result
from sim.run import build, run
from sim.scenario import from_dict
from tests.unit.faults_testing import MS, SECOND, at, scenario, world

LOCK: dict[str, Any] = {
    "name": "lock-server",
    "nodes": 2,
    "ttl": "2s",
    "rate_bound": "1%",
    "pause_bound": "200ms",
}


def lock(*faults: dict[str, Any], **parts: Any) -> Cluster:
    """Return a world with that lock server, started."""
    return world(faults, **{"protocol": LOCK, "duration": "20s", **parts})


def judged(cluster: Cluster, time_ms: float) -> tuple[str, str]:
    """Return the judgement on a violation that would be found just before that time."""
    return at(cluster, time_ms).envelope.judge()


@pytest.mark.parametrize(("length", "excess"), [(199, ""), (201, "1ms too much"), (1500, "1.3s too much")])
def test_pause_of_a_node(length: int, excess: str) -> None:
    """The longest one counts, and it is not forgotten."""
    cluster = lock(
        {"at": "5s", "pause": "n1", "for": f"{length}ms"}, {"at": "8s", "pause": "n2", "for": "50ms"}
    )
    outside, granted = judged(cluster, 9000)

    assert (excess in outside, bool(outside), granted) == (True, bool(excess), "")
    assert not excess or "n1 stood still" in outside


def test_pause_counts_while_it_lasts() -> None:
    """A violation during the pause knows how long it has lasted, and not how long it will."""
    cluster = lock({"at": "5s", "pause": "n1", "for": "3s"})

    assert judged(cluster, 5150) == ("", "")
    assert "stood still for 300ms; lock-server bears 200ms (100ms too much)" in judged(cluster, 5300)[0]


def test_pause_ends_with_the_process() -> None:
    cluster = at(lock({"at": "5s", "pause": "n1", "for": "3s"}), 5100)
    cluster.nodes["n1"].crash()

    assert judged(cluster, 9000) == ("", "")


@pytest.mark.parametrize(
    ("rate", "is_outside"), [("0.9%", False), ("-1%", False), ("1.1%", True), ("-2%", True)]
)
def test_clock_that_is_too_fast_or_too_slow(rate: str, is_outside: bool) -> None:
    """Both directions count, and the past too: the clock is right again when it is judged."""
    outside, _ = judged(lock({"at": "5s", "clock": {"of": "s1", "rate": rate}, "for": "1s"}), 9000)

    assert bool(outside) is is_outside
    assert not is_outside or outside.startswith("clock_rate: the clock of s1 was off by")


def test_clocks_and_pauses_of_others_are_no_excuse() -> None:
    """The protocol does not run on clients and resources."""
    cluster = lock(
        {"at": "5s", "clock": {"of": "r1", "rate": "10%"}},
        {"at": "5s", "pause": "r1", "for": "3s"},
        workload={"name": "external-store"},
    )

    assert judged(cluster, 9000) == ("", "")


def test_what_the_scenario_grants_is_no_excuse() -> None:
    """A protocol that bears less than its scenario grants does not fit: the verdict is to say so."""
    pause = {"at": "5s", "pause": "n1", "for": "1s"}
    outside, granted = judged(lock(pause, grants={"pause": "1s"}), 9000)
    beyond, _ = judged(lock(pause, grants={"pause": "900ms"}), 9000)

    assert outside == ""
    assert granted.endswith("lock-server bears 200ms, 1s are granted (800ms too much)")
    assert beyond.endswith("lock-server bears 200ms, 900ms are granted (800ms too much)")


def test_protocol_that_assumes_nothing_has_no_excuse() -> None:
    """Raft needs no clocks: whatever they do, a violation is a bug."""
    faults: list[dict[str, Any]] = [
        {"at": "5s", "clock": {"of": "n1", "rate": "50%"}},
        {"at": "5s", "pause": "n1", "for": "3s"},
    ]

    assert judged(world(faults, grants={"clock_rate": "1%", "pause": "1s"}), 9000) == ("", "")


@pytest.mark.parametrize(
    ("assumed", "granted", "measured", "broken", "outside"),
    [
        (None, None, 9, False, False),
        (None, 5, 9, False, False),
        (5, None, 5, False, False),
        (5, None, 6, True, True),
        (5, 7, 6, True, False),
        (5, 7, 8, True, True),
        (5, 3, 4, False, False),
        (5, 3, 6, True, True),
    ],
)
def test_bound(assumed: Any, granted: Any, measured: int, broken: bool, outside: bool) -> None:
    """Every case of two limits and a value."""
    bound = Bound("pause", "", assumed, granted)

    assert (bound.is_broken(measured), bound.is_outside(measured)) == (broken, outside)


def assuming(assumptions: Assumptions, *faults: dict[str, Any], **parts: Any) -> Cluster:
    """Return a world of Raft servers that are said to assume something."""
    spec: ProtocolSpec = replace(registry.get("raft"), assumptions=assumptions)
    plan = replace(prepare(from_dict(scenario(faults, **parts))), protocol=spec)
    cluster = build(plan, 1, "digest")
    cluster.start()
    return cluster


def test_delays_are_measured_where_somebody_speaks_of_them() -> None:
    """Messages take 1 ms, and 30 ms while the network is slow."""
    slow = {"at": "5s", "degrade": {"from": "n1", "to": "n2", "latency": "30ms"}, "for": "1s"}
    outside, _ = judged(assuming(Assumptions(delay_ns=20 * MS), slow), 9000)
    quiet, _ = judged(assuming(Assumptions(delay_ns=30 * MS), slow), 9000)

    assert outside == "delay: a message took, over n1>n2, 30ms; raft bears 20ms (10ms too much)"
    assert quiet == ""


@pytest.mark.parametrize("level", ["off", "digest", "full"])
def test_delays_are_measured_at_every_trace_level(level: Any) -> None:
    result = run(scenario(grants={"delay": "10ms"}), trace=level)

    assert [record for record in result.records if type(record) is BoundMeasured] == [
        BoundMeasured(10 * SECOND, "delay", None, 10 * MS, MS, of_delay(result))
    ]


def of_delay(result: Result) -> str:
    """Return the link on which the longest delay was measured first."""
    return next(record.worst_of for record in result.records if type(record) is BoundMeasured)


def test_timing_of_messages_changes_nothing() -> None:
    """The same run, but for what is written at its end."""
    timed, plain = run(scenario(grants={"delay": "10ms"})), run(scenario())

    assert [r for r in timed.records if type(r) is not BoundMeasured] == plain.records


def test_wall_clock_that_is_wrong() -> None:
    """Also when it was set right meanwhile."""
    steps = [
        {"at": f"{at_s}s", "clock": {"of": "n2", "step": step}} for at_s, step in ((5, "16s"), (6, "-16s"))
    ]
    outside, _ = judged(assuming(Assumptions(clock_error_ns=SECOND), *steps), 9000)

    assert outside == "clock_error: the wall clock of n2 was wrong by 16s; raft bears 1s (15s too much)"


def test_lying_disk_excuses_only_a_protocol_that_needs_it() -> None:
    lies = {"at": "3s", "disk": {"of": "all", "lying": True}}

    assert judged(assuming(Assumptions(), lies), 9000)[0].startswith("stable storage")
    assert judged(assuming(Assumptions(stable_storage=False), lies), 9000) == ("", "")


def test_parameters_that_break_a_rule_are_an_excuse() -> None:
    """Counting a lease from the reply is refused, and with `unsafe: true` it is outside."""
    cluster = lock(protocol={**LOCK, "validity_from": "reply", "unsafe": True})

    assert judged(cluster, 100)[0].startswith("the parameters break a rule: validity_from:")


def broken_lock(**parts: Any) -> Result:
    """Return a run in which the holder is paused for longer than its lease: two believe."""
    pause = {"at": "5s", "pause": "leader", "for": "6s"}
    return run(scenario([pause], **{"protocol": LOCK, "duration": "20s", **parts}))


def test_verdict_tells_a_bug_from_what_is_outside() -> None:
    """Outside its envelope a lease may break; where the scenario grants the pause, it must not."""
    outside, inside = broken_lock(), broken_lock(grants={"pause": "6s"})

    assert outside.verdict.status == "pass"
    assert [found.property for found in outside.violations] == ["exclusive_belief"]
    assert inside.verdict.status == "fail"
    assert "granted by the scenario, but more than the protocol bears: pause" in inside.verdict.reasons[0]


def test_bounds_are_in_the_result() -> None:
    """As a table and as JSON: what is assumed, granted and measured."""
    result = broken_lock()
    pause = {
        "bound": "pause",
        "unit": "s",
        "assumed": 0.2,
        "granted": None,
        "measured": 6.0,
        "worst_of": result.violations[0].nodes[0],
        "exceeded_by": 5.8,
    }

    assert result.as_dict()["envelope"][1] == pause
    assert list(result.envelope["bound"]) == ["clock_rate", "pause"]
    assert result.envelope["measured"].tolist() == [0.0, 6.0]


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(sim.envelope).failed == 0
