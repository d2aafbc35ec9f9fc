"""What the analysis needs of a run, wherever it comes from: memory or files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sim.records import Record
from sim.tally import Costs, OperationTally


class RunData(Protocol):
    """One run that is over."""

    @property
    def records(self) -> Sequence[Record]:
        """The milestones in order of time; `RunStarted` first, `RunEnded` last."""

    @property
    def details(self) -> Sequence[Record]:
        """The other records, as far as the trace level keeps them; `Operation` from `summary` on."""

    @property
    def tally(self) -> OperationTally:
        """The client operations, finished."""

    @property
    def costs(self) -> Costs:
        """Messages, bytes and disk synchronisations."""

    @property
    def effects_accepted(self) -> int:
        """Effects that resources accepted; only the stale ones among them are milestones."""
