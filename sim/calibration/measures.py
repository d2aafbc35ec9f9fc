"""What is measured of one run: functions from its milestones to a number, None if it never came to that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.records import Crashed, FaultEnded, FaultStarted, LeaderKnown, Led, Record, RunEnded

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


# While links are cut -------------------------------------------------------------------------------


def outage_timeouts(result: Result) -> float:
    """Return the longest outage of the system that the partition saw, in shortest election timeouts."""
    return _outage_ns(result) / _shortest_timeout_ns(result)


def outage_share(result: Result) -> float:
    """Return the longest outage of the system within the partition, as a share of the partition."""
    begun_ns, ended_ns = _partition(result)
    return _outage_ns(result) / (ended_ns - begun_ns)


def elections(result: Result) -> float:
    """Return how many leaders were elected during the partition."""
    begun_ns, ended_ns = _partition(result)
    return _elections(result, begun_ns, ended_ns)


def elections_late(result: Result) -> float:
    """Return how many leaders were elected in its second half."""
    begun_ns, ended_ns = _partition(result)
    return _elections(result, (begun_ns + ended_ns) // 2, ended_ns)


def _elections(result: Result, from_ns: int, to_ns: int) -> float:
    return float(sum(type(r) is Led and from_ns <= r.at_ns < to_ns for r in result.records))


def _partition(result: Result) -> tuple[int, int]:
    """Return when the last partition began and when it ended."""
    begun = [r for r in result.records if type(r) is FaultStarted and r.action == "partition"]
    ended = (r.at_ns for r in result.records if type(r) is FaultEnded and r.fault == begun[-1].fault)
    return begun[-1].at_ns, next(ended, result.records[-1].at_ns)


def _outage_ns(result: Result) -> int:
    from analysis.availability import outages

    begun_ns, ended_ns = _partition(result)
    system = [each for each in outages(result.records, result.tally) if each.view == "system"]
    inside = (min(each.to_ns, ended_ns) - max(each.from_ns, begun_ns) for each in system)
    return max([0, *inside])


def _shortest_timeout_ns(result: Result) -> int:
    shortest: int = result.scenario.protocol.parameters.election_timeout[0]
    return shortest
