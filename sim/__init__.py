"""Leader election on a simulated cluster: `from sim import run; run("leader-crash").verdict`.

The names below are imported when they are first used: what only asks for help need not wait for numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.result import Result
    from sim.run import run
    from sim.scenario import Scenario, load

__all__ = ["Result", "Scenario", "load", "run"]

_HOMES = {"Result": "sim.result", "Scenario": "sim.scenario", "load": "sim.scenario"}


def __getattr__(name: str) -> Any:
    if name == "run":
        return import_module("sim.run")  # a module that can be called: see its end
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
