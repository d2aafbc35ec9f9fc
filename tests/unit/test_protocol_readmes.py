"""The tables of the protocols' READMEs name what exists, and Raft's has all its switches."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from protocols.raft.parameters import CORE, RaftParameters

ROOT = Path(__file__).parents[2]
READMES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "protocols").rglob("README.md"))
RAFT = "protocols/raft/README.md"
Row = dict[str, str]


def rows(text: str) -> Iterator[Row]:
    """Yield the rows of the tables that have functions and tests, by column."""
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells:
            columns = []
        elif not columns:
            columns = [cell.partition(" ")[0] for cell in cells]
        elif "function" in columns and not line.startswith("|-"):
            yield dict(zip(columns, cells, strict=True))


def quoted(cell: str) -> list[str]:
    """Return the names in backquotes."""
    return re.findall(r"`([A-Za-z_][\w.]*)`", cell)


@cache
def _defined() -> frozenset[str]:
    """Return what protocols define: functions, classes and methods, alone and with what they are part of."""
    names: set[str] = set()
    for path in (ROOT / "protocols").rglob("*.py"):
        for owner, name in _definitions(path):
            names |= {name, f"{owner}.{name}"}
    return frozenset(names)


def _definitions(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, each.name) for each in node.body if isinstance(each, ast.FunctionDef))
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield path.stem, node.name


@cache
def _tests() -> frozenset[str]:
    """Return the names of all tests."""
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    return frozenset(name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE))


def unknown(row: Row) -> list[str]:
    """Return which functions and tests a row names although they do not exist."""
    functions, tests = quoted(row["function"]), quoted(row["test"])
    return [*(n for n in functions if n not in _defined()), *(n for n in tests if n not in _tests())]


def incomplete(row: Row) -> bool:
    """Return whether a row lacks a rule, its source, a function or a test."""
    filled = all(cell for column, cell in row.items() if column != "switch")
    return not (filled and quoted(row["function"]) and quoted(row["test"]))


@pytest.mark.parametrize("readme", READMES)
def test_rules_name_functions_and_tests_that_exist(readme: str) -> None:
    """Whatever was renamed since."""
    text = (ROOT / readme).read_text("utf-8")

    assert [name for row in rows(text) for name in unknown(row)] == []


def test_each_rule_of_raft_names_its_source_its_functions_and_its_tests() -> None:
    """The rules of the paper, those of the switches, and those of a service."""
    found = list(rows((ROOT / RAFT).read_text("utf-8")))

    assert [row["rule"] for row in found if incomplete(row)] == []
    assert len(found) > 60


def test_each_switch_of_raft_has_a_row() -> None:
    """Everything in the protocol block of a scenario but the parameters of the core."""
    switches = {each.name for each in fields(RaftParameters)} - set(CORE) | {"clock_drift_bound"}
    listed = [row.get("switch", "") for row in rows((ROOT / RAFT).read_text("utf-8"))]

    assert {name for cell in listed for name in re.findall(r"`(\w+)", cell)} == switches


def test_a_row_that_is_wrong_is_found() -> None:
    """Each kind of mistake, in a table of the same form."""
    table = """
| switch | rule | source | function | test |
|---|---|---|---|---|
| `x` | renamed | §1 | `Timing._gone`, `Timing._prefer`, `_prefer` | `test_gone` |
| | no source | | `Timing._prefer` | `test_swarm_is_a_function_of_its_seed` |
| | no function | §1 | by chance | `test_swarm_is_a_function_of_its_seed` |
| | no test | §1 | `Timing._prefer` | later |
"""
    found = list(rows(table))

    assert [unknown(row) for row in found] == [["Timing._gone", "test_gone"], [], [], []]
    assert [incomplete(row) for row in found] == [False, True, True, True]
