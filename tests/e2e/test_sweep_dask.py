"""Sweeps on a real `dask scheduler` with real `dask worker` processes, on the loopback interface."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.e2e.test_sweep import ROOT, TOY, begin, content, environment, parts, sweep, wait_until

HAS_DASK = find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(
    not HAS_DASK, reason="distributed is not installed: the extra `cluster` has it"
)


@dataclass
class Cluster:
    """One scheduler and its workers."""

    folder: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The scheduler file."""
        return self.folder / "scheduler.json"

    def start(self, *arguments: str, path: str | None = None) -> subprocess.Popen[str]:
        """Start a part of it, in a session of its own so that all of it can be ended."""
        more = {} if path is None else {"PYTHONPATH": path}
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], env=environment(**more), cwd=self.folder, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def add_worker(self, path: str | None = None) -> subprocess.Popen[str]:
        """Start a single-threaded worker."""
        return self.start(
            "worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-dashboard",
            "--local-directory", str(self.folder), path=path,
        )  # fmt: skip

    def end(self) -> None:
        """End all of it."""
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait(timeout=30)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    """Return a scheduler without workers."""
    cluster = Cluster(tmp_path)
    process = cluster.start(
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(cluster.file),
    )
    wait_until(cluster.file.exists, "the scheduler", process)
    yield cluster
    cluster.end()


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a scenario of one second."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return path


@needs_dask
@pytest.mark.slow
def test_rows_are_those_of_the_serial_run(scheduler: Cluster, toy: Path, tmp_path: Path) -> None:
    """Issue: the same rows, bit for bit, in seed order."""
    for _ in range(2):
        scheduler.add_worker()
    arguments = (toy, "--seeds", "400", "--vary", "network.loss=0%,2%")
    done = sweep(*arguments, "--scheduler", scheduler.file, "--out", tmp_path / "dask")
    assert sweep(*arguments, "--jobs", "1", "--out", tmp_path / "serial").returncode == 0

    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "dask") == content(tmp_path / "serial")


@needs_dask
@pytest.mark.slow
def test_killed_dask_worker_costs_no_run(scheduler: Cluster, toy: Path, tmp_path: Path) -> None:
    """SIGKILL for a worker, with the nanny that would replace it, in the middle of the sweep."""
    victim, _ = scheduler.add_worker(), scheduler.add_worker()
    out = tmp_path / "dask"
    client = begin(toy, "--seeds", "2000", "--scheduler", scheduler.file, "--out", out)
    wait_until(lambda: parts(out) >= 2, "two parts", client)
    before = parts(out)
    os.killpg(victim.pid, signal.SIGKILL)
    _, stderr = client.communicate(timeout=300)

    assert client.returncode == 0, stderr
    assert parts(out) > before
    assert [row["seed"] for row in content(out)["runs"]] == list(range(2000))
    assert {row["verdict"] for row in content(out)["runs"]} == {"pass"}


@needs_dask
@pytest.mark.slow
def test_killed_scheduler_ends_the_sweep_which_can_be_resumed(
    scheduler: Cluster, toy: Path, tmp_path: Path
) -> None:
    """Dask does not survive it; what is finished stays, exit code 4 says that runs are missing."""
    scheduler.add_worker()
    out = tmp_path / "dask"
    client = begin(toy, "--seeds", "2000", "--scheduler", scheduler.file, "--out", out)
    wait_until(lambda: parts(out) >= 2, "two parts", client)
    os.killpg(scheduler.processes[0].pid, signal.SIGKILL)
    _, stderr = client.communicate(timeout=300)
    resumed = sweep(toy, "--seeds", "2000", "--jobs", "2", "--out", out, "--resume")

    assert (client.returncode, "--resume goes on" in stderr, "Traceback" in stderr) == (4, True, False), (
        stderr
    )
    assert resumed.returncode == 0, resumed.stderr
    assert [row["seed"] for row in content(out)["runs"]] == list(range(2000))


@needs_dask
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "sim" / "errors.py").write_text(""), "cannot import leadersim"),
        (
            lambda folder: (folder / "sim" / "sweep" / "version.py").write_text(
                (folder / "sim" / "sweep" / "version.py").read_text() + "# other\n"
            ),
            "install the same",
        ),
    ],
    ids=["broken", "other"],
)
@pytest.mark.slow
def test_worker_with_other_code_is_refused(
    scheduler: Cluster, toy: Path, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    """Its rows would not be ours: exit code 2, before anything runs."""
    copy = tmp_path / "copy"
    for package in ("sim", "protocols", "analysis"):
        copytree(ROOT / package, copy / package, ignore=ignore_patterns("__pycache__"))
    spoil(copy)
    others = [each for each in sys.path if Path(each).resolve() != ROOT]
    scheduler.add_worker(path=os.pathsep.join([str(copy), *others]))
    done = sweep(toy, "--seeds", "9", "--scheduler", scheduler.file)

    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@needs_dask
@pytest.mark.slow
def test_scheduler_without_workers_is_refused(scheduler: Cluster, toy: Path) -> None:
    """After some seconds, with what to do."""
    done = sweep(toy, "--seeds", "9", "--scheduler", scheduler.file)

    assert (done.returncode, "has no workers; start some with `dask worker`" in done.stderr) == (2, True)


@needs_dask
@pytest.mark.slow
def test_unreachable_scheduler_is_refused(toy: Path) -> None:
    """Port 9 is the discard service, where nobody is."""
    begun = time.monotonic()
    done = sweep(toy, "--seeds", "9", "--scheduler", "tcp://127.0.0.1:9")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers there" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 60


def test_without_the_extra_the_message_says_how_to_get_it(toy: Path, tmp_path: Path) -> None:
    """Dask is not a dependency."""
    (tmp_path / "distributed.py").write_text("raise ImportError('not here')\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT), *sys.path])
    done = sweep(toy, "--seeds", "9", "--scheduler", "tcp://127.0.0.1:9", PYTHONPATH=path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'leadersim[cluster]'" in done.stderr
