"""`make` says what it can do, and in one line what it lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.repository_rules import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

NO_PYTHON = "leadersim needs Python 3.11 or newer, and there is no python9: apt install python3 python3-venv"
OLD_PYTHON = "leadersim needs Python 3.11 or newer, and {python} is older: try make PYTHON=python3.13"
NO_VENV = "leadersim needs Python's venv: apt install python3-venv"


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make without the options that an outer make passes on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def fake_python(folder: Path, is_old: int, lacks_venv: int) -> Path:
    """Write a python3 that answers the Makefile's two questions with these exit codes."""
    script = f"""#!/bin/sh
case "$2" in
  *version_info*) exit {is_old};;
  *ensurepip*) echo 'ModuleNotFoundError' >&2; exit {lacks_venv};;
esac
echo 'unexpected' >&2; exit 9
"""
    path = folder / "python3"
    path.write_text(script)
    path.chmod(0o755)
    return path


def complaint(folder: Path, python: str) -> list[str]:
    """Return what `make setup` prints in a fresh clone, without make's own closing line."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    done = make(folder, "setup", f"PYTHON={python}")
    assert done.returncode == 2
    assert not (folder / ".venv").exists()
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make: ***")]


def test_make_alone_lists_every_target() -> None:
    """A target without a description would be invisible."""
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    listed = [line.split()[1] for line in make(ROOT).stdout.splitlines()]

    assert declared is not None
    assert listed == declared[1].split()


def test_missing_python_is_named_in_one_line(tmp_path: Path) -> None:
    """With the command that installs it."""
    assert complaint(tmp_path, "python9") == [NO_PYTHON]


def test_old_python_is_named_in_one_line(tmp_path: Path) -> None:
    """Debian 11 and Ubuntu 22.04 have an older python3."""
    python = fake_python(tmp_path, is_old=1, lacks_venv=0)

    assert complaint(tmp_path, str(python)) == [OLD_PYTHON.format(python=python)]


def test_missing_venv_is_named_in_one_line(tmp_path: Path) -> None:
    """Debian's python3 has venv but no ensurepip until python3-venv is installed."""
    python = fake_python(tmp_path, is_old=0, lacks_venv=1)

    assert complaint(tmp_path, str(python)) == [NO_VENV]
