"""Sweeps from scripts: what their workers import of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import sim.sweep.campaign
from protocols.raft import make_spec
from protocols.raft.server import Raft
from sim.sweep import sweep

print("imported", flush=True)
sim.sweep.campaign.SERIAL_S = 0.0  # so that even a short sweep uses workers
SCENARIO = {
    "schema": 1, "name": "toy", "about": "The leader is killed.", "duration": "1s",
    "protocol": {"name": "raft", "nodes": 3}, "faults": [{"at": "500ms", "crash": "leader"}],
}


class Mine(Raft):
    pass


SPEC = make_spec("mine", Mine)
"""
UNGUARDED = "print(len(sweep(SCENARIO, seeds=range(300), jobs=2)))\n"
GUARDED = """\
if __name__ == "__main__":
    found = sweep(SCENARIO, seeds=range(300), jobs=2, protocols=["raft", "__main__:SPEC"])
    print(len(found), (found.error == "").all())
"""


def run(tmp_path: Path, end: str) -> subprocess.CompletedProcess[str]:
    """Run the script with that end."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT + end)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(
        [sys.executable, str(path)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_script_need_not_be_guarded(tmp_path: Path) -> None:
    """A sweep at its top level does not begin anew in each worker, as multiprocessing would have it."""
    done = run(tmp_path, UNGUARDED)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["imported", "300"]


@pytest.mark.slow
def test_a_script_may_define_the_protocol(tmp_path: Path) -> None:
    """Then workers import it, under another name, and need the guard."""
    done = run(tmp_path, GUARDED)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].split() == ["600", "True"]
