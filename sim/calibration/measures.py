"""What is measured of one run: functions from its milestones to a number, None if it never came to that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.records import Crashed, LeaderKnown, Led, Record, RunEnded

if TYPE_CHECKING:
    from sim.result import Result

MS = 1e6


def split_vote(result: Result) -> float:
    """Return 1 if nobody was elected in the first epoch, else 0."""
    return float(not any(type(record) is Led and record.epoch == 1 for record in result.records))


def elected(result: Result) -> float:
    """Return 1 if anybody was ever elected, else 0."""
    return float(any(type(record) is Led for record in result.records))


def stable_leader_ms(result: Result) -> float | None:
    """Return when the last leader was elected, from the start of a run that such a leader ends."""
    end = result.records[-1]
    elected_ns = [record.at_ns for record in result.records if type(record) is Led]
    stopped = type(end) is RunEnded and end.reason != "duration"
    return elected_ns[-1] / MS if stopped and elected_ns else None


def heard_ms(result: Result) -> float | None:
    """Return how long after the leader's crash another server first heard of the next leader."""
    leading: dict[str, int] = {}
    crashed_ns, epoch = None, 0
    for record in result.records:
        if type(record) is Led:
            leading[record.node] = record.epoch
        elif type(record) is Crashed and crashed_ns is None:
            crashed_ns, epoch = record.at_ns, leading.get(record.node, 0)
        elif crashed_ns is not None and _is_news(record, epoch):
            return float(record.at_ns - crashed_ns) / MS
    return None


def _is_news(record: Record, epoch: int) -> bool:
    """Return whether a node hears of another one that leads in a later epoch."""
    return isinstance(record, LeaderKnown) and record.epoch > epoch and record.node != record.leader
