"""The shipped scenarios: each shows what it says, is described, and is the same in every process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.run import run
from sim.scenario import library, load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios"
FILES = [path.relative_to(FOLDER).as_posix() for path in library()]
MODELINE = "# yaml-language-server: $schema=../scenario.schema.json"
DEV = {"0": [], "1": [], "42": ["-X", "dev"]}
"""Hash seed -> flags of the interpreter; in the developer mode messages are frozen."""


@pytest.mark.parametrize("name", FILES)
def test_scenario_passes_with_its_own_seed(name: str) -> None:
    """What a scenario is about was reached, and every expectation holds; each has its argument beside it."""
    verdict = run(FOLDER / name).verdict

    assert verdict.reasons == ()
    assert verdict.status == "pass"
    assert len(verdict.expectations) >= 1


@pytest.mark.parametrize("name", FILES)
def test_scenario_file_has_what_a_reader_needs(name: str) -> None:
    """Editors check it by its first line; its name is that of the file; it says what it is about."""
    text = (FOLDER / name).read_text("utf-8")
    scenario = load(FOLDER / name)

    assert text.splitlines()[0] == MODELINE
    assert scenario.name == Path(name).stem
    assert scenario.about.endswith(".")
    assert len(scenario.reach) >= 1


@pytest.mark.slow
def test_digests_are_the_same_in_every_process() -> None:
    """No digest depends on the process or on PYTHONHASHSEED, and nobody changes a message under way.

    In Python's developer mode messages are frozen: who changed one would raise there.
    """
    started = {hash_seed: _digests_elsewhere(hash_seed, flags) for hash_seed, flags in DEV.items()}
    found = {hash_seed: json.loads(process.communicate()[0]) for hash_seed, process in started.items()}

    assert {process.returncode for process in started.values()} == {0}
    assert set(found["0"]) == {Path(name).stem for name in FILES}
    assert found["0"] == found["1"]
    assert found["0"] == found["42"]


def _digests_elsewhere(hash_seed: str, flags: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, *flags, "-m", "tests.scenarios.library_digests"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_another_seed_has_another_digest() -> None:
    """Or equal digests would show nothing."""
    assert run("leader-crash-2s", seed=1).digest != run("leader-crash-2s", seed=2).digest


@pytest.mark.parametrize("name", ["basics/external-store-fenced.yaml", "trials/leader-crash-2s.yaml"])
def test_digest_does_not_depend_on_the_trace_level(name: str) -> None:
    """How much is kept changes nothing in what happens."""
    digests = {level: run(FOLDER / name, trace=level).digest for level in ("digest", "summary", "full")}

    assert len(set(digests.values())) == 1


def test_readme_has_one_line_for_each_scenario() -> None:
    """And no line for a scenario that is gone."""
    text = (FOLDER / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[[a-z0-9-]+\]\(([a-z0-9/-]+\.yaml)\) \|", text, re.MULTILINE)

    assert sorted(listed) == sorted(FILES)


def test_leader_crash_behaves_as_designed() -> None:
    """The first example of the documentation: one crash with a restart, one partition, three expectations."""
    scenario = load(FOLDER / "basics/leader-crash.yaml")

    assert [fault.action.name for fault in scenario.faults] == ["crash", "partition"]
    assert scenario.duration_ns == 30_000_000_000
    assert [condition.metric for condition in scenario.reach] == ["leader_changes"]
    assert [condition.metric for condition in scenario.expect] == [
        "split_brain.same_epoch",
        "election_time.belief.p99",
        "availability.client",
    ]


def test_unfenced_and_fenced_store_suffer_the_same_faults() -> None:
    """The pair differs in the fence alone, so that the difference in what happens is due to it."""
    unfenced, fenced = (
        load(FOLDER / f"basics/external-store-{kind}.yaml") for kind in ("unfenced", "fenced")
    )

    assert unfenced.faults == fenced.faults
    assert unfenced.protocol == fenced.protocol
    assert unfenced.network == fenced.network
    assert unfenced.workload is not None
    assert fenced.workload is not None
    assert (unfenced.workload.parameters.fenced, fenced.workload.parameters.fenced) == (False, True)
