"""A seed that a swarm finds becomes a file that shows the same."""

from __future__ import annotations

from pathlib import Path

from sim.run import run
from sim.scenario import load
from tests.scenarios.regressions import kept
from tests.scenarios.swarm import swarm


def test_what_a_swarm_finds_becomes_a_scenario_file(tmp_path: Path) -> None:
    """It loads, says what was found, and leaves the very same digest."""
    found = {7: (("election_safety", 'epoch 3: led by "n1" and by n2'),)}

    assert kept(found, swarm, tmp_path) == found
    (path,) = tmp_path.iterdir()
    scenario = load(path)
    assert (scenario.name, scenario.seed) == ("swarm-7", 7)
    assert "election_safety" in scenario.about
    assert run(path).digest == run(swarm(7), seed=7).digest


def test_nothing_found_writes_nothing(tmp_path: Path) -> None:
    """Not even the folder."""
    assert kept({}, swarm, tmp_path / "none") == {}
    assert not (tmp_path / "none").exists()
