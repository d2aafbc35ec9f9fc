"""Scenarios are found by path, by directory, and by the name of a shipped one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import find, library
from sim.scenario.finding import folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of three scenarios in place of the real one, as in an installed package."""
    root = tmp_path / "sim" / "_scenarios"
    for name in ("basics/leader-crash.yaml", "basics/two.yaml", "wan/two.yaml", "basics/notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("schema: 1\n", encoding="utf-8")
    (root / "scenario.schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("sim.scenario.finding._SIM", tmp_path / "sim")
    monkeypatch.chdir(tmp_path)
    return root


def test_the_library_is_in_the_package_or_in_the_repository(shipped: Path) -> None:
    """An installed package carries its scenarios inside; only YAML files count."""
    assert folder() == shipped
    assert library() == [
        shipped / name for name in ("basics/leader-crash.yaml", "basics/two.yaml", "wan/two.yaml")
    ]


def test_the_repository_has_its_scenarios_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder inside the package, the one beside it is meant."""
    monkeypatch.setattr("sim.scenario.finding._SIM", tmp_path / "sim")

    assert folder() == tmp_path / "scenarios"


@pytest.mark.parametrize("name", ["basics/leader-crash", "leader-crash"])
def test_a_shipped_scenario_by_name(name: str, shipped: Path) -> None:
    """With or without its folder."""
    assert find([name]) == [shipped / "basics/leader-crash.yaml"]


def test_a_shipped_folder_by_name(shipped: Path) -> None:
    """All scenarios of a folder, sorted."""
    assert find(["basics"]) == [shipped / "basics/leader-crash.yaml", shipped / "basics/two.yaml"]


def test_files_and_directories(shipped: Path, tmp_path: Path) -> None:
    """In the order given, each once; hidden folders are left out; a file wins over a shipped name."""
    for name in ("a/x.yaml", "a/b/y.yaml", "a/.cache/z.yaml", "leader-crash"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")

    assert find(["a/x.yaml", "a", "leader-crash"]) == [
        Path("a/x.yaml"),
        Path("a/b/y.yaml"),
        Path("leader-crash"),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "empty:1:1: is a directory without scenarios (*.yaml)"),
        (
            "leader-crush",
            "leader-crush:1:1: is neither a file nor a shipped scenario; did you mean 'leader-crash'?",
        ),
        ("two", "two:1:1: may be one of basics/two, wan/two"),
    ],
)
def test_what_is_not_there(name: str, message: str, shipped: Path, tmp_path: Path) -> None:
    """A directory without scenarios and a name that means nothing, or two things, are the user's mistakes."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(ScenarioError) as refused:
        find([name])

    assert str(refused.value) == message


def test_every_missing_path_is_reported(shipped: Path) -> None:
    """All of them at once."""
    with pytest.raises(ScenarioError) as refused:
        find(["nothing-like-it-1", "leader-crash", "nothing-like-it-2"])

    assert [each.file for each in refused.value.problems] == ["nothing-like-it-1", "nothing-like-it-2"]
