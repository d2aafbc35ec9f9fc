"""What is measured of a run as it was of a real system: from the first fault on, in ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.records import Campaigned, FaultStarted, Followed, Led, Record

if TYPE_CHECKING:
    from sim.result import Result

MS = 1e6


@dataclass(frozen=True, slots=True)
class Fall:
    """The fall of a leader: times from the fault in ns, None for what never came.

    `campaigns`: how many there were, of others, until another one led.
    """

    led_ns: int | None
    stepped_down_ns: int | None
    campaigns: int

    @property
    def overlap_ns(self) -> int | None:
        """For how long the old leader believed beside the new one; None if either never came to it."""
        if self.led_ns is None or self.stepped_down_ns is None:
            return None
        return max(0, self.stepped_down_ns - self.led_ns)


def fall_in(records: Sequence[Record], leader: str, fault_ns: int) -> Fall:
    """Return what became of a leader that was hit at that time, from what happened after it."""
    led_ns = stepped_down_ns = None
    campaigns = 0
    for record in records:
        kind = type(record)
        if kind is Led and record.node != leader and led_ns is None:
            led_ns = record.at_ns - fault_ns
        elif kind is Followed and record.node == leader and stepped_down_ns is None:
            stepped_down_ns = record.at_ns - fault_ns
        elif kind is Campaigned and record.node != leader and led_ns is None:
            campaigns += 1
    return Fall(led_ns, stepped_down_ns, campaigns)


def fall(result: Result) -> Fall | None:
    """Return what became of whoever led when the first fault came; None if there was none, or nobody led."""
    leader = ""
    for number, record in enumerate(result.records):
        if type(record) is Led:
            leader = record.node
        elif type(record) is FaultStarted:
            return fall_in(result.records[number + 1 :], leader, record.at_ns) if leader else None
    return None


def leader_ms(result: Result) -> float | None:
    """Return how long after the fault another node led."""
    found = fall(result)
    return None if found is None or found.led_ns is None else found.led_ns / MS


def last_leader_ms(result: Result) -> float | None:
    """Return the same for the newest of several faults, whose leader fell before the end of the run."""
    leader, fault_ns, found = "", None, None
    for record in result.records:
        if type(record) is FaultStarted:
            fault_ns = record.at_ns
        elif type(record) is Led:
            if fault_ns is not None and record.node != leader:
                found, fault_ns = (record.at_ns - fault_ns) / MS, None
            leader = record.node
    return found
