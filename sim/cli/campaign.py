"""Runs, one after the other: what is run, what became of it, and what is left to say when it stops."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli import discard_stdout, engine, github, report_bug, say
from sim.cli.exits import OF_STATUS, Exit, worst
from sim.cli.progress import Progress
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.cli.junit import JUnit
    from sim.result import Result
    from sim.run import Divergence
    from sim.scenario import Scenario
    from sim.trace import Level


@dataclass(frozen=True, slots=True)
class Job:
    """One run: a scenario as the flags made it, and a seed. `flags` are those that changed it."""

    path: Path
    scenario: Scenario
    seed: int
    flags: tuple[str, ...] = ()

    @property
    def replay(self) -> str:
        """The command that runs it again, for a shell."""
        path = self.path
        if path.is_absolute() and path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return shlex.join(["leadersim", "run", str(path), "--seed", str(self.seed), *self.flags])


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run; nothing of this changes what happens. `folder` says where a job's files go.

    `junit` takes in every run; `annotate`: those that do not pass are shown as GitHub Actions has it.
    """

    trace: Level = "digest"
    folder: Callable[[Job], Path] | None = None
    verify: bool = False
    quiet: bool = False
    junit: JUnit | None = None
    annotate: bool = False


Show = Callable[["Result", Job], str]


@dataclass(slots=True)
class Ledger:
    """What became of the runs so far; `stopped` says why there are no more, "" if all were run."""

    planned: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys([*OF_STATUS, "crashed"], 0))
    code: Exit = Exit.PASS
    stopped: str = ""
    unread: bool = False

    def count(self, status: str) -> None:
        """Count a run that came to an end, be it by a bug."""
        self.counts[status] += 1
        self.note(OF_STATUS.get(status, Exit.OUR_BUG))

    def note(self, code: Exit) -> None:
        """Let the worst code win."""
        self.code = worst((self.code, code))

    @property
    def done(self) -> int:
        """How many runs came to an end."""
        return sum(self.counts.values())


def jobs(
    paths: Sequence[Path], scenarios: Sequence[Scenario], seeds: Sequence[int], flags: tuple[str, ...]
) -> Iterator[Job]:
    """Yield every scenario under every seed, or under its own if `seeds` is empty."""
    for path, scenario in zip(paths, scenarios, strict=True):
        for seed in seeds or (scenario.seed,):
            yield Job(path, scenario, seed, flags)


def conduct(work: Iterable[Job], planned: int, settings: Settings, show: Show) -> Ledger:
    """Do all jobs in order and print what `show` makes of each; stop when interrupted, with what is done."""
    ledger = Ledger(planned)
    active = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not settings.quiet
    with Progress(planned, active) as progress:
        try:
            for job in work:
                _do(job, settings, show, ledger, progress)
        except KeyboardInterrupt:
            ledger.stopped = f"interrupted: {ledger.done} of {planned} runs finished"
            ledger.note(Exit.INTERRUPTED)
        except BrokenPipeError:
            # Whoever read has read enough: that is no failure, and nothing to talk about.
            ledger.unread = True
            discard_stdout()
        except UserError as error:
            ledger.stopped = str(error)
            ledger.note(Exit.BAD_INPUT)
    return ledger


def _do(job: Job, settings: Settings, show: Show, ledger: Ledger, progress: Progress) -> None:
    text, status = "", "crashed"
    try:
        result = engine.execute(job.scenario, job.seed, settings.trace)
        judged = result.verdict.status
        if settings.folder is not None:
            result.replay = job.replay
            result.write(settings.folder(job))
        text, status = show(result, job), judged
        _tell_ci(result, job, settings, progress)
    except UserError:
        raise
    except Exception:
        with progress.hidden():
            report_bug(job.replay)
        if settings.junit is not None:
            settings.junit.crashed(job)
    ledger.count(status)
    progress.advance(status != "pass")
    with progress.hidden():
        sys.stdout.write(text)
        sys.stdout.flush()
    if settings.verify and status != "crashed":
        _verify(job, settings, ledger, progress)


def _tell_ci(result: Result, job: Job, settings: Settings, progress: Progress) -> None:
    if settings.junit is not None:
        settings.junit.add(job, result)
    if settings.annotate and result.verdict.status != "pass":
        with progress.hidden():
            github.show(github.of_run(job, result))


def _verify(job: Job, settings: Settings, ledger: Ledger, progress: Progress) -> None:
    found = engine.divergence(job.scenario, job.seed)
    if found is not None:
        ledger.note(Exit.OUR_BUG)
    with progress.hidden():
        for line in _divergence(job, found) if found or not settings.quiet else ():
            say(line, prefix="")


def _divergence(job: Job, found: Divergence | None) -> list[str]:
    name = f"{job.scenario.name}, seed {job.seed}"
    if found is None:
        return [f"deterministic: two runs of {name} left the same trace"]
    return [
        f"NOT DETERMINISTIC: two runs of {name} part at record {found.index}",
        f"  first:  {found.first or 'had ended'}",
        f"  second: {found.second or 'had ended'}",
        f"replay: {job.replay} --verify-determinism",
    ]
