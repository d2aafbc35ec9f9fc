"""Where chunks run: in this process, or in worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing.process import BaseProcess
from threading import Thread
from types import ModuleType
from typing import Protocol

from sim.sweep.work import Done, Work, run_chunk


class Pool(Protocol):
    """What runs chunks; `workers` is how many at once."""

    workers: int

    def submit(self, work: Work) -> Future[Done]:
        """Hand in a chunk; BrokenExecutor, here or from the future, says that the workers are gone."""

    def rebuild(self) -> None:
        """Replace broken workers; what was handed in is lost."""

    def close(self) -> None:
        """End the workers at once, whatever they are doing."""


class SerialPool:
    """Runs each chunk in this process, when it is handed in."""

    workers = 1

    def submit(self, work: Work) -> Future[Done]:
        """Run the chunk; an interruption goes to the caller and not into the future."""
        future: Future[Done] = Future()
        try:
            future.set_result(run_chunk(work))
        except Exception as error:
            future.set_exception(error)
        return future

    def rebuild(self) -> None:
        """Nothing can be broken that would leave this process alive."""

    def close(self) -> None:
        """There is nothing to end."""


class LocalPool:
    """Worker processes of this machine, forked from a server that has imported the engine once."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["sim.sweep.preload"])
        self._context = context
        self._executor = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, self._context, initializer=_begin)

    def submit(self, work: Work) -> Future[Done]:
        """Hand in a chunk; this may start a process."""
        with nullcontext() if work.needs_main else _without_main():
            return self._executor.submit(run_chunk, work)

    def rebuild(self) -> None:
        """Start new processes."""
        self.close()
        self._executor = self._new()

    def close(self) -> None:
        """Kill the processes: they hold nothing that is not computed again."""
        for process in list((self._executor._processes or {}).values()):
            process.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the program which starts them.

    A script that sweeps at its top level would otherwise begin the sweep anew in each of its workers.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin() -> None:
    """Leave Ctrl-C to the client, and end with it: a worker would wait for ever for one that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def cores() -> int:
    """Return how many processes this one may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
