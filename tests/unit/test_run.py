"""One scenario, one seed, one result: the door that notebooks and tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.records import RunEnded, RunStarted
from sim.run import run, verify_determinism
from sim.scenario import from_dict, load
from tests.unit.faults_testing import SECOND, scenario

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scenarios/trials/leader-crash-2s.yaml"
CRASH = scenario([{"at": "2s", "crash": "leader"}], network={"latency": {"uniform": ["1ms", "5ms"]}})


def test_scenario_may_be_a_path_a_name_a_mapping_or_loaded() -> None:
    digests = {run(each).digest for each in (FILE, str(FILE), "leader-crash-2s", load(FILE))}
    mapped = {run(each).digest for each in (CRASH, from_dict(CRASH))}

    assert len(digests) == 1
    assert len(mapped) == 1


def test_scenario_that_is_none_is_refused() -> None:
    with pytest.raises(ScenarioError, match="leader-crash"):
        run("leader-crush")
    with pytest.raises(ScenarioError, match="duration"):
        run({"schema": 1, "name": "x", "about": "Nothing.", "protocol": {"name": "raft"}})


def test_seed_is_the_scenarios_own_unless_given() -> None:
    assert run({**CRASH, "seed": 5}).seed == 5
    assert run({**CRASH, "seed": 5}).digest == run(CRASH, seed=5).digest
    assert run({**CRASH, "seed": 5}, seed=6).digest == run(CRASH, seed=6).digest != run(CRASH, seed=5).digest


def test_one_loaded_scenario_runs_many_times() -> None:
    """What a run leaves behind in the plan that they share changes nothing in the next."""
    loaded = load(FILE)
    alone = {seed: run(FILE, seed=seed).digest for seed in (1, 2, 3)}
    together = {seed: run(loaded, seed=seed).digest for seed in (3, 1, 2, 1)}

    assert alone == together
    assert len(set(alone.values())) == 3


def test_records_begin_and_end_with_the_run() -> None:
    result = run(CRASH)
    first = result.records[0]

    assert isinstance(first, RunStarted)
    assert (first.scenario, first.protocol, first.seed, first.servers) == (
        "small-world",
        "raft",
        1,
        ("n1", "n2", "n3"),
    )
    assert result.records[-1] == RunEnded(10 * SECOND, "duration")
    assert [record.at_ns for record in result.records] == sorted(record.at_ns for record in result.records)


def test_trace_level_off_has_no_digest_and_checks_nothing_and_changes_nothing() -> None:
    silent, usual = run(CRASH, trace="off"), run(CRASH)

    assert silent.digest == ""
    assert silent.records == usual.records
    assert silent.costs.messages == usual.costs.messages


def test_levels_keep_more_and_more() -> None:
    kept = {level: len(run(CRASH, trace=level).details) for level in ("digest", "summary", "full")}

    assert kept["digest"] == kept["summary"] == 0  # no client, so no operation
    assert kept["full"] > 100


def test_result_carries_what_the_scenario_asks_for() -> None:
    asked = {**CRASH, "reach": ["leader_changes >= 1"], "expect": {"leader_changes": 5}}
    result = run(asked)

    assert [condition.metric for condition in result.reach] == ["leader_changes"]
    assert result.verdict.status == "fail"
    assert result.metrics["leader_changes"] == 1


def test_determinism_is_verified_by_two_runs() -> None:
    assert verify_determinism(CRASH) is None


def test_first_divergence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the second run has another seed, which its first record tells."""
    seeds = iter((1, 2))
    honest = run
    monkeypatch.setattr(
        "sim.run.run", lambda scenario, seed, trace: honest(scenario, seed=next(seeds), trace=trace)
    )
    found = verify_determinism(CRASH)

    assert found is not None
    assert found.index == 0
    assert found.first is not None
    assert found.second is not None
    assert (found.first["seed"], found.second["seed"]) == (1, 2)


def test_what_was_drawn_for_the_run_is_told() -> None:
    drifting = run({**CRASH, "clocks": {"drift": {"uniform": ["-100ppm", "100ppm"]}}})

    assert list(drifting.drawn) == ["n1 clock drift", "n2 clock drift", "n3 clock drift"]
    assert all(-100 <= float(text.removesuffix(" ppm")) <= 100 for text in drifting.drawn.values())
