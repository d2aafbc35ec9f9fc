"""`leadersim run` as a user calls it: what two leaders did, and whether the protocol is to blame."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def leadersim(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository."""
    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_run_prints_the_damage_and_what_exceeded_the_envelope() -> None:
    """A holder is paused for two leases: late writes are taken, and the pause is to blame."""
    done = leadersim("run", "scenarios/leases/pause-two-leases-unfenced.yaml")
    lines = done.stdout.splitlines()

    assert done.returncode == 0
    assert any(line.split()[:1] == ["damage.stale_writes"] and line.split()[1] != "0" for line in lines)
    assert any(line.split()[:1] == ["pause"] and line.endswith("4s too much") for line in lines)
    assert any("is broken outside the envelope of lock-server: pause: " in line for line in lines)


def test_json_has_damage_bounds_and_blame() -> None:
    """The same for programs; behind a fence nothing is harmed, although two believed."""
    done = leadersim("run", "scenarios/leases/pause-two-leases-fenced.yaml", "--json")
    found = json.loads(done.stdout)
    pause = next(bound for bound in found["envelope"] if bound["bound"] == "pause")

    assert found["metrics"]["damage.stale_writes"] == 0
    assert found["metrics"]["effects.rejected"] >= 1
    assert (pause["assumed"], pause["measured"], pause["exceeded_by"], pause["unit"]) == (0, 4, 4, "s")
    assert {each["property"] for each in found["violations"]} == {"exclusive_belief"}
    assert all(each["outside_envelope"].startswith("pause: ") for each in found["violations"])


def test_granted_pause_makes_it_a_failure() -> None:
    """The same run, in a world that is said to have such pauses: the protocol does not fit it."""
    done = leadersim(
        "run", "scenarios/leases/pause-two-leases-fenced.yaml", "--set", "grants.pause=4s", "--json"
    )

    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "fail"


def test_workloads_are_listed_with_what_they_measure() -> None:
    """With units and defaults, as scenarios have them."""
    done = leadersim("workloads", "--json")
    listed = {each["name"]: each for each in json.loads(done.stdout)}

    assert set(listed) >= {"database-primary", "job-scheduler", "distributed-lock", "config-updates"}
    assert "damage.jobs_run_twice" in listed["job-scheduler"]["metrics"]
    interval = next(each for each in listed["job-scheduler"]["parameters"] if each["name"] == "interval")
    assert (interval["default"], interval["unit"]) == ("500ms", "duration")


@pytest.mark.parametrize(
    ("scenario", "fence"),
    [
        ("redlock-paused-fenced", "by compare-and-set on the owner"),
        ("pause-two-leases-fenced", "by the order of tokens"),
    ],
)
def test_run_says_which_fence_it_is(scenario: str, fence: str) -> None:
    """A user asks for `fenced: true`; what that means depends on whether the protocol's tokens rise."""
    done = leadersim("run", f"scenarios/leases/{scenario}.yaml")

    assert done.returncode == 0
    assert f"fence {fence}" in done.stdout


def test_run_without_a_fence_speaks_of_none() -> None:
    """Nor where the leader's own log is its store."""
    unfenced = leadersim("run", "scenarios/leases/redlock-paused-unfenced.yaml")
    log = leadersim("run", "scenarios/basics/leader-crash.yaml", "--set", "workload.fenced=true")

    assert (unfenced.returncode, log.returncode) == (0, 0)
    assert "fence " not in unfenced.stdout + log.stdout
