"""`leadersim compare` as a shell sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.test_sweep import ROOT, TOY, environment

OTHER = """\
from dataclasses import replace
from protocols.raft import SPEC as RAFT
SPEC = replace(RAFT, name="other:SPEC")
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a scenario of one second."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return path


def compare(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sim", "compare", *arguments],
        env=environment(PYTHONPATH=path), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_compare_pairs_the_runs_of_two_protocols(toy: Path, tmp_path: Path) -> None:
    """A protocol against itself under another name: the same seeds make the same runs, no difference."""
    (tmp_path / "other.py").write_text(OTHER)
    path = os.pathsep.join([str(tmp_path), str(ROOT), *sys.path])
    arguments = [str(toy), "--protocols", "raft,other:SPEC", "--seeds", "20"]
    done, shown = compare(path, *arguments, "--json"), compare(path, *arguments)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["differences"]

    assert (found["protocol"], found["to"]) == ("other:SPEC", "raft")
    assert found["metrics"]["election_time.service.p50"] == {
        "pairs": 20, "unpaired": 0, "mean": 0.0, "interval": [0.0, 0.0]
    }  # fmt: skip
    assert "Difference to raft in the same run" in shown.stdout


def test_compare_needs_two_protocols(toy: Path) -> None:
    """Exit code 2."""
    done = compare(os.pathsep.join([str(ROOT), *sys.path]), str(toy), "--protocols", "raft")

    assert (done.returncode, "two or more names" in done.stderr) == (2, True)
