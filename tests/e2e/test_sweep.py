"""Sweeps as a shell sees them: workers and clients that are killed, directories, and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
TOY = """\
schema: 1
name: toy
about: The leader is killed.
duration: 1s
protocol: {name: raft, nodes: 3}
faults:
  - {at: 500ms, crash: leader}
expect:
  split_brain.same_epoch: 0
"""
TABLES = ("runs", "elections", "incidents", "outages")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a scenario of one second, two milliseconds of work."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return path


def command(*arguments: str | Path) -> list[str]:
    """Return the program and its arguments."""
    return [sys.executable, "-m", "sim", "sweep", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which the packages are found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **more}


def sweep(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        command(*arguments), env=environment(**more), capture_output=True, text=True, timeout=300, check=False
    )


def begin(*arguments: str | Path, **more: str) -> subprocess.Popen[str]:
    """Start the program."""
    return subprocess.Popen(
        command(*arguments), env=environment(**more), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def content(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table, in the order of the parts' names."""
    return {
        table: [
            row
            for path in sorted((folder / table).glob("*.parquet"))
            for row in pq.read_table(path).to_pylist()
        ]
        for table in TABLES
    }


def parts(folder: Path) -> int:
    """Return how many chunks are finished."""
    return len(list((folder / "runs").glob("*.parquet")))


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that are alive."""
    found = subprocess.run(
        ["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "Z" not in line.split()[1]]


def workers(client: int) -> list[int]:
    """Return the worker processes of a sweep: the children of the client's fork server."""
    return [worker for child in children(client) for worker in children(child)]


def wait_until(holds: Any, what: str, process: subprocess.Popen[str], patience_s: float = 120) -> None:
    """Wait until something holds, or the process is over."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        if process.poll() is not None:
            return
        time.sleep(0.01)


def test_rows_are_the_same_for_any_number_of_jobs(toy: Path, tmp_path: Path) -> None:
    """DESIGN §6: same scenario, seed and version, same digest; and rows come in seed order."""
    arguments = (toy, "--seeds", "5..404", "--vary", "network.loss=0%,2%")
    for jobs in (1, 2, 4):
        done = sweep(*arguments, "--jobs", str(jobs), "--out", tmp_path / str(jobs))
        assert done.returncode == 0, done.stderr
    one = content(tmp_path / "1")

    assert [(row["vary.network.loss"], row["seed"]) for row in one["runs"]] == [
        (loss, seed) for loss in ("0%", "2%") for seed in range(5, 405)
    ]
    assert one == content(tmp_path / "2")
    assert one == content(tmp_path / "4")
    assert len({row["digest"] for row in one["runs"][:400]}) == 400


@pytest.mark.slow
def test_killed_workers_cost_no_run_and_double_none(toy: Path, tmp_path: Path) -> None:
    """Ten times, a worker dies by SIGKILL in the middle of its chunk."""
    arguments = (toy, "--seeds", "3000")
    client = begin(*arguments, "--jobs", "2", "--out", tmp_path / "killed")
    killed = 0
    for _ in range(10):
        before = parts(tmp_path / "killed")
        wait_until(lambda: workers(client.pid), "workers", client)
        time.sleep(0.3)
        alive = workers(client.pid)
        if client.poll() is None and alive:
            os.kill(alive[0], signal.SIGKILL)
            killed += 1
        wait_until(lambda before=before: parts(tmp_path / "killed") > before, "a part", client)
    stdout, stderr = client.communicate(timeout=300)
    assert sweep(*arguments, "--jobs", "1", "--out", tmp_path / "serial").returncode == 0

    assert (client.returncode, killed >= 5) == (0, True), (killed, stdout, stderr)
    assert content(tmp_path / "killed") == content(tmp_path / "serial")


@pytest.mark.slow
def test_killed_client_is_resumed(toy: Path, tmp_path: Path) -> None:
    """SIGKILL for the client: its workers end with it, and --resume runs only what is missing."""
    arguments = (toy, "--seeds", "2000")
    folder = tmp_path / "resumed"
    client = begin(*arguments, "--jobs", "2", "--out", folder)
    wait_until(lambda: parts(folder) >= 2, "two parts", client)
    left = workers(client.pid)
    client.kill()
    client.communicate(timeout=60)
    finished = {path.name: path.stat().st_mtime_ns for path in (folder / "runs").glob("*.parquet")}
    refused = sweep(*arguments, "--out", folder)
    resumed = sweep(*arguments, "--jobs", "2", "--out", folder, "--resume", "--json")
    assert sweep(*arguments, "--jobs", "1", "--out", tmp_path / "serial").returncode == 0

    assert (refused.returncode, "--resume" in refused.stderr) == (2, True)
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["runs"] == 2000
    assert 2 <= len(finished) < parts(folder)
    assert finished == {name: (folder / "runs" / name).stat().st_mtime_ns for name in finished}
    assert content(folder) == content(tmp_path / "serial")
    assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []


def test_interruption_keeps_what_is_finished(toy: Path, tmp_path: Path) -> None:
    """Ctrl-C: exit code 130, finished parts stay, and a summary of them is printed."""
    folder = tmp_path / "out"
    client = begin(toy, "--seeds", "20000", "--jobs", "2", "--out", folder)
    wait_until(lambda: parts(folder) >= 2, "two parts", client)
    client.send_signal(signal.SIGINT)
    stdout, stderr = client.communicate(timeout=60)

    assert client.returncode == 130
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert "--resume goes on" in stderr
    assert "toy" in stdout
    assert parts(folder) >= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", "network.los=1%,2%"], "network.los"),
        (["--vary", "network.loss=often"], "--vary network.loss=often"),
        (["--vary", "network.loss"], "expected path=value,value"),
        (["--vary", "network.loss="], "expected path=value,value"),
        (["--vary", "seed=1", "--vary", "seed=2"], "given twice"),
        (["--protocols", "rafd"], "did you mean"),
        (["--protocols", ""], "expected names"),
        (["--seeds", "0"], "at least one seed"),
        (["--seeds", "9..1"], "counts down"),
        (["--jobs", "0"], "--jobs"),
        (["--resume"], "--out"),
        (["--out", "/proc/nowhere"], "/proc/nowhere"),
        (["--scheduler", "nowhere.json"], "scheduler"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(arguments: list[str], message: str, toy: Path) -> None:
    """One clear message on stderr, nothing on stdout, exit code 2."""
    done = sweep(toy, *arguments)

    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_directory_of_another_sweep_is_not_resumed(toy: Path, tmp_path: Path) -> None:
    """Rows of other arguments, another scenario text or other code never stand in one table."""
    out = tmp_path / "out"
    assert sweep(toy, "--seeds", "3", "--out", out).returncode == 0
    other_seeds = sweep(toy, "--seeds", "4", "--out", out, "--resume")
    toy.write_text(TOY.replace("500ms", "600ms"))
    other_text = sweep(toy, "--seeds", "3", "--out", out, "--resume")
    toy.write_text(TOY)
    told = json.loads((out / "sweep.json").read_text())
    (out / "sweep.json").write_text(json.dumps(told | {"leadersim": "0.0.1+old"}))
    other_code = sweep(toy, "--seeds", "3", "--out", out, "--resume")

    assert (other_seeds.returncode, "seeds = 0..2, this is seeds = 0..3" in other_seeds.stderr) == (2, True)
    assert (other_text.returncode, "the text of the scenario toy is another" in other_text.stderr) == (
        2,
        True,
    )
    assert (other_code.returncode, "leadersim = 0.0.1+old" in other_code.stderr) == (2, True)


def test_exit_code_is_the_worst_verdict(toy: Path) -> None:
    """0 pass, 1 fail, 3 inconclusive; a replay command for what did not pass."""
    late = sweep(toy, "--seeds", "2", "--set", "expect={election_time.belief.max: < 1ms}")
    unreached = sweep(toy, "--seeds", "2", "--set", "reach=[leader_changes >= 9]")

    assert sweep(toy, "--seeds", "2").returncode == 0
    assert (late.returncode, unreached.returncode) == (1, 3)
    assert f"replay: leadersim run {toy} --seed 0 --set 'expect=" in late.stderr


# A stand-in for a protocol with a bug: it kills or crashes the run of one seed, long after the probe.
BREAKING = """\
import os, sys
from protocols import registry
import sim.run
import sim.sweep.campaign
sim.sweep.campaign.SERIAL_S = 0.0  # however fast the machine is, workers run what follows the probe
real = sim.run.build
def build(plan, seed, trace):
    if seed == {seed}:
        {action}
    return real(plan, seed, trace)
sim.run.build = build
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("os.kill(os.getpid(), 9)", "the worker died of it"),
        ("raise RuntimeError('a bug of ours')", "RuntimeError: a bug of ours"),
    ],
)
def test_seed_that_crashes_is_named_and_stops_nothing(
    action: str, told: str, toy: Path, tmp_path: Path
) -> None:
    """Exit code 70, the row says `crashed`, the replay command is printed, and all others are run."""
    (tmp_path / "sitecustomize.py").write_text(BREAKING.format(seed=1234, action=action))
    path = os.pathsep.join([str(tmp_path), str(ROOT), *sys.path])
    done = sweep(toy, "--seeds", "1500", "--jobs", "2", "--out", tmp_path / "out", PYTHONPATH=path)
    rows = content(tmp_path / "out")["runs"]

    assert done.returncode == 70, done.stderr
    assert f"replay: leadersim run {toy} --seed 1234\n" in done.stderr
    assert [row["seed"] for row in rows] == list(range(1500))
    assert [row["seed"] for row in rows if row["verdict"] != "pass"] == [1234]
    assert told in rows[1234]["error"]


def test_json_is_one_object_with_every_cell(toy: Path) -> None:
    """For machines: counts, quantiles with intervals, split brain by level, availability."""
    found = json.loads(sweep(toy, "--seeds", "20", "--vary", "protocol.nodes=3,5", "--json").stdout)
    cell = found["cells"][1]

    assert (found["planned"], found["runs"], found["seeds"]) == (40, 40, "0..19")
    assert [each["vary"] for each in found["cells"]] == [{"protocol.nodes": "3"}, {"protocol.nodes": "5"}]
    assert cell["verdicts"] == {"pass": 20, "fail": 0, "inconclusive": 0, "crashed": 0}
    assert cell["election_time.service"]["elections"] == 40
    low, high = cell["election_time.service"]["p50"]["interval"]
    assert low <= cell["election_time.service"]["p50"]["value"] <= high
    assert list(cell["split_brain"]) == ["dual_belief", "same_epoch", "dual_effect", "lost_state"]
