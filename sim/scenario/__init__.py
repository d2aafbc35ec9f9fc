"""Scenario files: YAML -> a validated `Scenario`, or every mistake with its line and column.

The only package that imports pydantic and the YAML library. `load`, `loads` and `from_dict` read;
`find` and `library` say where scenarios are; `json_schema` is for editors. What the engine reads
are the attributes of `Scenario`, which are integers, strings, and the frozen classes of `faults`,
`selectors`, `network`, `machines` and `sim.distributions`.
"""

from __future__ import annotations

from sim.errors import Problem, ScenarioError
from sim.scenario.editor_schema import json_schema
from sim.scenario.faults import Fault
from sim.scenario.finding import find, library
from sim.scenario.loading import from_dict, load, loads
from sim.scenario.model import Scenario

__all__ = [
    "Fault",
    "Problem",
    "Scenario",
    "ScenarioError",
    "find",
    "from_dict",
    "json_schema",
    "library",
    "load",
    "loads",
]
