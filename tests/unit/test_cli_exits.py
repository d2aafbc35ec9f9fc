"""Every way in which the command line can end has its exit code and its message, on the right stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.cli import engine, status
from sim.cli.exits import WORST_FIRST, Exit, worst
from sim.errors import Problem, ScenarioError, UserError
from sim.result import Result
from tests.unit.cli_fakes import (
    Execute,
    FakeScenario,
    failing,
    inconclusive,
    install,
    passing,
    words,
)

Capture = pytest.CaptureFixture[str]


def explode(scenario: Any, seed: int) -> Result:
    """Fail as a bug of the simulator does."""
    raise ZeroDivisionError("a bug")


def interrupt(scenario: Any, seed: int) -> Result:
    """Be interrupted by the user."""
    raise KeyboardInterrupt


def full_disk(scenario: Any, seed: int) -> Result:
    """Fail for a reason outside the program."""
    raise UserError("cannot write out/x: No space left on device")


def by_seed(*each: Execute) -> Execute:
    """Run seed 0 as the first says, seed 1 as the second, and so on."""
    return lambda scenario, seed: each[seed](scenario, seed)


@pytest.mark.parametrize(
    ("execute", "code"),
    [
        (passing, 0),
        (failing, 1),
        (full_disk, 2),
        (inconclusive, 3),
        (explode, 70),
        (interrupt, 130),
    ],
)
def test_end_of_one_run_decides_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, execute: Execute, code: int
) -> None:
    """DESIGN §6: 0 pass, 1 fail, 2 bad input, 3 inconclusive, 70 our own bug, 130 interrupted."""
    install(monkeypatch, execute)

    assert status(words("run toy")) == code


@pytest.mark.parametrize(
    ("executes", "code"),
    [
        ([passing, inconclusive, passing], 3),
        ([failing, inconclusive], 1),
        ([inconclusive, failing], 1),
        ([failing, explode, passing], 70),
        ([failing, interrupt], 130),
        ([explode, interrupt], 70),
    ],
)
def test_worst_of_several_runs_wins(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, executes: list[Execute], code: int
) -> None:
    """Whatever the order."""
    install(monkeypatch, by_seed(*executes))

    assert status(["run", "toy", "--seeds", f"0..{len(executes) - 1}"]) == code


def test_every_code_has_its_place() -> None:
    """Nothing to compare is a pass."""
    assert sorted(WORST_FIRST) == sorted(Exit)
    assert worst([]) is Exit.PASS
    assert worst([Exit.INCOMPLETE, Exit.INCONCLUSIVE]) is Exit.INCOMPLETE


def test_bug_is_shown_with_its_replay_and_the_rest_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """One bug does not lose a campaign; traceback and replay go to stderr, results to stdout."""
    install(monkeypatch, by_seed(explode, passing))

    assert status(words("run toy --seeds 0..1")) == 70
    out, err = capsys.readouterr()
    assert "ZeroDivisionError: a bug" in err
    assert "please report it" in err
    assert err.splitlines()[-1] == "replay: leadersim run 0-toy.yaml --seed 0"
    assert out.splitlines()[-1] == "2 runs: 1 pass, 1 crashed"


def test_interruption_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The finished runs are on stdout, with their sum; there is no traceback."""
    install(monkeypatch, by_seed(passing, failing, interrupt, passing))

    assert status(words("run toy --seeds 0..3")) == 130
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "4 runs: 1 pass, 1 fail, 2 not run"
    assert err == "leadersim: interrupted: 2 of 4 runs finished\n"


def test_interruption_leaves_whole_json_lines(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """What is done so far can be read by a program."""
    install(monkeypatch, by_seed(passing, interrupt))

    assert status(words("run toy --seeds 0..1 --json")) == 130
    assert [json.loads(line)["seed"] for line in capsys.readouterr().out.splitlines()] == [0]


def test_interruption_outside_a_run_is_one_too(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """While files are looked for, say; click's own code for it would be 1."""

    def find(arguments: object) -> list[Path]:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "find", find)

    assert status(words("run toy")) == 130
    assert capsys.readouterr() == ("", "leadersim: interrupted\n")


def test_bug_outside_a_run_is_a_bug_too(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A crash of the loader is not reported as bad input."""
    monkeypatch.setattr(engine, "find", lambda arguments: 1 / 0)

    assert status(words("run toy")) == 70
    assert "please report it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run toy --seeds 9..3", "found '9..3', which counts down; expected 3..9"),
        ("run toy --seeds 1-3", "found '1-3', expected two whole numbers such as 0..9"),
        ("run toy --seeds 0..99999999999999999999", "found '0..99999999999999999999', expected two"),
        ("run toy --seed x", "found 'x', expected a whole number from 0 to"),
        ("run toy --seed -1", "found '-1', expected a whole number from 0 to"),
        ("run toy --seed 18446744073709551616", "expected a whole number from 0 to 18446744073709551615"),
        ("run toy --seed 1 --seeds 0..3", "--seed and --seeds exclude each other"),
        ("run", "Missing argument"),
        ("run toy --trace loud", "'loud' is not one of"),
        ("rnu toy", "No such command 'rnu'"),
        ("completion tcsh", "'tcsh' is not one of"),
    ],
)
def test_bad_flag_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, arguments: str, message: str
) -> None:
    """Before anything runs, with the help page to turn to."""
    install(monkeypatch, explode)

    assert status(words(arguments)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert "--help)" in err


def test_no_command_shows_the_help_as_an_error(capsys: Capture) -> None:
    """A script that lost its command must not go on."""
    assert status([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: leadersim")


def test_problems_of_all_files_are_shown_and_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """One line each, as file:line:column, in the order of the files; the good file is not run."""
    install(monkeypatch, explode, [FakeScenario("b"), FakeScenario("a"), FakeScenario("good")])

    def load(path: Path, overrides: object = (), protocol: object = None) -> FakeScenario:
        if "good" in path.name:
            return FakeScenario()
        raise ScenarioError([Problem(path.name, 2, 3, "faults.0", "is wrong")])

    monkeypatch.setattr(engine, "load", load)

    assert status(words("run b a good")) == 2
    assert capsys.readouterr() == ("", "0-b.yaml:2:3: faults.0: is wrong\n1-a.yaml:2:3: faults.0: is wrong\n")


def test_unwritable_directory_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    """A file is in the way: one line, and the file is as it was."""
    install(monkeypatch, explode)
    blocked = tmp_path / "file"
    blocked.write_text("mine")

    assert status(["run", "toy", "--out", str(blocked)]) == 2
    assert capsys.readouterr() == ("", f"leadersim: --out {blocked}: cannot be written: File exists\n")
    assert blocked.read_text() == "mine"


def test_two_scenarios_of_one_name_do_not_share_a_directory(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    """Else the second would overwrite the files of the first."""
    install(monkeypatch, explode, [FakeScenario("same"), FakeScenario("same")])

    assert status(["run", "toy", "--out", str(tmp_path)]) == 2
    assert "two scenarios are named same" in capsys.readouterr().err
