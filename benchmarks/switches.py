"""What Raft's extensions cost: the same writes with and without them."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import scenario
from benchmarks.measure import take_turns
from sim.plan import Plan
from sim.prepare import prepare
from sim.run import run_plan
from sim.scenario import from_dict

_NAME = "pre-vote and CheckQuorum / without, 100 writes/s"


def switches(rounds: int) -> dict[str, float]:
    """Five nodes, 100 writes a second, with pre-vote and CheckQuorum against every switch off."""
    off, on = _plan(), _plan(pre_vote=True, check_quorum=True)
    measured = take_turns(
        {"off": lambda: run_plan(off, 1, "digest"), "on": lambda: run_plan(on, 1, "digest")}, rounds
    )
    return {_NAME: measured.ratio("on", "off")}


def _plan(**settings: Any) -> Plan:
    return prepare(from_dict(scenario("20s", "100/s", protocol={"name": "raft", "nodes": 5, **settings})))


CASES = (switches,)
LIMITS: dict[str, tuple[float, bool]] = {_NAME: (1.3, True)}
"""As in `benchmarks.cases`."""
