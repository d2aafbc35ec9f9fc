"""What `make matrix` installs and how it judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix import NOT_FOR_A_RUN, differing, judge, requirements, table, works
from tests.unit.test_repository_architecture import PYPROJECT

SAME = {"3.11 oldest": {"crash": "aaaa", "cut": "bbbb"}, "3.13 newest": {"crash": "aaaa", "cut": "bbbb"}}
DIFFERENT = {"3.11 oldest": {"crash": "aaaa", "cut": "bbbb"}, "3.13 newest": {"crash": "aaaa", "cut": "cccc"}}
MISSING = {"3.11 oldest": {"crash": "aaaa", "cut": "bbbb"}, "3.13 newest": {"crash": "aaaa"}}


@pytest.mark.parametrize(("found", "expected"), [(SAME, []), (DIFFERENT, ["cut"]), (MISSING, ["cut"])])
def test_scenario_without_the_same_digest_everywhere_is_named(
    found: dict[str, dict[str, str]], expected: list[str]
) -> None:
    """A digest that is missing in one environment is a difference too."""
    assert differing(found) == expected


@pytest.mark.parametrize(
    ("found", "code"),
    [(SAME, 0), (DIFFERENT, 1), (MISSING, 1), ({"3.11 oldest": {"crash": "a"}}, 1), ({}, 1)],
)
def test_only_an_agreement_of_several_is_success(found: dict[str, dict[str, str]], code: int) -> None:
    """One environment alone, or none, has shown nothing."""
    assert judge(found) == code


def test_environments_that_ran_nothing_have_shown_nothing() -> None:
    """All scenarios failing alike is no agreement."""
    assert judge({"3.11 oldest": {}, "3.13 newest": {}}) == 1


def test_table_marks_what_differs() -> None:
    """One line per scenario, in order of name."""
    assert table(DIFFERENT) == (
        "scenario  3.11 oldest   3.13 newest\n"
        "crash     aaaa          aaaa          same\n"
        "cut       bbbb          cccc          DIFFERENT"
    )


@pytest.mark.parametrize(("minor", "numpy"), [("3.11", "1.26.4"), ("3.12", "1.26.4"), ("3.13", "2.1")])
def test_oldest_is_the_lower_bound_for_that_python(minor: str, numpy: str) -> None:
    """numpy has no 1.x wheels for CPython 3.13, so that pyproject.toml has two bounds."""
    found = dict(
        pin.split("==") for pin in requirements(PYPROJECT["project"]["dependencies"], minor, "oldest")
    )

    assert found["numpy"] == numpy
    assert NOT_FOR_A_RUN.isdisjoint(found)


def test_newest_is_not_pinned() -> None:
    """pip takes the newest that it finds."""
    assert requirements(["simpy>=4.1.1", "pandas>=2"], "3.12", "newest") == ["simpy"]


def test_interpreter_that_only_pretends_is_left_out(tmp_path: Path) -> None:
    """pyenv's shims exist for versions that are not active, and then fail."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)

    assert not works(shim, "3.12")
