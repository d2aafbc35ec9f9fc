"""Many runs: scenarios x protocols x values under the same seeds, on many cores or machines.

    from sim.sweep import sweep
    runs = sweep("leader-crash", seeds=range(100), vary={"network.loss": ["0%", "5%"]})

A DataFrame with a row per run comes back; with `out`, a directory of Parquet files is left too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.notebook import progress
from sim.sweep.campaign import Batch, Campaign, MakePool, conduct
from sim.sweep.cells import Cell, Refused, Source, cells, split_vary
from sim.sweep.dispatch import SweepLost

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Batch",
    "Campaign",
    "Cell",
    "SweepLost",
    "conduct",
    "on_dask",
    "plan",
    "split_vary",
    "sweep",
]


def sweep(
    scenarios: Source | Sequence[Source],
    *,
    seeds: Sequence[int] = range(100),
    vary: Mapping[str, Sequence[Any]] | None = None,
    protocols: Sequence[str] = (),
    overrides: Sequence[str] = (),
    out: Path | str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
) -> pd.DataFrame:
    """Run every combination under every seed; return one row per run, in that order.

    Columns: scenario, protocol, `vary.<path>` for each varied path, seed, digest, verdict ("pass",
    "fail", "inconclusive", or "crashed" by a bug of leadersim), reason, violated, error, and every
    metric of `sim.metrics.METRICS` in its unit (seconds, shares, counts).

    `out` also leaves Parquet files there; with `resume`, only what is missing in it is run. `jobs` is
    the number of processes, `scheduler` the address or file of a Dask scheduler to use instead.

    Raises:
        ScenarioError: a scenario, or a combination, is not valid.
        UserError: nothing to run, `out` cannot be used, the scheduler cannot be reached.
        SweepLost: the scheduler went away in the middle.
    """
    ready = plan(scenarios, seeds=seeds, vary=vary, protocols=protocols, overrides=overrides)
    store = None if out is None else ready.store(Path(out), resume)
    batches = conduct(ready, store, jobs, None if scheduler is None else on_dask(scheduler))
    return _frame(batches, ready)


def plan(
    scenarios: Source | Sequence[Source],
    *,
    seeds: Sequence[int],
    vary: Mapping[str, Sequence[Any]] | None = None,
    protocols: Sequence[str] = (),
    overrides: Sequence[str] = (),
    refused: list[Refused] | None = None,
) -> Campaign:
    """Return what would be run; see `sweep`, which does it, and `cells` for `refused`."""
    sources = [scenarios] if isinstance(scenarios, str | Path | Mapping) else list(scenarios)
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError("expected seeds, each once")
    values = {path: [_written(value) for value in listed] for path, listed in (vary or {}).items()}
    found = cells(sources, protocols, values, overrides, refused)
    asked = {
        "scenarios": list(dict.fromkeys(cell.scenario for cell in found)),
        "protocols": list(protocols),
        "vary": values,
        "set": list(overrides),
        "seeds": f"{seeds[0]}..{seeds[-1]}" if isinstance(seeds, range) else list(seeds),
    }
    return Campaign(found, seeds, asked)


def on_dask(scheduler: str) -> MakePool:
    """Return what connects to the Dask scheduler at an address, or named in a scheduler file."""

    def connect() -> Any:
        from sim.sweep.dask_pool import DaskPool

        return DaskPool(scheduler)

    return connect


def _written(value: Any) -> str:
    """Return a value as `--set` takes it: JSON is YAML."""
    import json

    return value if isinstance(value, str) else json.dumps(value)


def _frame(batches: Iterator[Batch], ready: Campaign) -> pd.DataFrame:
    import pyarrow as pa

    from sim.sweep.tables import arrow

    tables: list[pa.Table] = []
    with progress(f"{ready.planned} runs", lambda: sum(map(len, tables)) / ready.planned):
        for batch in batches:
            tables.append(arrow("runs", batch.cell, batch.rows["runs"]))
    frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    return frame
