"""What `run` prints, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim.cli import engine, status
from sim.cli.campaign import Job
from sim.cli.jsonout import finite
from sim.cli.run import TRACE_LEVELS
from sim.metrics import METRICS
from sim.result import Result
from sim.trace import LEVELS
from tests.unit.cli_fakes import FakeScenario, failing, inconclusive, install, passing, words

Capture = pytest.CaptureFixture[str]


def test_json_is_one_object_on_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Its keys are those that users rely on; metrics are flat, with the names of `expect:`."""
    install(monkeypatch, failing)

    assert status(words("run toy --json")) == 1
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    found = json.loads(line)
    assert list(found) == [
        "scenario", "protocol", "seed", "digest", "verdict", "metrics", "expectations", "violations",
        "envelope",
    ]  # fmt: skip
    assert (found["scenario"], found["protocol"], found["seed"]) == ("toy", "raft", 7)
    assert (found["digest"], found["verdict"]) == ("d1" * 16, "fail")
    assert set(found["metrics"]) == {*METRICS, "violations.election_safety"}
    assert found["violations"] == [
        {
            "property": "election_safety", "at_s": 8.0, "nodes": ["n1", "n2"],
            "evidence": "both led in epoch 2", "outside_envelope": None,
        }
    ]  # fmt: skip
    assert err == "replay: leadersim run 0-toy.yaml --seed 7\n"


def test_json_metrics_are_seconds_shares_or_null(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """n1 crashed at 5 s and n2 led from 7 s; no client was there to be answered."""
    install(monkeypatch, inconclusive)

    status(words("run toy --json"))
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["election_time.belief.max"] == 2.0
    assert found["metrics"]["availability.client"] is None
    # Led during [2 s, 5 s) and [7 s, 10 s) of 10 s.
    assert found["metrics"]["availability.leadership"] == pytest.approx(0.6)
    assert found["expectations"] == [
        {"metric": "leader_changes", "expected": ">= 2", "measured": 1, "ok": False}
    ]


def test_json_has_no_nan() -> None:
    """JSON knows neither NaN nor infinity; null says that nothing was measured."""
    assert finite({"a": float("nan"), "b": [float("inf"), 1.5], "c": ("x", None, 3)}) == {
        "a": None, "b": [None, 1.5], "c": ["x", None, 3],
    }  # fmt: skip


def test_several_runs_are_a_line_each_and_a_sum(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Seeds are inclusive; the columns of all lines are the same."""
    install(monkeypatch, passing)

    assert status(words("run toy --seeds 9..11")) == 0
    lines = capsys.readouterr().out.splitlines()
    figures = "election 2s       system 60%      client -        violations 0"
    assert lines == [
        f"pass          toy  raft  seed 9   {figures}",
        f"pass          toy  raft  seed 10  {figures}",
        f"pass          toy  raft  seed 11  {figures}",
        "3 runs: 3 pass",
    ]


def test_line_of_a_failure_has_its_reason_and_replay(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The command has every flag that changes what happens, quoted for a shell."""
    install(monkeypatch, failing)

    assert status(words("run toy --seeds 0..1 --protocol raft --set 'expect={}'")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["fail", "election_safety", "replay:"] * 2 + ["2"]
    assert lines[2] == "  replay: leadersim run 0-toy.yaml --seed 0 --protocol raft --set 'expect={}'"


def test_scenarios_run_in_order_each_under_each_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Without seeds, each scenario has its own."""
    install(monkeypatch, passing, [FakeScenario("b", seed=3), FakeScenario("a", seed=4)])

    def order(arguments: str) -> list[tuple[str, int]]:
        status(words(arguments))
        found = map(json.loads, capsys.readouterr().out.splitlines())
        return [(each["scenario"], each["seed"]) for each in found]

    assert order("run x --json") == [("b", 3), ("a", 4)]
    assert order("run x --json --seed 5") == [("b", 5), ("a", 5)]
    assert order("run x --json --seeds 0..1") == [("b", 0), ("b", 1), ("a", 0), ("a", 1)]


def test_quiet_prints_only_what_did_not_pass(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A pass is silence; a failure is a line, its reason and its replay."""
    install(monkeypatch, passing)
    assert status(words("run toy --quiet")) == 0
    assert capsys.readouterr() == ("", "")

    install(monkeypatch, failing)
    assert status(words("run toy --quiet")) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "fail", "election_safety", "replay:",
    ]  # fmt: skip


def test_files_of_one_run_are_in_the_directory_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    """Of several, in directories named after scenario, protocol and seed."""
    written: list[Path] = []
    monkeypatch.setattr(Result, "write", lambda self, directory: written.append(directory))
    install(monkeypatch, passing)
    out = tmp_path / "new" / "out"

    assert status(["run", "toy", "--out", str(out)]) == 0
    assert status(["run", "toy", "--out", str(out), "--seeds", "0..1"]) == 0
    assert written == [out, out / "toy-raft-0", out / "toy-raft-1"]
    # The probe for whether it can be written has left nothing behind.
    assert list(out.iterdir()) == []


def test_parameters_left_out_are_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Who compares protocols must know what the other one does not have."""
    install(monkeypatch, passing, [FakeScenario(dropped=("snapshot_entries",))])

    status(words("run toy --protocol bully --json"))
    assert capsys.readouterr().err == "leadersim: bully has no parameter snapshot_entries; left out\n"


@dataclass(frozen=True)
class FakeDivergence:
    """Where two traces part."""

    index: int = 17
    first: dict[str, Any] | None = None
    second: dict[str, Any] | None = None


def test_divergence_is_a_bug_and_names_the_record(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The run itself passed; still it is 70, since the same seed must give the same trace."""
    install(monkeypatch, passing)
    monkeypatch.setattr(
        engine, "divergence", lambda scenario, seed: FakeDivergence(first={"kind": "led", "at_ns": 5})
    )

    assert status(words("run toy --quiet --verify-determinism")) == 70
    assert capsys.readouterr().err.splitlines() == [
        "NOT DETERMINISTIC: two runs of toy, seed 7 part at record 17",
        "  first:  {'kind': 'led', 'at_ns': 5}",
        "  second: had ended",
        "replay: leadersim run 0-toy.yaml --seed 7 --verify-determinism",
    ]


def test_equal_traces_are_said_to_be_equal(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """On stderr, so that JSON stays JSON."""
    install(monkeypatch, passing)
    monkeypatch.setattr(engine, "divergence", lambda scenario, seed: None)

    assert status(words("run toy --json --verify-determinism")) == 0
    assert capsys.readouterr().err == "deterministic: two runs of toy, seed 7 left the same trace\n"


def test_replay_names_a_file_below_here_as_one_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other paths stay absolute."""
    here = Path.cwd()
    inside = Job(here / "my dir" / "x.yaml", FakeScenario(), 1)  # type: ignore[arg-type]
    outside = Job(Path("/elsewhere/x.yaml"), FakeScenario(), 1)  # type: ignore[arg-type]

    assert inside.replay == "leadersim run 'my dir/x.yaml' --seed 1"
    assert outside.replay == "leadersim run /elsewhere/x.yaml --seed 1"


def test_trace_levels_are_those_of_the_engine() -> None:
    """They are written out in the command, which must not import the engine for its help."""
    assert TRACE_LEVELS == LEVELS
