"""The same tables from memory, from files of a run, and from the directory of a sweep."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pandas as pd
import pandas.testing
import pytest

import analysis
from analysis import frames
from analysis.examples import nothing_happened, two_leaders
from sim.errors import TraceError, UserError
from sim.result import Result
from sim.run import run
from sim.sweep import sweep

TABLES = ("elections", "incidents", "leaderships", "outages")
SHORT = ("duration=4s", "workload.rate=10/s", "faults.0.at=1s", "faults.1.at=3s", "faults.1.for=500ms")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Return two runs in memory."""
    return [run("leader-crash", seed=seed, trace="full", overrides=SHORT) for seed in (0, 1)]


@pytest.fixture(scope="module")
def folder(results: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with both, as `leadersim run --seeds 0..1 --out` leaves it."""
    found = tmp_path_factory.mktemp("runs")
    for result in results:
        result.write(found / f"leader-crash-raft-{result.seed}")
    return found


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep of the same two runs."""
    found = tmp_path_factory.mktemp("sweep") / "out"
    sweep("leader-crash", seeds=range(2), overrides=SHORT, out=found, jobs=1)
    return found


@pytest.mark.parametrize("name", [*TABLES, "runs"])
def test_tables_are_alike_whatever_they_come_from(
    name: str, results: list[Result], folder: Path, swept: Path
) -> None:
    """Rows, order, columns and types."""
    table = getattr(frames, name)
    from_memory = table(results)
    # A sweep weighs no messages; what a run is told by a full trace beside that is the same.
    strip = ["cost.bytes"] if name == "runs" else []

    pandas.testing.assert_frame_equal(from_memory, table(folder))
    pandas.testing.assert_frame_equal(
        from_memory, table([folder / "leader-crash-raft-0", str(folder / "leader-crash-raft-1")])
    )
    pandas.testing.assert_frame_equal(from_memory.drop(columns=strip), table(swept).drop(columns=strip))


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_trace_file_alone_is_enough(ending: str, results: list[Result], folder: Path, tmp_path: Path) -> None:
    """Without result.json the sums over operations are made from the operations themselves."""
    copy = tmp_path / f"trace.{ending}"
    copy.write_bytes((folder / "leader-crash-raft-1" / copy.name).read_bytes())

    for name in (*TABLES, "operations", "messages", "events"):
        pandas.testing.assert_frame_equal(getattr(frames, name)(results[1]), getattr(frames, name)(copy))
    assert analysis.read(copy).tally == results[1].tally


def test_package_offers_the_tables_by_name(results: list[Result]) -> None:
    """Also those that share it with a module, before and after that module was imported."""
    import_module("analysis.elections")

    assert len(analysis.elections(results)) == len(frames.elections(results)) > 2
    assert len(analysis.availability(results)) == 3
    assert analysis.leaderships(results[0])["seed"].unique().tolist() == [0]


def test_table_passes_through(results: list[Result]) -> None:
    """What was selected by hand can be analysed like the whole."""
    first = frames.elections(results).head(1)

    assert frames.quantiles(first)["elections"].unique().tolist() == [1]


def test_ledger_of_a_sweep_counts_like_that_of_runs() -> None:
    """Two runs, of which one has an accepted stale write; the incidents table alone finds it again."""
    runs = [two_leaders(), nothing_happened(), two_leaders()]
    runs[2].records = [*runs[2].records]
    runs[2].records[0] = type(runs[2].records[0])(
        0, "example", "raft", 2, 10**10, *[("n1", "n2", "n3")] * 2, (), (), 1
    )
    whole = frames.ledger(runs)

    assert whole["stale_effects"].tolist() == [1, 1, 1, 1]
    assert whole["effects"].tolist() == [3, 1, 3, 1]
    pandas.testing.assert_series_equal(
        whole["stale_effects"], frames.ledger(frames.incidents(runs))["stale_effects"]
    )


def test_what_was_not_recorded_is_refused_with_the_remedy(swept: Path) -> None:
    """Not an empty table, which would be read as `nothing happened`."""
    with pytest.raises(UserError, match="sweep keeps no messages; run one of its seeds with --trace full"):
        frames.messages(swept)
    with pytest.raises(UserError, match="operations are kept at trace level summary or full, not digest"):
        frames.operations(run("leader-crash", overrides=SHORT))
    with pytest.raises(UserError, match="keeps no records of its runs"):
        list(frames.sources.runs_in(swept))
    with pytest.raises(UserError, match="expected a result, a path or several of them, found int"):
        frames.elections(3)  # type: ignore[arg-type]


def test_damage_is_named_with_its_file(folder: Path, swept: Path, tmp_path: Path) -> None:
    """Truncated, newer, of another kind, missing; of a run and of a sweep."""
    source = folder / "leader-crash-raft-0" / "trace.jsonl"
    lines = source.read_text().splitlines(keepends=True)
    damaged = tmp_path / "trace.jsonl"

    def problem(text: str) -> str:
        damaged.write_text(text)
        return _problem(damaged)

    assert problem("".join(lines[:-1])) == f"{damaged}: truncated: the last record is not run_ended"
    assert problem("".join([*lines[:5], lines[5][:-9]])).startswith(f"{damaged}:6: not a record: ")
    assert problem(lines[0].replace("1", "2")) == f"{damaged}:1: trace version 2; this reader knows 1"
    assert problem("".join([lines[0], *lines[2:]])) == f"{damaged}: the first record is not run_started"
    assert problem("{}").endswith(":1: not a leadersim trace")
    assert "neither a trace file nor a directory" in _problem(tmp_path / "nothing")
    damaged.write_text("".join(lines))
    damaged.with_name("result.json").write_text("{")
    assert _problem(damaged).startswith(f"{damaged.with_name('result.json')}: not the result of a run")
    told = json.loads(source.with_name("result.json").read_text())
    damaged.with_name("result.json").write_text(json.dumps(told | {"sums": {}}))
    assert _problem(damaged) == f"{damaged.with_name('result.json')}: sums: not as written: KeyError('tally')"


def test_damage_of_a_sweep_is_named_with_its_file(tmp_path: Path) -> None:
    """A part that is no Parquet, a newer sweep, a table that is not there."""
    out = tmp_path / "out"
    sweep("leader-crash", seeds=range(1), overrides=SHORT, out=out, jobs=1)
    (part,) = (out / "elections").glob("*.parquet")

    part.write_bytes(b"PAR1")
    assert _problem(out).startswith(f"{part}: not a part of a sweep")
    part.unlink()
    part.parent.rmdir()
    assert _problem(out) == f"{out}: a sweep without the table elections"
    description = out / "sweep.json"
    description.write_text(json.dumps(json.loads(description.read_text()) | {"version": 2}))
    assert _problem(out) == f"{description}: version 2; this reader knows 1"
    description.write_text("[]")
    assert _problem(out) == f"{description}: not the description of a sweep"


def _problem(path: Path) -> str:
    with pytest.raises(TraceError) as raised:
        frames.elections(path)
    return str(raised.value)


@pytest.mark.parametrize("name", [*TABLES, "operations", "messages", "runs", "ledger", "waterfall"])
def test_nothing_gives_an_empty_table_with_the_right_columns(name: str, results: list[Result]) -> None:
    """So that what was written for some runs works for none."""
    nothing, some = getattr(frames, name)([]), getattr(frames, name)(results)

    assert len(nothing) == 0
    assert dict(nothing.dtypes.astype(str)) == dict(some.dtypes.astype(str))


def test_sweep_in_memory_is_a_table_of_runs(results: list[Result]) -> None:
    """`sweep()` returns what `analysis.availability` and `analysis.compare` take."""
    table = pd.concat([frames.runs(results), frames.runs(results).assign(protocol="other")])
    found = frames.compare(table, metrics=["availability.system", "election_time.service.max"])

    assert found["difference"].tolist() == [0, 0]
    assert found["lower_share"].tolist() == [0.5, 0.5]
    assert found["low"].isna().all()
