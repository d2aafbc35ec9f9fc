"""Every incident of split brain, and what was done to resources while it lasted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import KEY
from analysis.frames import sources, sweeps
from analysis.frames.one import series
from analysis.incidents import incidents as find_incidents
from sim.records import EffectJudged


def ledger(source: sources.Source) -> pd.DataFrame:
    """Return one row per incident: an interval with level, nodes, epochs, length, cause and effects.

    Columns scenario, protocol, (`vary.*`,) seed and those of `incidents`, then counts of what resources
    accepted from the nodes of the incident, first and last instant included: `effects`, all of them
    (<NA> where they were not recorded: trace level digest, and sweeps), and `stale_effects`, those under a
    lower epoch than one accepted before, of whatever node: the damage.

    Source: SB1 to SB4 of DESIGN §4.

    >>> from analysis.examples import two_leaders
    >>> ledger(two_leaders())[["level", "nodes", "epochs", "length_s", "effects", "stale_effects"]]
             level     nodes  epochs  length_s  effects  stale_effects
    0  dual_belief  (n1, n2)  (1, 2)      2.76        3              1
    1  dual_effect     (n1,)    (1,)      0.00        1              1
    """
    if isinstance(source, pd.DataFrame) or _is_sweep(source):
        found = sources.table(source, "incidents")
        missing = series([None] * len(found), "int")
        return found.assign(effects=missing, stale_effects=_stale_effects(found))
    parts = [part for part in map(_of_run, sources.runs_in(source)) if len(part)]
    if not parts:
        nothing = series([], "int")
        return sources.empty("incidents").assign(effects=nothing, stale_effects=nothing)
    return pd.concat(parts, ignore_index=True)


def _is_sweep(source: sources.Source) -> bool:
    return isinstance(source, str | Path) and sweeps.is_sweep(Path(source))


def _of_run(run: Any) -> pd.DataFrame:
    table = sources.table(run, "incidents")
    found = find_incidents(run.records)
    accepted = [r for r in (*run.records, *run.details) if type(r) is EffectJudged and r.accepted]
    kept = getattr(run, "level", "full") in ("summary", "full")
    within = [[effect for effect in accepted if each.from_ns <= effect.at_ns <= each.to_ns] for each in found]
    effects = [
        sum(effect.node in each.nodes for effect in inside) if kept else None
        for each, inside in zip(found, within, strict=True)
    ]
    stale = [sum(effect.epoch < effect.highest for effect in inside) for inside in within]
    return table.assign(effects=series(effects, "int"), stale_effects=series(stale, "int"))


def _stale_effects(found: pd.DataFrame) -> pd.Series[Any]:
    """Return for each incident how many dual effects of its run lie within it."""
    if not len(found):
        return series([], "int")
    key = [name for name in found.columns if name in KEY or name.startswith("vary.")]
    run = found.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    from_ns, to_ns = ((found[name] * 1e9).round().astype("int64").to_numpy() for name in ("from_s", "to_s"))
    span = int(to_ns.max()) + 1  # runs one after the other on one line
    damage = (found["level"] == "dual_effect").to_numpy(dtype=bool)
    at = np.sort(run[damage] * span + from_ns[damage])
    upto = np.searchsorted(at, run * span + to_ns, side="right")
    before = np.searchsorted(at, run * span + from_ns, side="left")
    return series(upto - before, "int")
