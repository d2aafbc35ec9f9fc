"""Exports: each is read back by the rules of its format."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analysis.examples import nothing_happened, two_leaders
from analysis.exports import EXPORTS, to_mermaid, to_ndjson, to_perfetto, to_shiviz
from analysis.exports.shiviz import PARSER
from sim.cli import status
from sim.cli.export import FORMATS
from sim.errors import UserError
from sim.result import Result
from sim.run import run

MS = 10**6


@pytest.fixture(scope="module")
def result() -> Result:
    """Return a second of a cluster under commands, with a crash."""
    settings = [
        "duration=1s",
        "faults.0.at=500ms",
        "faults.1.at=900ms",
        "workload.rate=10/s",
        "network.loss=5%",
    ]
    return run("leader-crash", trace="full", overrides=settings)


def test_shiviz_log_is_read_by_its_own_first_line(result: Result) -> None:
    """Each host's own entry begins at 1 and grows by one; a receipt knows all that its sending knew."""
    lines = to_shiviz(result).split("\n")
    assert (lines[0], lines[1]) == (PARSER, "")
    python = re.compile(PARSER.replace("(?<", "(?P<"))
    found = list(python.finditer("\n".join(lines[2:])))
    assert len(found) == (len(lines) - 3) // 2

    own: dict[str, int] = {}
    sent: dict[str, list[dict[str, int]]] = {}
    for each in found:
        host, clock = each["host"], json.loads(each["clock"])
        own[host] = own.get(host, 0) + 1
        assert clock[host] == own[host]
        match each["event"].split():
            case [_, "send", name, "to", peer]:
                sent.setdefault(f"{host} {peer} {name}", []).append(clock)
            case [_, "receive", name, "from", peer]:
                assert any(
                    all(clock.get(other, 0) >= count for other, count in before.items())
                    for before in sent[f"{peer} {host} {name}"]
                )
    assert {"n1", "n2", "n3", "n4", "n5", "c1", "c2"} == set(own)


def test_perfetto_trace_keeps_the_rules_of_the_format(result: Result) -> None:
    """Every event has its fields; arrows come in pairs; slices of a thread nest or do not touch."""
    told = json.loads(to_perfetto(result))
    events: list[dict[str, Any]] = told["traceEvents"]

    assert {each["ph"] for each in events} == {"M", "X", "i", "s", "f"}
    assert all({"name", "pid"} <= set(each) for each in events)
    begun = {each["id"]: each["ts"] for each in events if each["ph"] == "s"}
    ended = {each["id"]: each["ts"] for each in events if each["ph"] == "f"}
    assert set(ended) < set(begun)  # some were lost
    assert all(begun[number] <= at for number, at in ended.items())
    threads: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for each in events:
        if each["ph"] == "X":
            threads.setdefault((each["pid"], each["tid"]), []).append((each["ts"], each["dur"]))
    for slices in threads.values():
        ends: list[float] = []
        for at, length in sorted(slices, key=lambda each: (each[0], -each[1])):
            while ends and ends[-1] <= at + 1e-6:
                ends.pop()
            assert not ends or at + length <= ends[-1] + 1e-6
            ends.append(at + length)


MERMAID = re.compile(
    r"sequenceDiagram|    participant p\d+ as [^;#:<>\n]+"
    r"|    p\d+(->>|-x)p\d+: [^;#:<>\n]+|    Note over p\d+: [^;#:<>\n]+"
)


def test_mermaid_lines_are_of_the_grammar(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Participants, messages, notes, and no more; a window that is too large is refused."""
    text = to_mermaid(result, 500 * MS, 700 * MS)

    assert [line for line in text.splitlines() if not MERMAID.fullmatch(line)] == []
    assert "-x" in to_mermaid(two_leaders())
    assert "Note over p1: led, epoch 2 at 5.250000 s" in to_mermaid(two_leaders())
    monkeypatch.setattr("analysis.exports.mermaid.MOST", 10)
    with pytest.raises(UserError, match="messages; a sequence diagram holds 10: narrow it with --from"):
        to_mermaid(result)


def test_ndjson_has_every_event_once_in_order(result: Result) -> None:
    """Sendings before arrivals, numbers from 0, all nodes."""
    told = [json.loads(line) for line in to_ndjson(result).splitlines()]

    assert [each["n"] for each in told] == list(range(len(told)))
    assert all(first["at_ns"] <= second["at_ns"] for first, second in pairwise(told))
    sent = [each["message"] for each in told if each["event"] == "send"]
    assert len(sent) == len(set(sent)) == len(result.messages)
    seen: set[int] = set()
    for each in told:
        if each["event"] == "send":
            seen.add(each["message"])
        elif each["event"] in ("receive", "lose"):
            assert each["message"] in seen
    assert {"led", "served", "crashed", "saved", "noted"} <= {each["event"] for each in told}


def test_window_holds_both_its_ends() -> None:
    """Only what happened from 5.2 to 5.25 s: n2's candidacy and its victory."""
    told = [json.loads(line) for line in to_ndjson(two_leaders(), 5200 * MS, 5250 * MS).splitlines()]

    assert [(each["event"], each["node"]) for each in told] == [("campaigned", "n2"), ("led", "n2")]


@pytest.mark.parametrize("name", EXPORTS)
def test_run_without_messages_can_be_exported(name: str) -> None:
    """There is just less in it."""
    assert EXPORTS[name](nothing_happened(), 0, None)


def test_command_writes_what_is_asked_for(
    result: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To stdout or a file; bad windows and formats in a line."""
    result.write(tmp_path)
    assert tuple(EXPORTS) == FORMATS
    assert status(["export", str(tmp_path), "--format", "mermaid", "--from", "500ms", "--to", "600ms"]) == 0
    assert capsys.readouterr().out == to_mermaid(result, 500 * MS, 600 * MS)
    out = tmp_path / "trace.json"
    assert status(["export", str(tmp_path), "--format", "perfetto", "-o", str(out)]) == 0
    assert json.loads(out.read_text())["traceEvents"]
    capsys.readouterr()
    for arguments, said in [
        (["--format", "svg"], "'svg' is not one of"),
        (["--format", "ndjson", "--from", "5"], "--from: "),
        (["--format", "ndjson", "--from", "2s", "--to", "1s"], "the end comes before the beginning"),
    ]:
        assert status(["export", str(tmp_path), *arguments]) == 2
        assert said in capsys.readouterr().err
