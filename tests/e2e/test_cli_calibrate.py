"""`leadersim calibrate` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli import status
from sim.cli.exits import Exit


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; return exit code, stdout, stderr."""
    code = status(["calibrate", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_list_names_the_experiments(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--list")

    assert code == Exit.PASS
    assert [line.split()[0] for line in out.splitlines()][:3] == ["split-votes", "availsim", "raft-figure-16"]


@pytest.mark.slow
def test_quick_calibration_passes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every experiment, with few trials and fixed seeds, and a picture of each."""
    code, out, err = call(capsys, "--quick", "--json", "--out", str(tmp_path))
    rows = [json.loads(line) for line in out.splitlines()]

    assert code == Exit.PASS, [row for row in rows if row["verdict"] == "miss"]
    assert {"experiment", "published", "simulated", "confidence_interval", "verdict", "source"} <= set(
        rows[0]
    )
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted({row["experiment"] for row in rows})
    assert err.count("wrote ") == len({row["experiment"] for row in rows})


def test_one_experiment_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "no-randomness", "--quick", "--jobs", "1")
    header, row = out.splitlines()[:2]

    assert code == Exit.PASS
    assert header.split()[:4] == ["experiment", "series", "published", "simulated"]
    assert "pass" in row
    assert "Raft §9.3" in row


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing-of-the-kind"], "unknown experiment 'nothing-of-the-kind'"),
        (["--data", "x.csv"], "--data goes with --against real"),
        (["--against", "real", "--data", "none.csv"], "none.csv: No such file or directory"),
    ],
)
def test_wrong_arguments_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out, err = call(capsys, *arguments)

    assert (code, out) == (Exit.BAD_INPUT, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_picture_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, err = call(capsys, "no-randomness", "--quick", "--out", str(tmp_path / "file" / "x"))

    assert code == Exit.BAD_INPUT
    assert "Not a directory" in err


def test_measured_systems_are_listed_with_their_faults() -> None:
    """As a process of its own: what stands in the table that comes with leadersim."""
    command = [sys.executable, "-m", "sim", "calibrate", "--against", "real", "--list"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "e3_default_b            etcd 3.4.23, kill -9 leader" in found.splitlines()
