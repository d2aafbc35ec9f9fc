"""The pytest plugin, in a pytest of its own: as installed, but named by -p."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
GOOD = """\
schema: 1
name: toy
about: The leader is killed.
duration: 2s
seed: 4
protocol: {name: raft, nodes: 3}
faults:
  - {at: 1s, crash: leader}
expect:
  split_brain.same_epoch: 0
"""
SLOW = GOOD + "  election_time.belief.max: < 1ms\n"
UNREACHED = GOOD + "reach: [leader_changes >= 9]\n"
WRONG = GOOD.replace("nodes: 3", "nods: 3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project with its own ini file, so that this repository's does not count."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    return tmp_path


def pytest_in(folder: Path, *arguments: str, plugin: bool = True) -> subprocess.CompletedProcess[str]:
    """Run pytest there, without what else is installed, but for xdist."""
    chosen = ["-p", "sim.pytest_plugin"] if plugin else []
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "xdist.plugin", *chosen, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])} | ALONE,
    )  # fmt: skip


def test_scenarios_become_an_item_per_seed(folder: Path) -> None:
    """`--seeds A..B`; ids are the file and the seed, for `-k seed5` and `file.yaml::seed5`."""
    (folder / "toy.yaml").write_text(GOOD)
    listed = pytest_in(folder, "--collect-only", "-q", "--seeds", "4..6").stdout.splitlines()
    own = pytest_in(folder, "--collect-only", "-q").stdout.splitlines()
    picked = pytest_in(folder, "toy.yaml::seed5", "--seeds", "4..6")

    assert listed[:3] == ["toy.yaml::seed4", "toy.yaml::seed5", "toy.yaml::seed6"]
    assert own[0] == "toy.yaml::seed4"
    assert (picked.returncode, "1 passed" in picked.stdout) == (0, True)


def test_ini_gives_seeds_and_the_option_wins(folder: Path) -> None:
    """`leadersim_seeds` in the ini file is what CI runs without flags."""
    (folder / "toy.yaml").write_text(GOOD)
    (folder / "pytest.ini").write_text("[pytest]\nleadersim_seeds = 3\n")

    assert pytest_in(folder).stdout.splitlines()[-1].strip("= ").startswith("3 passed")
    assert pytest_in(folder, "--seeds", "0..1").stdout.splitlines()[-1].strip("= ").startswith("2 passed")


def test_failure_shows_evidence_lanes_and_replay(folder: Path) -> None:
    """What a CI log needs: which expectation, what was measured, who led when, and one command."""
    (folder / "slow.yaml").write_text(SLOW)
    done = pytest_in(folder, "--seeds", "7..7")
    lines = done.stdout.splitlines()

    assert done.returncode == 1
    assert "expected election_time.belief.max < 1ms: measured" in done.stdout
    assert [line for line in lines if line.startswith("n1 ")] != []
    assert "replay: leadersim run slow.yaml --seed 7" in lines
    assert "Traceback" not in done.stdout


def test_run_that_compared_nothing_is_not_green(folder: Path) -> None:
    """DESIGN §4: inconclusive is not a pass."""
    (folder / "unreached.yaml").write_text(UNREACHED)
    done = pytest_in(folder)

    assert (done.returncode, "never reached leader_changes" in done.stdout) == (1, True)


def test_mistake_in_a_file_has_its_place(folder: Path) -> None:
    """Other files are collected all the same."""
    (folder / "toy.yaml").write_text(GOOD)
    (folder / "wrong.yaml").write_text(WRONG)
    done = pytest_in(folder, "--continue-on-collection-errors")

    assert "wrong.yaml:6:24: protocol.nods: " in done.stdout
    assert "1 passed, 1 error" in done.stdout


def test_other_yaml_files_are_left_alone(folder: Path) -> None:
    """A compose file, a workflow, something broken: no item, no error, and no engine is imported."""
    (folder / "compose.yaml").write_text("services:\n  web: {image: nginx}\n")
    (folder / "broken.yml").write_text("protocol: [\n\t:")
    (folder / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    heavy = {'simpy', 'numpy', 'pydantic', 'yaml', 'rich', 'pandas', 'click', 'sim.run'}\n"
        "    assert sorted(heavy & set(sys.modules)) == []\n"
    )
    done = pytest_in(folder)

    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


def test_junit_has_the_metrics(folder: Path) -> None:
    """As properties of the test case, also from the processes of xdist."""
    (folder / "toy.yaml").write_text(GOOD)
    done = pytest_in(
        folder, "-n", "2", "--seeds", "0..3", "--junitxml", "out.xml", "-o", "junit_family=xunit1"
    )
    cases = {case.get("name"): case for case in ET.parse(folder / "out.xml").iter("testcase")}
    found = {each.get("name"): each.get("value") for each in cases["seed2"].iter("property")}

    assert (done.returncode, sorted(map(str, cases))) == (0, ["seed0", "seed1", "seed2", "seed3"])
    assert (found["verdict"], found["seed"], found["elections"]) == ("pass", "2", "2")
    assert float(str(found["election_time.belief.max"])) > 0


def test_simulate_runs_scenarios_in_python_tests(folder: Path) -> None:
    """A file beside the test or a shipped one; overrides by path; the marker gives seeds."""
    (folder / "toy.yaml").write_text(GOOD)
    (folder / "test_it.py").write_text(
        "import pytest\n\n"
        "def test_own_seed(simulate):\n"
        "    assert simulate('toy.yaml').seed == 4\n\n"
        "def test_overrides(simulate):\n"
        "    result = simulate('leader-crash-stop', seed=9, protocol__nodes=3, **{'network.loss': '1%'})\n"
        "    assert (result.seed, result.scenario.protocol.parameters.nodes) == (9, 3)\n\n"
        "@pytest.mark.seeds('2..3')\n"
        "def test_seeds(simulate):\n"
        "    assert simulate('toy.yaml').seed == 2\n"
    )
    done = pytest_in(folder, "test_it.py", "-v")

    assert "test_it.py::test_own_seed PASSED" in done.stdout
    assert "test_it.py::test_overrides PASSED" in done.stdout
    assert "test_it.py::test_seeds[seed2] PASSED" in done.stdout
    assert "test_it.py::test_seeds[seed3] FAILED" in done.stdout
    assert "replay: leadersim run toy.yaml --seed 3" in done.stdout


@pytest.mark.parametrize("seeds", ["many", "9..1", "0"])
def test_wrong_seeds_are_a_usage_error(folder: Path, seeds: str) -> None:
    """pytest's exit code 4, before anything runs."""
    done = pytest_in(folder, "--seeds", seeds)

    assert (done.returncode, repr(seeds) in done.stderr) == (4, True)


@pytest.mark.parametrize("place", ["other.py", "conftest.py"])
def test_option_of_another_plugin_is_not_fought_over(folder: Path, place: str) -> None:
    """Another's --seeds, even of a conftest.py, which is loaded late, stays its own."""
    (folder / place).write_text("def pytest_addoption(parser):\n    parser.addoption('--seeds')\n")
    (folder / "toy.yaml").write_text(GOOD)
    other = ["-p", "other"] if place == "other.py" else []
    done = pytest_in(folder, *other, "--seeds", "x", "--leadersim-seeds", "2")

    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stderr
