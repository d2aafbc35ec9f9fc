"""The analysis of ten thousand runs, a million rows, stays within ten seconds and two gigabytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.sweep.tables import schema

ROOT = Path(__file__).parents[2]
RUNS, PARTS = 10_000, 20
SIZES = {
    "runs": 10_000,
    "elections": 400_000,
    "incidents": 90_000,
    "leaderships": 300_000,
    "outages": 200_000,
}
WHOLE = """
import resource, sys, time
begun = time.process_time()
from analysis import frames
names = ("runs", "elections", "incidents", "leaderships", "outages")
tables = [getattr(frames, name)(sys.argv[1]) for name in names]
runs, elections, incidents = tables[:3]
frames.survival(elections, by="protocol"), frames.quantiles(elections, by="protocol")
frames.phases(frames.waterfall(elections)), frames.ledger(incidents)
frames.availability(runs), frames.compare(runs)
used = resource.getrusage(resource.RUSAGE_SELF)
print(sum(map(len, tables)), time.process_time() - begun, used.ru_maxrss / 1e6)
"""


def values(name: str, kind: pa.DataType, seeds: Any, part: int, rng: Any) -> Any:
    """Return a column of a part: half of the parts are of one protocol, half of another."""
    rows = len(seeds)
    if name in ("scenario", "protocol", "seed"):
        return {"scenario": ["s"] * rows, "protocol": ["raft" if part % 2 else "zab"] * rows, "seed": seeds}[
            name
        ]
    if name == "level":
        return rng.choice(["dual_belief", "dual_effect"], rows)
    if pa.types.is_list(kind):
        return [["n1", "n2"] if name == "nodes" else [1, 2]] * rows
    if pa.types.is_string(kind):
        return rng.choice(["n1", "n2", "n3"], rows)
    if pa.types.is_boolean(kind):
        return rng.random(rows) < 0.1
    if pa.types.is_integer(kind):
        return rng.integers(0, 9, rows)
    lengths = rng.random(rows) if name.startswith("availability") else rng.exponential(0.3, rows)
    return np.where(rng.random(rows) < 0.05, np.nan, lengths) if name == "service_s" else lengths


def write(folder: Path) -> None:
    """Write a sweep of the size."""
    rng = np.random.default_rng(1)
    (folder / "sweep.json").write_text(json.dumps({"format": "leadersim-sweep", "version": 1}))
    for table, rows in SIZES.items():
        (folder / table).mkdir()
        for part in range(PARTS):
            first = part // 2 * (RUNS // PARTS)
            seeds = np.repeat(np.arange(first, first + RUNS // PARTS), rows // RUNS)
            layout = schema(table, [])
            made = [
                pa.array(values(f.name, f.type, seeds, part, rng), f.type, from_pandas=True) for f in layout
            ]
            name = f"{part % 2:04d}-{first:09d}-{first + RUNS // PARTS - 1:09d}.parquet"
            pq.write_table(pa.Table.from_arrays(made, schema=layout), folder / table / name)


@pytest.mark.soak
def test_a_million_rows_within_ten_seconds_and_two_gigabytes(tmp_path: Path) -> None:
    """Everything that the analysis offers for sweeps, reading included; seconds of CPU."""
    write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WHOLE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rows, seconds, gigabytes = map(float, done.stdout.split())

    assert rows == 1_000_000
    assert seconds < 10
    assert gigabytes < 2
