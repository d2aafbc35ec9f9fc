"""How far a sweep is, and how fast it goes: the line of `sim.cli.progress`, in runs by the hundred."""

from __future__ import annotations

import os
import sys

from sim.cli.progress import PATIENCE_S, REFRESH_S, Progress, line
from sim.cli.units import three_digits


class Pace(Progress):
    """A progress line with the rate at which runs end."""

    def __init__(self, total: int) -> None:
        active = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and total > 0
        super().__init__(total, active)

    def advance_by(self, runs: int, failed: int) -> None:
        """Count runs that are over."""
        self._done += runs
        self._failed += failed

    def text(self) -> str:
        """Return the line as it is now: `[##--] 10/20 runs  5s, 5s left  2 runs/s`."""
        elapsed_s = self._elapsed_s()
        rate = self._done / elapsed_s if elapsed_s > 0 else 0.0
        return f"{line(self._done, self._total, self._failed, elapsed_s)}  {three_digits(rate)} runs/s"

    def _redraw(self) -> None:
        wait = PATIENCE_S
        while not self._over.wait(wait):
            wait = REFRESH_S
            with self._lock:
                self._stream.write(f"\r\x1b[K{self.text()}")
                self._stream.flush()
                self._shown = True
