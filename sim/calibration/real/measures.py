"""What is measured of a run as it was of a real system: from the first fault on, in ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.records import Campaigned, FaultStarted, Followed, Led, Operation

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


def fall(result: Result) -> Fall | None:
    """Return what became of whoever led when the first fault came; None if there was none, or nobody led."""
    leader, fault_ns = "", None
    led_ns = stepped_down_ns = None
    campaigns = 0
    for record in result.records:
        kind = type(record)
        if fault_ns is None:
            leader = record.node if kind is Led else leader
            fault_ns = record.at_ns if kind is FaultStarted else None
        elif kind is Led and record.node != leader and led_ns is None:
            led_ns = record.at_ns - fault_ns
        elif kind is Followed and record.node == leader and stepped_down_ns is None:
            stepped_down_ns = record.at_ns - fault_ns
        elif kind is Campaigned and record.node != leader and led_ns is None:
            campaigns += 1
    return None if fault_ns is None or not leader else Fall(led_ns, stepped_down_ns, campaigns)


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


def step_down_ms(result: Result) -> float | None:
    """Return how long after the fault the old leader stopped believing."""
    found = fall(result)
    return None if found is None or found.stepped_down_ns is None else found.stepped_down_ns / MS


def overlap_ms(result: Result) -> float | None:
    """Return for how long the old leader believed beside the new one."""
    found = fall(result)
    if found is None or found.led_ns is None or found.stepped_down_ns is None:
        return None
    return max(0.0, (found.stepped_down_ns - found.led_ns) / MS)


def several_campaigns(result: Result) -> float | None:
    """Return 1 if it took more than one campaign to replace the leader, else 0."""
    found = fall(result)
    return None if found is None or found.led_ns is None else float(found.campaigns > 1)


def writes_after_cut(result: Result) -> float | None:
    """Return how many writes that were begun after the fault the old leader acknowledged.

    The run must have kept its operations. None if nothing was written on its side: then every write was
    acknowledged by somebody else.
    """
    leader, fault_ns = "", None
    for record in result.records:
        if type(record) is FaultStarted:
            fault_ns = record.at_ns
            break
        leader = record.node if type(record) is Led else leader
    if fault_ns is None or not leader:
        return None
    writes = (each for each in result.details if type(each) is Operation and each.command[0] == "put")
    late = [each for each in writes if each.at_ns >= fault_ns]
    if all(each.node not in ("", leader) for each in late):
        return None
    return float(sum(each.node == leader for each in late))
