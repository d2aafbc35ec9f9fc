"""One scenario, one seed -> one Result."""

from __future__ import annotations

import gc
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.cluster import Cluster
from sim.errors import UserError
from sim.faults.nemesis import Nemesis
from sim.invariants import attach
from sim.notebook import progress
from sim.plan import Plan
from sim.prepare import prepare
from sim.records import as_dict
from sim.result import Result
from sim.trace import LEVELS, Level

if TYPE_CHECKING:
    from sim.scenario import Scenario


def run(
    scenario: Scenario | Path | str | Mapping[str, Any],
    *,
    seed: int | None = None,
    trace: Level = "digest",
    protocol: str | None = None,
    overrides: Sequence[str] = (),
) -> Result:
    """Run a scenario once and return what happened.

    `scenario` is a loaded Scenario, a path, a name from the library ("leader-crash"), or a mapping
    of the same shape as a file. `seed` replaces the scenario's own. `trace` says how much is kept
    (`off` has no digest and checks no invariants); it changes nothing in what happens. `protocol`
    and `overrides` ("protocol.nodes=7") change what is loaded, like --protocol and --set.

    Raises:
        ScenarioError: the scenario, or an override, is not valid.
        UserError: there is no such trace level, or the scenario was loaded already and cannot change.
    """
    if trace not in LEVELS:
        raise UserError(f"trace level {trace!r} is not one of {', '.join(LEVELS)}")
    ready = _loaded(scenario, overrides, protocol)
    chosen = ready.seed if seed is None else seed
    result = run_plan(_plan(ready), chosen, trace, ready)
    if isinstance(scenario, str | Path):
        result.replay = _replay(str(scenario), chosen, protocol, overrides)
    return result


def _replay(source: str, seed: int, protocol: str | None, overrides: Sequence[str]) -> str:
    flags = ["--protocol", protocol] if protocol is not None else []
    flags += [part for each in overrides for part in ("--set", each)]
    return shlex.join(["leadersim", "run", source, "--seed", str(seed), *flags])


def run_plan(plan: Plan, seed: int, trace: Level = "digest", scenario: Scenario | None = None) -> Result:
    """Run a prepared plan once."""
    with quiet_collector():
        return _run_plan(plan, seed, trace, scenario)


def _run_plan(plan: Plan, seed: int, trace: Level, scenario: Scenario | None) -> Result:
    cluster = build(plan, seed, trace)
    cluster.start()
    cluster.kernel.call_at(plan.duration_ns, lambda _: cluster.stop("duration"))
    with progress(f"{plan.name}, seed {seed}", lambda: cluster.kernel._now / plan.duration_ns):
        cluster.kernel.run()
    cluster.finish()
    digest = cluster.trace.digest
    return Result(
        name=plan.name,
        protocol=plan.protocol.name,
        seed=seed,
        digest="" if digest is None else digest.hexdigest(),
        records=cluster.trace.milestones,
        details=cluster.trace.details or [],
        tally=cluster.tally,
        costs=cluster.costs,
        effects_accepted=cluster.effects_accepted,
        drawn=cluster.drawn,
        reach=() if scenario is None else scenario.reach,
        expect=() if scenario is None else scenario.expect,
        scenario=scenario,
        level=trace,
    )


def build(plan: Plan, seed: int, trace: Level) -> Cluster:
    """Return the world of one run, ready to start: with faults, and with invariants unless `off`."""
    cluster = Cluster(plan, seed, trace)
    Nemesis(cluster)
    if trace != "off":
        attach(cluster, cluster.trace.listen, cluster.report, plan.protocol)
    return cluster


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first record in which two runs of one seed differ; None: that run had ended."""

    index: int
    first: dict[str, Any] | None
    second: dict[str, Any] | None


def verify_determinism(scenario: Any, seed: int | None = None) -> Divergence | None:
    """Run twice with a full trace; return where the traces part, or None if they are the same."""
    first, second = (run(scenario, seed=seed, trace="full") for _ in range(2))
    ones, others = ([as_dict(r) for r in [*r.records, *r.details]] for r in (first, second))
    for index in range(max(len(ones), len(others))):
        one = ones[index] if index < len(ones) else None
        other = others[index] if index < len(others) else None
        if one != other:
            return Divergence(index, one, other)
    return None


def _loaded(scenario: Any, overrides: Sequence[str] = (), protocol: str | None = None) -> Scenario:
    from sim.scenario import Scenario, find, from_dict, load

    if isinstance(scenario, Scenario):
        if overrides or protocol is not None:
            raise UserError("a loaded scenario cannot be changed: give overrides and protocol to load()")
        return scenario
    if isinstance(scenario, Mapping):
        return from_dict(scenario, overrides=overrides, protocol=protocol)
    return load(find([str(scenario)])[0], overrides, protocol)


_last: list[tuple[Any, Plan]] = []


def _plan(scenario: Scenario) -> Plan:
    """Return the plan of a scenario; the newest one is kept, since campaigns run one many times."""
    if not _last or _last[0][0] is not scenario:
        _last[:] = [(scenario, prepare(scenario))]
    return _last[0][1]


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Let the cyclic garbage collector rest while the world exists, and then collect the world.

    A world is one big cycle, and thawed objects count as old, which the collector hardly ever looks at:
    thousands of short runs would fill the memory. What was there before is frozen, so that only what
    the run left behind is looked through.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


class _CallableModule(ModuleType):
    """Makes `from sim import run` the function: importing a submodule binds its name to the module."""

    def __call__(self, scenario: Any, **options: Any) -> Result:
        return run(scenario, **options)


sys.modules[__name__].__class__ = _CallableModule
