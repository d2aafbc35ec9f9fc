"""The engine as the commands see it: everything heavy is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from protocols.api import ProtocolSpec
    from sim.result import Result
    from sim.run import Divergence
    from sim.scenario import Scenario
    from sim.trace import Level
    from sim.workloads.registry import WorkloadSpec


def find(arguments: Sequence[str]) -> list[Path]:
    """Return the scenario files that paths, directories and library names stand for, each once."""
    from sim.scenario import find as find_files

    return find_files(arguments)


def load(path: Path, overrides: Sequence[str] = (), protocol: str | None = None) -> Scenario:
    """Return a scenario, or raise ScenarioError with all that is wrong with it."""
    from sim.scenario import load as load_file

    return load_file(path, overrides, protocol)


def load_all(paths: Iterable[Path], overrides: Sequence[str], protocol: str | None) -> list[Scenario]:
    """Return all scenarios, or raise one ScenarioError with the problems of all of them."""
    loaded: list[Scenario] = []
    problems: dict[Problem, None] = {}
    for path in paths:
        try:
            loaded.append(load(path, overrides, protocol))
        except ScenarioError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ScenarioError(list(problems))
    return loaded


def execute(scenario: Scenario, seed: int, trace: Level) -> Result:
    """Run a scenario once."""
    from sim.run import run

    return run(scenario, seed=seed, trace=trace)


def divergence(scenario: Scenario, seed: int) -> Divergence | None:
    """Run a scenario twice; return where the two traces part, None if they are the same."""
    from sim.run import verify_determinism

    return verify_determinism(scenario, seed)


def library() -> dict[str, Path]:
    """Return the scenarios that come with leadersim: `basics/leader-crash` -> its file."""
    from sim.scenario.finding import names

    return names()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files."""
    from sim.scenario import json_schema

    return json_schema()


def workloads() -> list[WorkloadSpec]:
    """Return every workload there is, by name."""
    from sim.workloads import registry

    return [registry.get(name) for name in registry.names()]


def protocols() -> list[ProtocolSpec]:
    """Return every protocol there is, by name."""
    from protocols import registry

    return [registry.get(name) for name in registry.names()]
