"""`leadersim history check` as a shell sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

READ: dict[str, Any] = {
    "proc": 1, "f": "read", "arg": None, "ret": 3, "status": "ok", "call": 0, "end": 1
}  # fmt: skip
GOOD: dict[str, Any] = {"id": "good", "model": "register", "init": 3, "linearizable": True, "ops": [READ]}
BAD: dict[str, Any] = GOOD | {"id": "bad", "init": 4, "linearizable": False}
FAILED_SWAP: dict[str, Any] = {
    "id": "swap", "model": "cas-register", "init": 1, "linearizable": True,
    "ops": [READ | {"f": "cas", "arg": [1, 2], "ret": False}],
}  # fmt: skip
# Two more operations than the search may remember below.
HARD: dict[str, Any] = GOOD | {
    "id": "hard",
    "init": 0,
    "ops": [READ | {"f": "write", "arg": n, "ret": None, "call": n, "end": 10 + n} for n in range(3)],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the histories go."""
    return tmp_path / "histories.jsonl"


def write(file: Path, *lines: dict[str, Any]) -> None:
    """Write the histories, one a line."""
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def checked(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    command = [sys.executable, "-m", "sim", "history", "check", str(file), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_json_is_an_object_per_history(file: Path) -> None:
    """`{id, verdict, seconds}`, and 0 where every verdict is what the line says."""
    write(file, GOOD, BAD)
    done = checked(file, "--json")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["id"], line["verdict"]) for line in lines] == [("good", "linearizable"), ("bad", "not")]
    assert [[*line] for line in lines] == [["id", "verdict", "seconds"]] * 2
    assert all(0 <= line["seconds"] < 60 for line in lines)
    assert (done.returncode, done.stderr) == (0, "")


def test_table_says_what_contradicts(file: Path) -> None:
    """1 if a verdict is not what the line says, whatever the others are."""
    write(file, GOOD, BAD | {"linearizable": True}, GOOD | {"id": "claimed", "linearizable": False})
    done = checked(file)

    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows] == [
        ["id", "verdict"], ["good", "linearizable"], ["bad", "not"], ["claimed", "linearizable"]
    ]  # fmt: skip
    assert [row[3:] for row in rows[1:]] == [
        [], ["the", "file", "says", "linearizable"], ["the", "file", "says", "not"]
    ]  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")


def test_history_that_claims_nothing_contradicts_nothing(file: Path) -> None:
    """The verdict is in the output, not in the exit code."""
    line = {key: value for key, value in BAD.items() if key != "linearizable"}
    write(file, line)
    done = checked(file, "--json")

    assert (json.loads(done.stdout)["verdict"], done.returncode) == ("not", 0)


def test_unknown_is_three_unless_another_contradicts(file: Path) -> None:
    """What is undecided is no pass; what is wrong is worse."""
    write(file, HARD, GOOD)
    done = checked(file, "--configurations", "1")
    assert done.returncode == 3
    assert "out of memory" in done.stdout

    write(file, HARD, BAD | {"linearizable": True})
    assert checked(file, "--configurations", "1").returncode == 1


def test_conventions_and_model_are_options(file: Path) -> None:
    """A failed compare-and-set is impossible here, unless failures are dropped as knossos does."""
    write(file, FAILED_SWAP)
    assert checked(file).returncode == 1
    assert checked(file, "--conventions", "knossos").returncode == 0
    assert checked(file, "--conventions", "initial=5").returncode == 0

    write(file, GOOD | {"ops": [READ, FAILED_SWAP["ops"][0]]})
    assert checked(file).returncode == 2
    assert checked(file, "--model", "cas-register").returncode == 0


def test_explanation_is_drawn_on_stderr(file: Path) -> None:
    """Output stays readable for programs."""
    write(file, BAD)
    done = checked(file, "--json", "--explain")

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines() == [
        "bad: no order explains: process 1, read -> 3 (0 to 1)",
        "process 1  |# read -> 3 #|",
        "before it the object may hold: 4",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("{}\n", [], "{file}:1: model: missing"),
        (json.dumps(GOOD) + "\n{\n", [], "{file}:2: not JSON: "),
        ("\xff", [], "{file}: not UTF-8: "),
        (json.dumps(GOOD), ["--model", "queue"], "{file}:1: model: found 'queue', expected one of "),
        (json.dumps(GOOD), ["--conventions", "jepsen"], "conventions: found 'jepsen', expected "),
        (json.dumps(GOOD), ["--budget", "60"], "--budget: "),
        (json.dumps(GOOD), ["--budget", "0s"], "--budget: "),
        (json.dumps(GOOD), ["--configurations", "0"], "Invalid value for '--configurations'"),
    ],
)
def test_bad_input_is_one_line(file: Path, text: str, options: list[str], message: str) -> None:
    """2, nothing on stdout, and one line that says where and what."""
    file.write_text(text, encoding="latin-1")
    done = checked(file, *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"leadersim: {message}".replace("{file}", str(file)))
    assert done.stderr.count("\n") == 1


def test_missing_file_is_bad_input(file: Path) -> None:
    """As for every other command."""
    done = checked(file)

    assert (done.returncode, done.stderr) == (2, f"leadersim: {file}: No such file or directory\n")
