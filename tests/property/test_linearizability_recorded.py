"""Recorded histories whose verdicts are known: of a real etcd under Jepsen, and of key-value stores."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from analysis.linearizability import History, check, read_histories

FOLDER = Path(__file__).parents[2].parent / "shared" / "reference" / "histories"
FILES = ("unit_cases.jsonl", "porcupine.jsonl")


@cache
def recorded(name: str) -> tuple[History, ...]:
    """Return the histories of a file; the test is skipped where there is none."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the recorded histories ({name}) are not here; they are not part of the repository")
    return tuple(line.history for line in read_histories(path.read_text("utf-8").splitlines(), name))


@pytest.mark.parametrize("name", FILES)
def test_verdicts_are_those_that_others_found(name: str) -> None:
    """Every verdict is the known one (porcupine's own tests, github.com/anishathalye/porcupine)."""
    expected = {history.id: history.linearizable for history in recorded(name)}
    found = {history.id: check(history).verdict for history in recorded(name)}

    assert found == {name: "linearizable" if known else "not" for name, known in expected.items()}


def test_files_hold_both_verdicts() -> None:
    """A file in which all is well would compare little."""
    known = [history.linearizable for history in recorded("porcupine.jsonl")]

    assert {*known} == {True, False}
