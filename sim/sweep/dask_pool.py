"""Chunks on a Dask cluster, through the interface that the processes of this machine have.

Dask moves work and results between machines, and replaces workers that died. Nothing is written by the
workers, so no disk need be shared.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.sweep.version import code_version
from sim.sweep.work import Done, Work, run_chunk

PATIENCE_S = 10
RETRIES = 3


class DaskPool:
    """The workers of a scheduler, given by its address (`tcp://host:8786`) or its scheduler file."""

    def __init__(self, scheduler: str) -> None:
        self._client = _connect(scheduler)
        try:
            self.workers = _threads(self._client, scheduler)
            _check(self._client)
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(retries=RETRIES, pure=False)

    def submit(self, work: Work) -> Future[Done]:
        """Hand in a chunk; Dask runs it again, on another worker, where one dies."""
        future: Future[Done] = self._executor.submit(run_chunk, work)
        return future

    def rebuild(self) -> None:
        """Dask replaces its workers itself."""

    def close(self) -> None:
        """Give back what is not finished; the cluster goes on."""
        with suppress(OSError, TimeoutError):  # of a scheduler that has gone nothing can be taken back
            self._executor.shutdown(wait=False)
            self._client.close(timeout=PATIENCE_S)


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError(
            f"--scheduler {scheduler}: needs Dask, which is not installed: pip install 'leadersim[cluster]'"
        ) from error
    if "://" not in scheduler and not Path(scheduler).is_file():
        raise UserError(
            f"--scheduler {scheduler}: neither an address like tcp://host:8786 nor a scheduler file"
        )
    where = {"address": scheduler} if "://" in scheduler else {"scheduler_file": scheduler}
    _silence()
    try:
        return Client(**where, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(
            f"--scheduler {scheduler}: no Dask scheduler answers there: {_told(error)}"
        ) from error


def _silence() -> None:
    """A connection that fails is our message, and not a traceback of Dask's as well."""
    for name in ["distributed", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _threads(client: Any, scheduler: str) -> int:
    """Return how many chunks run at once; wait a little for the first worker."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError as error:
        raise UserError(f"--scheduler {scheduler}: has no workers; start some with `dask worker`") from error
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def _check(client: Any) -> None:
    """Refuse workers that have other code: their rows would not be ours."""
    mine = code_version()
    found = client.run(code_version, on_error="return")
    for worker, theirs in found.items():
        if isinstance(theirs, BaseException):
            raise UserError(f"the worker {worker} cannot import leadersim: {_told(theirs)}")
        if theirs != mine:
            raise UserError(
                f"the worker {worker} has leadersim {theirs}, this client {mine}: install the same"
            )


def _told(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
