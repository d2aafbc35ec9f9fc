"""How far a campaign is: one line on stderr, on a terminal, from the first second on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic
from typing import TextIO

from sim.cli.units import duration

PATIENCE_S = 1.0
REFRESH_S = 0.25
BAR = 24
_ERASE = "\r\x1b[K"


class Progress:
    """A line that redraws itself in a thread of its own, since a run leaves no time for it.

    Use it as a context, count with `advance`, and print within `hidden()`.
    """

    def __init__(self, total: int, active: bool, stream: TextIO | None = None) -> None:
        self._total = total
        self._stream = stream or sys.stderr
        self._done = 0
        self._failed = 0
        self._shown = False
        self._begun = monotonic()
        self._lock = Lock()
        self._over = Event()
        self._thread = Thread(target=self._redraw, daemon=True) if active else None

    def __enter__(self) -> Progress:
        """Begin to watch."""
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the line for good."""
        self._over.set()
        if self._thread:
            self._thread.join()
        self._erase()

    def advance(self, failed: bool) -> None:
        """Count a run that is over."""
        self._done += 1
        self._failed += failed

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Keep the line away while something else is printed on the same terminal."""
        with self._lock:
            self._erase()
            yield

    def _redraw(self) -> None:
        wait = PATIENCE_S
        while not self._over.wait(wait):
            wait = REFRESH_S
            with self._lock:
                self._stream.write(_ERASE + line(self._done, self._total, self._failed, self._elapsed_s()))
                self._stream.flush()
                self._shown = True

    def _erase(self) -> None:
        if self._shown:
            self._stream.write(_ERASE)
            self._stream.flush()
            self._shown = False

    def _elapsed_s(self) -> float:
        return monotonic() - self._begun


def line(done: int, total: int, failed: int, elapsed_s: float) -> str:
    """Return the line: `[####----] 10/20 runs  1 not passed  5s, 5s left`."""
    if total == 1:
        return f"running, {duration(round(elapsed_s) * 1e9)}"
    filled = BAR * done // total
    left = f", {duration(round(elapsed_s * (total - done) / done) * 1e9)} left" if done else ""
    bad = f"  {failed} not passed" if failed else ""
    bar = "#" * filled + "-" * (BAR - filled)
    return f"[{bar}] {done}/{total} runs{bad}  {duration(round(elapsed_s) * 1e9)}{left}"
