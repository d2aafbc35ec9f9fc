"""Files of histories and conventions as text: what is read, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis.linearizability import (
    KNOSSOS,
    PORCUPINE,
    Conventions,
    History,
    HistoryError,
    Operation,
    conventions_from,
    read_histories,
)

OP: dict[str, Any] = {
    "proc": 1, "f": "read", "arg": None, "ret": 3, "status": "ok", "call": 0, "end": 1
}  # fmt: skip
LINE: dict[str, Any] = {"id": "h", "model": "register", "init": 0, "linearizable": True, "ops": [OP]}


def test_line_is_read_as_it_stands() -> None:
    """Empty lines are skipped but counted, and what is not known is left alone."""
    text = json.dumps(LINE | {"notes": "more", "ops": [OP | {"key": "k"}]})
    (line,) = read_histories(["\n", text], "f.jsonl")

    expected = Operation(1, "read", None, 3, "ok", 0, 1, "k")
    assert (line.number, line.history) == (2, History("h", "register", (expected,), 0, True))


def test_line_without_id_and_verdict_is_named_by_its_number() -> None:
    """Nobody has to know the verdict, and a history need not have a name."""
    (line,) = read_histories([json.dumps({"model": "set", "ops": []})], "f.jsonl")

    assert line.history == History("line 1", "set", (), None, None)


def test_model_can_be_replaced() -> None:
    """A register's history is one of a register with compare-and-set too."""
    (line,) = read_histories([json.dumps(LINE)], "f.jsonl", model="cas-register")

    assert line.history.model == "cas-register"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "found a list, expected an object"),
        ("3", "found a number, expected an object"),
        (json.dumps({"ops": []}), "model: missing"),
        (
            json.dumps(LINE | {"model": "queue"}),
            "model: found 'queue', expected one of register, cas-register, kv-append, mutex, set",
        ),
        (json.dumps(LINE | {"ops": {}}), "ops: found {}, expected a list"),
        (json.dumps(LINE | {"linearizable": 1}), "linearizable: found 1, expected true or false or null"),
        (json.dumps(LINE | {"ops": [OP, 3]}), "ops.1: found a number, expected an object"),
        (
            json.dumps(LINE | {"ops": [OP | {"f": "cas"}]}),
            "ops.0: f: found 'cas', expected one of read, write",
        ),
        (json.dumps(LINE | {"ops": [OP | {"call": "0"}]}), "ops.0: call: found '0', expected a whole number"),
        (
            json.dumps(LINE | {"ops": [OP | {"call": True}]}),
            "ops.0: call: found True, expected a whole number",
        ),
        (json.dumps(LINE | {"ops": [OP | {"call": 2}]}), "ops.0: end: found 1, expected at least call, 2"),
        (
            json.dumps(LINE | {"ops": [OP | {"end": None}]}),
            "ops.0: end: found null, expected a position, since status is 'ok'",
        ),
        (
            json.dumps(LINE | {"ops": [OP | {"status": "done"}]}),
            "ops.0: status: found 'done', expected one of ok, pending, unknown, fail",
        ),
        (
            json.dumps(LINE | {"model": "mutex", "init": 5, "ops": []}),
            "init: found 5, expected true (held), false or null",
        ),
    ],
)
def test_bad_line_is_refused_with_its_place(text: str, message: str) -> None:
    """One line: the file, the line, the path in it, what was found and what was expected."""
    with pytest.raises(HistoryError) as refused:
        read_histories([json.dumps(LINE), text], "f.jsonl")

    assert str(refused.value) == f"f.jsonl:2: {message}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PORCUPINE),
        ("porcupine", PORCUPINE),
        ("knossos", KNOSSOS),
        ("knossos,failed=observed", Conventions(nil_reads="legal")),
        ("failed=dropped, nil-reads=legal", KNOSSOS),
        ("unknown=interval,initial=[1,2]", Conventions(unknown="interval", initial=[1, 2])),
        ("knossos,initial=null", Conventions(failed="dropped", nil_reads="legal", initial=None)),
    ],
)
def test_conventions_are_read(text: str, expected: Conventions) -> None:
    """Presets and choices, the later over the earlier."""
    assert conventions_from(text) == expected


@pytest.mark.parametrize(
    "text", ["jepsen", "failed", "failed=maybe", "nil_reads=legal", "initial=", "initial=x", "knossos=1"]
)
def test_unknown_convention_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(HistoryError, match=r"^conventions: "):
        conventions_from(text)
