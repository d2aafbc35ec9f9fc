"""Trace files: written whole, read back as they were, and refused with file and line if damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import TraceError, UserError
from sim.records import (
    BY_KIND,
    Answered,
    BoundMeasured,
    Campaigned,
    ClockChanged,
    Crashed,
    Damaged,
    DamageTotal,
    EffectJudged,
    FaultEnded,
    FaultStarted,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    MembersChanged,
    Message,
    Noted,
    Operation,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    Saved,
    Served,
    ServiceFollowed,
    ServiceLed,
    Stalled,
    Started,
    StartRefused,
    Synced,
    TimerFired,
    Violated,
)
from sim.trace_files import FORMAT, VERSION, in_order, read, write_jsonl, write_parquet

# One of every kind, in order of time, with what JSON might spoil: nested tuples, quotes, letters of all
# alphabets, line separators, integers beyond 2**53 and a float.
SAMPLE: list[Record] = [
    RunStarted(0, "a \"name\"", "raft", 2**64 - 1, 10**10, ("n1", "n2"), ("n1", "n2"), ("c1",), (), 10**9),
    Started(0, "n1", 0),
    Campaigned(1, "n1", 1),
    Led(2, "n1", 1),
    LeaderKnown(3, "n2", "n1", 1),
    Served(4, "n1", 1),
    Answered(5, "c1", "n1", 1),
    Operation(5, -1, "c1", 1, ("cas", "k", None, "v"), "info", None, 3, "", 0),
    Operation(5, 6, "c1", 2, ("get", "käse\u2028"), "ok", "日本", 1, "n1", 1),
    Message(6, 5, "n1", "n2", "AppendEntries", "delivered", {"term": 1, "entries": [[1, ["put", "k", 2]]]}),
    Saved(7, "n1", "HardState", {"current_term": 1, "voted_for": None}),
    Synced(8, "n1", 2), TimerFired(9, "n1", "election"),
    Noted(10, "n1", "vote_refused", {"candidate": "n2", "epoch": 2, "reason": "log is\nolder"}),
    Stalled(11, "n1", 1, 2**53 + 1),
    MembersChanged(11, "n1", ("n1", "n2"), ("n1",), ()),
    Paused(12, "n1"), Resumed(13, "n1"),
    LinksCut(14, (("n1", "n2"), ("n2", "n1"))), LinksHealed(15, ()),
    FaultStarted(16, 0, "crash", ("n1",), "why"),
    FaultEnded(17, 0, "crash", ("n1", "n2")),
    ClockChanged(18, "n1", -5, 0.1),
    EffectJudged(19, "r1", "n1", 1, True, 0),
    Damaged(19, "jobs_run_twice", "r1", "n1", 1, 2, "job 7"),
    DamageTotal(19, "jobs_run_twice", 2),
    BoundMeasured(19, "pause", None, 10**9, 5, "n1"),
    Violated(20, "election_safety", ("n1", "n2"), "both lead in 1", ""),
    ServiceLed(20, "s1", 7),
    ServiceFollowed(20, "s1", 7, "no quorum"),
    Followed(21, "n1", 1, "crashed"),
    Crashed(21, "n1", "crash", False),
    StartRefused(22, "n1", "checksum mismatch"),
    RunEnded(23, "duration"),
]  # fmt: skip

Writer = Callable[[Path, list[Record]], None]
WRITERS: dict[str, Writer] = {"trace.jsonl": write_jsonl, "trace.parquet": write_parquet}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return a file with the sample, as JSON lines."""
    path = tmp_path / "trace.jsonl"
    write_jsonl(path, SAMPLE)
    return path


# Round trips -------------------------------------------------------------------------------------


def test_the_sample_has_every_kind() -> None:
    """A new kind of record must be added above."""
    assert set(BY_KIND.values()) == {type(record) for record in SAMPLE}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_record_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    """Equal records, tuples as tuples, numbers to the last digit."""
    path = tmp_path / "new" / "directory" / name
    WRITERS[name](path, SAMPLE)

    assert read(path) == SAMPLE
    assert [name] == [entry.name for entry in path.parent.iterdir()]


@pytest.mark.parametrize("name", WRITERS)
def test_records_are_written_in_order_of_time(tmp_path: Path, name: str) -> None:
    """`run_started` first and `run_ended` last, simultaneous ones in the order given."""
    first, *middle, last = SAMPLE
    WRITERS[name](tmp_path / name, [last, *middle[10:], *middle[:10], first])

    records = read(tmp_path / name)
    assert sorted(records, key=lambda record: record.at_ns) == records
    assert in_order([last, *middle, first]) == records
    assert (type(records[0]), type(records[-1])) == (RunStarted, RunEnded)


def test_the_first_line_says_what_the_file_is_and_each_record_has_its_kind(written: Path) -> None:
    """Versioned JSON lines, one object a line."""
    header, *lines = written.read_text("utf-8").splitlines()

    assert json.loads(header) == {"format": FORMAT, "version": VERSION}
    kinds = [json.loads(line)["kind"] for line in lines]
    assert sorted(BY_KIND) == sorted(set(kinds))
    assert "links_cut" in kinds


def test_parquet_has_columns_for_tools_that_read_tables(tmp_path: Path) -> None:
    """Time, kind, node ("" where there is none) and the record as JSON."""
    import pyarrow.parquet as pq

    write_parquet(tmp_path / "t.parquet", SAMPLE)
    table = pq.read_table(tmp_path / "t.parquet")

    assert table.column_names == ["at_ns", "kind", "node", "record"]
    rows = table.to_pylist()
    assert [record.at_ns for record in SAMPLE] == [row["at_ns"] for row in rows]
    assert [getattr(record, "node", "") for record in SAMPLE] == [row["node"] for row in rows]
    assert [row["kind"] for row in rows] == [json.loads(row["record"])["kind"] for row in rows]


# Damage ------------------------------------------------------------------------------------------


def _error(path: Path) -> str:
    with pytest.raises(TraceError) as caught:
        read(path)
    return str(caught.value)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("kept", [1, 2, 15, len(SAMPLE)])
def test_a_file_that_ends_after_a_whole_line_is_truncated(written: Path, kept: int) -> None:
    """The last record must be `run_ended`."""
    written.write_bytes(b"".join(_lines(written)[:kept]))

    assert f"{written}: truncated: the last record is not run_ended" == _error(written)


@pytest.mark.parametrize("lost", [3, 10])
def test_a_file_that_ends_within_a_line_names_it(written: Path, lost: int) -> None:
    """The line that cannot be parsed."""
    written.write_bytes(written.read_bytes()[:-lost])

    assert _error(written).startswith(f"{written}:{len(SAMPLE) + 1}: not a record: ")


DAMAGE = {
    "no JSON": (b"{at_ns: 1}", "not a record: "),
    "no UTF-8": (b'{"at_ns":1,"node":"\xff\xfe","kind":"paused"}', "not a record: "),
    "a bomb": (b"[" * 100_000, "not a record: "),
    "no object": (b"[1, 2]", "unknown kind of record"),
    "an unknown kind": (b'{"kind":"exploded","at_ns":1}', "unknown kind of record"),
    "a kind that is no text": (b'{"kind":["paused"],"at_ns":1}', "unknown kind of record"),
    "no kind": (b'{"at_ns":1,"node":"n1"}', "unknown kind of record"),
    "a field missing": (
        b'{"kind":"paused","at_ns":1}',
        "Paused has fields ['at_ns', 'node'], found ['at_ns']",
    ),
    "a field too many": (
        b'{"kind":"run_ended","at_ns":1,"reason":"x","so":1}',
        "RunEnded has fields ['at_ns', 'reason'], found ['at_ns', 'reason', 'so']",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_is_named(written: Path, damage: str) -> None:
    """File and line, and what is wrong with it."""
    line, message = DAMAGE[damage]
    lines = _lines(written)
    lines[6] = line + b"\n"
    written.write_bytes(b"".join(lines))

    assert _error(written).startswith(f"{written}:7: {message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: not a record: "),
        (b"PK\x03\x04\xff\xff\n", ":1: not a record: "),
        (b"[]\n", ":1: not a leadersim trace"),
        (b'{"kind":"run_started"}\n', ":1: not a leadersim trace"),
        (b'{"format":"leadersim-trace","version":2}\n', ":1: trace version 2; this reader knows 1"),
        (b'{"format":"leadersim-trace"}\n', ":1: trace version None; this reader knows 1"),
    ],
)
def test_a_file_that_is_no_trace_or_newer_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """One line, which says so."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)

    assert _error(path).startswith(f"{path}{message}")


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet"])
def test_a_file_that_is_not_there_is_a_user_error(tmp_path: Path, name: str) -> None:
    """Not a traceback."""
    assert "No such file" in _error(tmp_path / name)


def _parquet(path: Path, metadata: dict[str, str] | None, **columns: list[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns, metadata=metadata), path)


@pytest.mark.parametrize(
    ("metadata", "columns", "message"),
    [
        (None, {"x": [1]}, ":1: not a leadersim trace"),
        ({"format": FORMAT, "version": "2"}, {"record": ["{}"]}, ":1: trace version 2; this reader knows 1"),
        ({"format": FORMAT, "version": "two"}, {"record": ["{}"]}, ":1: trace version two"),
        ({"format": FORMAT, "version": "1"}, {"x": [1]}, ":1: no column `record`"),
        ({"format": FORMAT, "version": "1"}, {"record": ["{}", "{"]}, ":2: not a record: "),
        ({"format": FORMAT, "version": "1"}, {"record": [None, "{}"]}, ":1: not a record: "),
        ({"format": FORMAT, "version": "1"}, {"record": ["{}"]}, ":1: unknown kind of record"),
    ],
)
def test_a_parquet_file_that_is_no_trace_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None, columns: dict[str, list[Any]], message: str
) -> None:
    """As JSON lines are; the line is the number of the record."""
    path = tmp_path / "x.parquet"
    _parquet(path, metadata, **columns)

    assert _error(path).startswith(f"{path}{message}")


@pytest.mark.parametrize("kept", [0, 3, 100, -10])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, kept: int) -> None:
    """One line which names the file."""
    path = tmp_path / "x.parquet"
    write_parquet(path, SAMPLE)
    path.write_bytes(path.read_bytes()[:kept])

    assert str(path) in _error(path)


# Writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_directory_that_cannot_be_written_is_one_user_error(tmp_path: Path, name: str, below: str) -> None:
    """Here: it is a file."""
    obstacle = tmp_path / "file"
    obstacle.write_text("I am not a directory")
    path = obstacle / below / name

    with pytest.raises(UserError) as caught:
        WRITERS[name](path, SAMPLE)
    assert str(caught.value).startswith(f"cannot write {path}: ")
    assert "\n" not in str(caught.value)


def test_a_target_that_is_a_directory_is_one_user_error(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    (tmp_path / "trace.jsonl").mkdir()

    with pytest.raises(UserError, match="cannot write"):
        write_jsonl(tmp_path / "trace.jsonl", SAMPLE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace.jsonl"]
