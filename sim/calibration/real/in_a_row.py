"""What is measured of the trials of one run, which follow each other in one world: a number for each.

As in the trials that were measured: processes live on, or start again, and those that live on keep the
phases of their ticks. So the trials of a run resemble each other, and runs differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.calibration.real.measures import MS, Fall, fall_in
from sim.records import FaultEnded, FaultStarted, Led, Operation, Record

if TYPE_CHECKING:
    from sim.result import Result

Numbers = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything from one fault to the next; `leader` led when it came."""

    leader: str
    fault_ns: int
    ended_ns: int  # when the fault was over
    records: Sequence[Record]

    @property
    def fall(self) -> Fall:
        """What became of the leader."""
        return fall_in(self.records, self.leader, self.fault_ns)


def trials(result: Result) -> list[Trial]:
    """Return the trials of a run; there is none before somebody led."""
    records = result.records
    starts = [number for number, record in enumerate(records) if type(record) is FaultStarted]
    found = []
    leader, seen = "", 0
    for start, stop in zip(starts, [*starts[1:], len(records)], strict=True):
        leader = next((r.node for r in reversed(records[seen:start]) if type(r) is Led), leader)
        seen = start
        after = records[start + 1 : stop]
        over = (record.at_ns for record in after if type(record) is FaultEnded)
        if leader:
            found.append(Trial(leader, records[start].at_ns, next(over, records[-1].at_ns), after))
    return found


def leader_ms(result: Result) -> Numbers:
    """Return how long after the fault another node led."""
    return tuple(_ms(trial.fall.led_ns) for trial in trials(result))


def step_down_ms(result: Result) -> Numbers:
    """Return how long after the fault the old leader stopped believing."""
    return tuple(_ms(trial.fall.stepped_down_ns) for trial in trials(result))


def overlap_ms(result: Result) -> Numbers:
    """Return for how long the old leader believed beside the new one."""
    return tuple(_ms(trial.fall.overlap_ns) for trial in trials(result))


def several_campaigns(result: Result) -> Numbers:
    """Return 1 if it took more than one campaign to replace the leader, else 0."""
    falls = [trial.fall for trial in trials(result)]
    return tuple(None if fall.led_ns is None else float(fall.campaigns > 1) for fall in falls)


def writes_while_cut(result: Result) -> Numbers:
    """Return how many writes that were begun during the fault the old leader acknowledged meanwhile.

    The run must have kept its operations. None if nothing was written on its side: then every write was
    acknowledged by somebody else.
    """
    writes = [each for each in result.details if type(each) is Operation and each.command[0] == "put"]
    return tuple(_acknowledged(writes, trial) for trial in trials(result))


def _acknowledged(writes: Sequence[Operation], trial: Trial) -> float | None:
    late = [each for each in writes if trial.fault_ns <= each.at_ns < trial.ended_ns]
    if all(each.node not in ("", trial.leader) for each in late):
        return None
    by_old = (each for each in late if each.node == trial.leader)
    return float(sum(each.completed_at_ns < trial.ended_ns for each in by_old))


def _ms(length_ns: int | None) -> float | None:
    return None if length_ns is None else length_ns / MS
