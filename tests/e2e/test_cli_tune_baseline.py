"""`tune` and `baseline` as a shell sees them: the answer, the exit code, and bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOY = """\
schema: 1
name: toy
about: The leader is killed.
duration: 1s
protocol: {name: raft, nodes: 3, heartbeat_interval: 20ms, election_timeout: [150ms, 300ms]}
network: {latency: {uniform: [1ms, 20ms]}}
faults:
  - {at: 500ms, crash: leader}
expect:
  split_brain.same_epoch: 0
"""
TIMEOUTS = "protocol.election_timeout=[5ms,10ms],[25ms,50ms],[100ms,200ms],[300ms,600ms]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory with a scenario."""
    (tmp_path / "toy.yaml").write_text(TOY)
    return tmp_path


def leadersim(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a directory."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", "sim", *arguments], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def tune(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Try four election timeouts."""
    return leadersim(
        folder, "tune", "toy.yaml", "--vary", TIMEOUTS, "--minimise", "election_time.belief.p50",
        "--seeds", "30", *more,
    )  # fmt: skip


def test_tune_finds_the_fastest_safe_timeout(folder: Path) -> None:
    """25 ms are too short for messages of up to 20 ms after heartbeats of 20 ms; 5 ms are not allowed."""
    done = tune(folder, "--subject-to", "leader_changes.unforced == 0", "--json")

    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert {each["vary"]["protocol.election_timeout"]: each["safety"] for each in found["settings"]} == {
        "[25ms,50ms]": "unsafe",
        "[100ms,200ms]": "safe",
        "[300ms,600ms]": "safe",
        "[5ms,10ms]": "refused",
    }
    best = found["best"]
    assert best["vary"] == {"protocol.election_timeout": "[100ms,200ms]"}
    assert [(edge["unsafe_at"], edge["margin_ms"]) for edge in best["edges"]] == [
        ("[25ms,50ms]", 75.0),
        (None, None),
    ]


def test_tune_says_it_in_words(folder: Path) -> None:
    """The table, the choice, its margin, and what to do next; without a safe setting, exit code 1."""
    done = tune(folder, "--subject-to", "leader_changes.unforced == 0")
    hopeless = tune(folder, "--subject-to", "leader_changes.unforced == 99")

    assert done.returncode == 0, done.stderr
    assert "Best safe setting (*): raft protocol.election_timeout=[100ms,200ms]" in done.stdout
    assert "protocol.election_timeout: 75ms from [25ms,50ms], which is unsafe" in done.stdout
    assert "refused: [5ms,10ms]: " in done.stdout
    assert "try it: leadersim run toy.yaml --seed 0" in done.stdout
    assert (hopeless.returncode, "No setting is safe" in hopeless.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tune toy.yaml --vary network.loss=0%", "expected one of --minimise and --maximise"),
        ("tune toy.yaml --minimise latency.p99", "--vary"),
        ("tune toy.yaml --vary network.loss=0% --minimise latncy.p99", "did you mean latency.p99?"),
        ("tune toy.yaml --vary network.los=0% --minimise latency.p99", "network.los"),
        ("tune toy.yaml toy.yaml --vary network.loss=0% --minimise latency.p99", "expected one scenario"),
        (
            "tune toy.yaml --vary network.loss=0% --minimise latency.p99 --subject-to availability.client>1s",
            "expected a share",
        ),
        ("baseline save toy.yaml", "--out"),
        ("baseline save toy.yaml -o b.json --metrics nonsense", "unknown metric 'nonsense'"),
        ("baseline save none.yaml -o b.json", "none.yaml"),
        ("baseline save toy.yaml -o /proc/b.json --seeds 1", "cannot write /proc/b.json"),
        ("baseline check toy.yaml", "not a baseline"),
        ("baseline check none.json", "cannot be read"),
        ("baseline check none.json --allow 10", "expected a share such as 10%"),
    ],
)
def test_bad_input_is_one_line(arguments: str, message: str, folder: Path) -> None:
    """Exit code 2, no traceback, nothing written."""
    done = leadersim(folder, *arguments.split())

    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == ["toy.yaml"]


def test_baseline_passes_the_same_runs_and_fails_slower_ones(folder: Path) -> None:
    """Timeouts twice as long are worse by far, and 50 seeds are enough to say so."""
    saved = leadersim(folder, "baseline", "save", "toy.yaml", "-o", "b.json", "--seeds", "120")
    same = leadersim(folder, "baseline", "check", "b.json")
    (folder / "toy.yaml").write_text(TOY.replace("[150ms, 300ms]", "[300ms, 400ms]"))
    slower = leadersim(folder, "baseline", "check", "b.json")
    (folder / "toy.yaml").write_text(TOY.replace("same_epoch: 0", "same_epoch: 1"))
    stricter = leadersim(folder, "baseline", "check", "b.json", "--json")

    assert saved.returncode == 0, saved.stderr
    assert (same.returncode, same.stdout) == (0, "ok    toy raft: the very same runs, 50 seeds\n")
    assert slower.returncode == 1, slower.stdout
    assert "WORSE toy raft: 50 seeds" in slower.stdout
    assert "election_time.service.p50 +" in slower.stdout
    assert "no longer the file of the baseline" in slower.stderr
    assert (stricter.returncode, json.loads(stricter.stdout)[0]["verdict"]) == (1, "worse")


def test_baseline_fails_runs_that_do_not_pass_any_more(folder: Path) -> None:
    """The runs differ, and now they violate what is expected: with the command that replays one."""
    leadersim(folder, "baseline", "save", "toy.yaml", "-o", "b.json", "--seeds", "20")
    changed = TOY.replace("same_epoch: 0", "same_epoch: 1").replace("[1ms, 20ms]", "[1ms, 21ms]")
    (folder / "toy.yaml").write_text(changed)
    done = leadersim(folder, "baseline", "check", "b.json")

    assert done.returncode == 1
    assert "seed 0 passed before and does not now" in done.stdout
    assert "replay: leadersim run toy.yaml --seed 0 --protocol raft" in done.stdout


def test_run_writes_junit_and_annotations(folder: Path) -> None:
    """In GitHub Actions, a failure is shown at its line; the file is there before the first run."""
    (folder / "toy.yaml").write_text(TOY.replace("same_epoch: 0", "same_epoch: 1"))
    environment = {
        **os.environ,
        "GITHUB_ACTIONS": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", "toy.yaml", "--seeds", "1..2", "--junit", "out/junit.xml"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert 'tests="2" failures="2"' in (folder / "out" / "junit.xml").read_text()
    assert "::error file=toy.yaml,line=10,col=1,title=toy%2C raft%2C seed 1%3A fail::" in done.stderr
