"""Rows of a sweep: what a run leaves, and what the part files give back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sim.errors import UserError
from sim.metrics import METRICS
from sim.run import run
from sim.scenario import from_dict
from sim.sweep import plan, sweep
from sim.sweep.campaign import conduct
from sim.sweep.dispatch import Span
from sim.sweep.store import Store, gaps, span_name
from sim.sweep.tables import COLUMNS, TABLES, nothing
from sim.sweep.version import PACKAGES, fingerprint
from sim.sweep.work import Work, run_chunk, run_one

TOY: dict[str, Any] = {
    "schema": 1,
    "name": "toy",
    "about": "The leader is cut off and comes back.",
    "duration": "3s",
    "protocol": {"name": "raft", "nodes": 3},
    "workload": {"name": "database-primary", "rate": "50/s"},
    "faults": [{"at": "1s", "partition": [["leader"], ["others"]], "for": "1s"}],
    "expect": {"split_brain.same_epoch": "0"},
}


def same(one: Any, other: Any) -> bool:
    """Return whether two cells are equal, where missing is missing."""
    return one == other or all(each is None or each != each for each in (one, other))


@pytest.mark.parametrize("table", ["elections", "incidents", "outages"])
def test_rows_are_those_of_the_result(table: str) -> None:
    """The columns and values of `Result.elections` and so on, computed by pandas there and not here."""
    scenario = from_dict(TOY)
    rows = nothing()
    run_one(scenario, 3, rows)
    expected = getattr(run(scenario, seed=3), table)
    found = [dict(zip(list(COLUMNS[table])[1:], row[1:], strict=True)) for row in rows[table]]

    assert len(expected) > 0
    assert list(COLUMNS[table]) == ["seed", *expected.columns]
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected.astype(object).to_dict("records"), strict=True):
        assert all(same(mine[name], None if theirs[name] is _na() else theirs[name]) for name in mine)


def _na() -> Any:
    import pandas as pd

    return pd.NA


def test_run_row_has_verdict_digest_and_every_metric() -> None:
    """What `Result` says of the same run."""
    scenario = from_dict(TOY)
    rows = nothing()
    run_one(scenario, 3, rows)
    row = dict(zip(COLUMNS["runs"], rows["runs"][0], strict=True))
    result = run(scenario, seed=3)

    assert (row["seed"], row["digest"], row["verdict"]) == (3, result.digest, result.verdict.status)
    assert {name: row[name] for name in METRICS} == {name: result.metrics[name] for name in METRICS}


def test_crash_of_ours_is_a_row_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves no half rows in the other tables."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("analysis.facts.outages", broken)
    rows = nothing()
    run_one(from_dict(TOY), 3, rows)
    row = dict(zip(COLUMNS["runs"], rows["runs"][0], strict=True))

    assert (row["seed"], row["verdict"], row["digest"]) == (3, "crashed", "")
    assert row["error"].splitlines()[-1] == "ZeroDivisionError: a bug"
    assert [rows[table] for table in TABLES if table != "runs"] == [[]] * 4


def test_chunk_ends_when_its_budget_is_spent() -> None:
    """But does one run at least, and says how many it did."""
    made = plan(TOY, seeds=range(50))
    work = Work(made.cells[0].payload, range(50), made.work(Span(0, 0, 1)).code, budget_s=0)
    done = run_chunk(work)

    assert (done.ran, [row[0] for row in done.rows["runs"]]) == (1, [0])


def test_worker_of_other_code_refuses() -> None:
    """Its rows would not be the client's."""
    made = plan(TOY, seeds=range(1))
    with pytest.raises(UserError, match=r"the client 0\.0\.1\+old: install the same"):
        run_chunk(Work(made.cells[0].payload, range(1), "0.0.1+old"))


def test_fingerprint_changes_with_any_module(tmp_path: Path) -> None:
    """With a text, a name, and in every package."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
    seen = [fingerprint(tmp_path)]
    for package in PACKAGES:
        (tmp_path / package / "a.py").write_text("x = 1\n")
        seen.append(fingerprint(tmp_path))
    (tmp_path / "sim" / "a.py").write_text("x = 2\n")
    seen.append(fingerprint(tmp_path))
    (tmp_path / "sim" / "a.py").rename(tmp_path / "sim" / "b.py")
    seen.append(fingerprint(tmp_path))

    assert len(set(seen)) == len(seen)


# Parts ----------------------------------------------------------------------------------------------


def test_parts_give_back_what_was_written(tmp_path: Path) -> None:
    """Bit for bit; a resumed summary is made of them."""
    made = plan(TOY, seeds=range(4))
    store = made.store(tmp_path / "out", resume=False)
    fresh = [batch.rows for batch in conduct(made, store, jobs=1)]
    again = [batch.rows for batch in conduct(made, made.store(tmp_path / "out", resume=True), jobs=1)]

    assert fresh == again
    assert sum(len(rows["runs"]) for rows in fresh) == 4


def test_frame_is_the_dataset(tmp_path: Path) -> None:
    """`sweep` returns the rows that it leaves, in the same order and types."""
    frame = sweep(TOY, seeds=[3, 1], vary={"network.loss": ["0%", "1%"]}, out=tmp_path, jobs=1)
    stored = pq.read_table(tmp_path / "runs").to_pandas()

    assert list(frame["seed"]) == [3, 1, 3, 1]
    assert list(frame["vary.network.loss"]) == ["0%", "0%", "1%", "1%"]
    assert frame.equals(stored)
    assert pq.read_schema(next((tmp_path / "runs").iterdir())).field("latency.p50").metadata == {
        b"unit": b"seconds"
    }


def test_chunk_counts_as_finished_only_with_its_runs(tmp_path: Path) -> None:
    """`runs` is written last: a chunk of which only elections are there is done again."""
    made = plan(TOY, seeds=range(3))
    store = made.store(tmp_path, resume=False)
    list(conduct(made, store, jobs=1))
    (span,) = store.spans()
    (tmp_path / "runs" / span_name(span)).unlink()

    assert store.spans() == []
    assert [batch.fresh for batch in conduct(made, store, jobs=1)] == [True]
    assert store.spans() == [span]


def test_left_overs_of_a_killed_client_are_removed(tmp_path: Path) -> None:
    """Half-written files are no parts."""
    made = plan(TOY, seeds=range(1))
    list(conduct(made, made.store(tmp_path, resume=False), jobs=1))
    left = tmp_path / "runs" / ".0000-000000001-000000002.parquet.99.part"
    left.write_text("half")
    made.store(tmp_path, resume=True)

    assert not left.exists()


def test_directory_of_a_sweep_is_not_overwritten(tmp_path: Path) -> None:
    """Only --resume touches it."""
    Store(tmp_path, {"leadersim": "1"}).open(False, {})
    with pytest.raises(UserError, match="go on with --resume"):
        Store(tmp_path, {"leadersim": "1"}).open(False, {})


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        ([], [Span(0, 0, 9), Span(1, 0, 9)]),
        ([Span(0, 0, 9), Span(1, 0, 9)], []),
        ([Span(0, 2, 4), Span(0, 4, 5), Span(1, 8, 9)], [Span(0, 0, 2), Span(0, 5, 9), Span(1, 0, 8)]),
    ],
)
def test_gaps_are_what_no_part_covers(finished: list[Span], expected: list[Span]) -> None:
    """Of two cells with nine seeds."""
    assert list(gaps(finished, 2, 9)) == expected


def test_empty_tables_have_their_columns(tmp_path: Path) -> None:
    """A sweep without incidents leaves a readable table of incidents."""
    calm = {key: value for key, value in TOY.items() if key not in ("faults", "expect")}
    sweep(calm, seeds=range(2), out=tmp_path, jobs=1)
    found = pq.read_table(tmp_path / "incidents")

    assert (found.num_rows, found.column_names) == (0, ["scenario", "protocol", *COLUMNS["incidents"]])


def test_nothing_is_nan() -> None:
    """Missing values are null, so that they are missing in every reader."""
    rows = nothing()
    run_one(from_dict(TOY), 3, rows)

    assert not [
        v for table in TABLES for row in rows[table] for v in row if isinstance(v, float) and math.isnan(v)
    ]
