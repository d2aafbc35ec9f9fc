"""The program as a shell sees it: processes, pipes and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOY = """\
schema: 1
name: toy
about: The leader is killed.
duration: 2s
protocol: {name: raft, nodes: 3}
faults:
  - {at: 1s, crash: leader}
reach: [leader_changes >= 1]
expect:
  split_brain.same_epoch: 0
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a scenario of two seconds."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return path


def environment(**more: str) -> dict[str, str]:
    """Return the environment without what would change the looks."""
    dropped = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PYTHONPATH": str(ROOT)} | more


def leadersim(*arguments: str | Path, folder: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


LOADED = """
import sys
from sim.cli import status
code = status(sys.argv[1:])
heavy = {"simpy", "numpy", "pydantic", "yaml", "rich", "pandas", "scipy", "pyarrow", "matplotlib", "click"}
print("loaded:", *sorted(heavy & set(sys.modules)))
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["-h"], ["--version"], ["check", "-h"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """`--help` must be there within 0.3 s: click alone is imported, none of what takes longer."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "loaded: click"


def test_version_names_what_decides_a_run() -> None:
    """A digest holds for one version of each."""
    python = ".".join(map(str, sys.version_info[:3]))
    names = [part.split()[0] for part in leadersim("--version").stdout.split(", ")]

    assert names == ["leadersim", "Python", "simpy", "numpy"]
    assert f"Python {python}" in leadersim("--version").stdout


def test_run_prints_lanes_metrics_and_verdict(toy: Path) -> None:
    """One run of a real engine, piped: no colour, no message on stderr, 80 columns."""
    done = leadersim("run", toy)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    lanes = [line[8:] for line in lines if line[:2] in ("n1", "n2", "n3")]
    assert sum("\u00d7" in lane for lane in lanes) == 1
    assert sum("█" in lane for lane in lanes) == 2
    assert lines[-2] == "PASS"
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout


def test_json_and_files_agree(toy: Path, tmp_path: Path) -> None:
    """What is written with --out is what --json prints, whatever the trace level; no file is half there."""
    out = tmp_path / "out"
    done = leadersim("run", toy, "--json", "--out", out, "--trace", "full", "--seed", "3")

    printed = json.loads(done.stdout)
    written = json.loads((out / "result.json").read_text())
    assert set(written) - set(printed) == {
        "about", "drawn", "leadersim", "level", "replay", "sums",
    }  # fmt: skip
    assert printed == {name: written[name] for name in printed}
    assert printed["digest"] == json.loads(leadersim("run", toy, "--json", "--seed", "3").stdout)["digest"]
    assert [path.name for path in out.iterdir() if path.name.endswith(".part")] == []


def test_replay_command_replays(toy: Path) -> None:
    """The command that a failure prints gives the same digest, quotes and overrides included."""
    failed = leadersim("run", toy, "--json", "--seed", "5", "--set", "expect={violations: 3}")
    assert failed.returncode == 1
    command = failed.stderr.splitlines()[-1].removeprefix("replay: leadersim ")
    script = f"exec '{sys.executable}' -m sim {command} --json"
    again = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )

    assert (again.returncode, again.stdout) == (1, failed.stdout)


def test_missing_file_empty_directory_and_unknown_protocol(toy: Path, tmp_path: Path) -> None:
    """One line each, 2, and nothing on stdout."""
    empty = tmp_path / "empty"
    empty.mkdir()
    cases: list[tuple[list[str | Path], str]] = [
        (["run", tmp_path / "no.yaml"], "neither a file nor a shipped scenario"),
        (["run", empty], "a directory without scenarios"),
        (["run", toy, "--protocol", "rafft"], "did you mean 'raft'?"),
        (["check", empty], "a directory without scenarios"),
    ]
    for arguments, message in cases:
        done = leadersim(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert message in done.stderr


def test_reader_that_stops_ends_the_program_silently(toy: Path) -> None:
    """`leadersim run ... | head -1` prints its line, and neither traceback nor message."""
    script = f"'{sys.executable}' -m sim run '{toy}' --seeds 0..30 | head -1"
    done = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )

    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_closed_pipe_keeps_the_verdict(toy: Path) -> None:
    """Who reads nothing still learns from the exit code that the run failed."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", str(toy), "--set", "expect={violations: 3}"],
        cwd=ROOT, env=environment(), stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


def test_interrupt_ends_with_what_is_done(toy: Path) -> None:
    """Ctrl-C in a long campaign: whole lines, one message, 130."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", "run", str(toy), "--seeds", "0..99999", "--json"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)

    runs = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert [run["seed"] for run in runs] == list(range(len(runs)))
    assert err == f"leadersim: interrupted: {len(runs)} of 100000 runs finished\n"
    assert process.returncode == 130


def test_terminal_without_the_symbols_gets_others(toy: Path) -> None:
    """An ASCII terminal shows ASCII; text that it cannot show does not crash it."""
    done = leadersim("run", toy, "--set", "about=Führer\u2014los", PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "F?hrer?los" in done.stdout


def test_shell_completion_answers(tmp_path: Path) -> None:
    """As bash asks: the words so far, and which of them is to be completed."""
    asked = {"COMP_WORDS": "leadersim run --protocol ra", "COMP_CWORD": "3"}
    done = leadersim(folder=tmp_path, _LEADERSIM_COMPLETE="bash_complete", **asked)

    assert (done.returncode, done.stdout) == (0, "plain,raft\n")


def test_schema_is_json() -> None:
    """An editor reads it."""
    found = json.loads(leadersim("schema").stdout)

    assert found["$schema"].startswith("https://json-schema.org/")
    assert {"protocol", "faults", "expect"} <= set(found["properties"])


def test_shipped_scenarios_are_listed_by_names_that_can_be_run() -> None:
    """Both the short name and the one with its folder."""
    listed = json.loads(leadersim("scenarios", "--json").stdout)
    (found,) = [each for each in listed if each["name"] == "leader-crash"]

    assert found["library"] == "basics/leader-crash"
    checked = leadersim("check", found["name"], found["library"])
    assert (checked.returncode, checked.stdout) == (0, f"{found['file']}: ok\n")
