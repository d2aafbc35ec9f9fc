"""DataFrames: their columns and types, with rows and without; and what it costs not to ask for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis.frames import one as frames
from sim.records import Campaigned, EffectJudged, Led, Message, Operation, Record, Served, Violated
from sim.tally import OperationTally
from tests.unit.test_analysis_runs import BOUND, Run, crash, recorded

COLUMNS = {
    "elections": {
        "fault_at_s": "float64", "cause": "string", "old_leader": "string", "old_epoch": "Int64",
        "new_leader": "string", "new_epoch": "Int64", "serving_leader": "string", "serving_epoch": "Int64",
        "belief_s": "float64", "announced_s": "float64", "service_s": "float64", "client_s": "float64",
        "end_s": "float64", "censored": "bool", "detection_s": "float64", "candidacy_s": "float64",
        "failed_rounds_s": "float64", "last_round_s": "float64",
        "votes_s": "float64", "first_service_s": "float64", "split_rounds": "Int64",
    },
    "leaderships": {
        "node": "string", "epoch": "Int64", "from_s": "float64", "to_s": "float64", "length_s": "float64",
        "ended_by": "string",
    },
    "incidents": {
        "level": "string", "from_s": "float64", "to_s": "float64", "length_s": "float64", "nodes": "object",
        "epochs": "object", "cause": "string", "detail": "string",
    },
    "outages": {
        "view": "string", "from_s": "float64", "to_s": "float64", "length_s": "float64",
        "justified_s": "float64", "unjustified_s": "float64", "cause": "string",
    },
    "operations": {
        "invoked_at_s": "float64", "completed_at_s": "float64", "latency_s": "float64", "client": "string",
        "serial": "Int64", "command": "object", "outcome": "string", "value": "object", "attempts": "Int64",
        "node": "string", "epoch": "Int64",
    },
    "messages": {
        "sent_at_s": "float64", "at_s": "float64", "latency_s": "float64", "source": "string",
        "target": "string", "type": "string", "outcome": "string", "fields": "object",
    },
    "events": {
        "at_s": "float64", "at_ns": "Int64", "kind": "string", "node": "string", "epoch": "Int64",
        "values": "object",
    },
}  # fmt: skip
SECOND = 10**9
ROOT = Path(__file__).parents[2]


def busy() -> Run:
    """Return a run with something in every table."""
    events: list[Record] = [
        Campaigned(4 * SECOND, "a", 1), Led(6 * SECOND, "a", 1), Served(10 * SECOND, "a", 1),
        Led(20 * SECOND, "b", 2), Served(21 * SECOND, "b", 2), *crash(25 * SECOND, "a", 1),
    ]  # fmt: skip
    operations = [
        Operation(3 * SECOND, -1, "k", 2, ("get", "x"), "info", None, 4, "", 0),
        Operation(SECOND, 3 * SECOND, "k", 1, ("put", "x", 1), "ok", 1, 1, "a", 1),
    ]
    messages = [
        Message(5 * SECOND, 4 * SECOND, "a", "b", "RequestVote", "delivered", {"term": 1}),
        Message(6 * SECOND, 6 * SECOND, "a", "c", "RequestVote", "lost", {"term": 1}),
    ]
    return Run(recorded(*events, end=30 * SECOND), [*operations, *messages])


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_columns_and_types_are_the_same_with_and_without_rows(name: str) -> None:
    """So that what was written for one run works on a run in which nothing happened."""
    empty = Run([*recorded(end=0)[:1]], tally=OperationTally(BOUND))
    table = getattr(frames, name)(busy())
    bare = getattr(frames, name)(empty)

    assert {column: str(dtype) for column, dtype in table.dtypes.items()} == COLUMNS[name]
    assert {column: str(dtype) for column, dtype in bare.dtypes.items()} == COLUMNS[name]
    assert len(table) > 0
    assert len(bare) == {"elections": 1, "events": 1}.get(name, 0)


def test_elections_in_seconds_with_missing_values() -> None:
    """a is overtaken by b at 20, without a candidacy; nobody was told, no client asked."""
    table = frames.elections(busy())

    assert table["fault_at_s"].tolist() == [0, 20]
    assert table["belief_s"].tolist() == [6, 0]
    assert table["service_s"].tolist() == [10, 1]
    assert table["client_s"].isna().tolist() == [True, True]
    assert table["detection_s"].fillna(-1).tolist() == [4, -1]
    assert table["new_leader"].tolist() == ["a", "b"]


def test_intervals_in_seconds() -> None:
    """Two believers from 20 to 25."""
    run = busy()
    (incident,) = frames.incidents(run).to_dict("records")

    assert incident == {
        "level": "dual_belief", "from_s": 20.0, "to_s": 25.0, "length_s": 5.0, "nodes": ("a", "b"),
        "epochs": (1, 2), "cause": "b led", "detail": "",
    }  # fmt: skip
    assert frames.leaderships(run)["length_s"].tolist() == [19, 10]
    assert frames.outages(run)[["view", "length_s", "unjustified_s"]].values.tolist() == [
        ["system", 10, 10],
        ["leadership", 6, 6],
    ]


def test_operations_in_order_of_invocation() -> None:
    """One that was open at the end has no completion and no latency."""
    table = frames.operations(busy())

    assert table["serial"].tolist() == [1, 2]
    assert table["latency_s"].fillna(-1).tolist() == [2, -1]
    assert table["completed_at_s"].isna().tolist() == [False, True]
    assert table["command"].tolist() == [("put", "x", 1), ("get", "x")]


def test_messages_have_a_latency_if_they_arrived() -> None:
    """One that was lost has none, and is listed all the same."""
    table = frames.messages(busy())

    assert table["latency_s"].fillna(-1).tolist() == [1, -1]
    assert table["outcome"].tolist() == ["delivered", "lost"]
    assert table["fields"].tolist() == [{"term": 1}] * 2


def test_events_merge_milestones_and_details() -> None:
    """In order of time; what has no column of its own is in `values`."""
    run = busy()
    run.records.insert(-1, Violated(26 * SECOND, "fencing", ("r",), "x", ""))
    table = frames.events(run)

    assert table["at_ns"].is_monotonic_increasing
    assert len(table) == len(run.records) + len(run.details)
    violation = table[table["kind"] == "violated"].iloc[0]
    assert (violation["at_s"], pd.isna(violation["node"]), pd.isna(violation["epoch"])) == (26, True, True)
    assert violation["values"] == {
        "property": "fencing", "nodes": ("r",), "evidence": "x", "outside_envelope": "",
    }  # fmt: skip


def test_an_effect_keeps_its_resource_in_values() -> None:
    """`node` is who issued it."""
    run = Run(recorded(EffectJudged(5, "r", "a", 1, True, 2)))
    row = frames.events(run).iloc[-2]

    assert (row["node"], row["epoch"], row["values"]["resource"]) == ("a", 1, "r")


def test_a_plain_run_imports_no_table_library() -> None:
    """A verdict and all metrics come without pandas, numpy, scipy and matplotlib."""
    code = (
        "import sys, analysis.verdict, analysis.metrics, analysis; analysis.judge; "
        "print([m for m in ('pandas', 'numpy', 'scipy', 'matplotlib', 'simpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_public_names_are_there() -> None:
    """Each is imported when it is asked for; no other name is."""
    assert [getattr(analysis, name).__name__ for name in analysis.__all__] == list(analysis.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        analysis.nothing  # noqa: B018
