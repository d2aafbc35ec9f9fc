"""Every number of `sim.metrics`, computed from one run when it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from analysis.availability import overlaps_ns, total_ns
from analysis.facts import Facts
from analysis.leaderships import Leadership
from analysis.rundata import RunData
from analysis.statistics import STATISTICS, at_least, weighted_quantile
from sim.metrics import DAMAGE, METRICS, VIOLATION_PREFIX
from sim.records import Campaigned, Damaged, DamageTotal, EffectJudged, Led

Value = float | int | None
LIVENESS = frozenset({"convergence"})
"""Properties of `Violated` that are about liveness, and so no violation of safety."""
SECOND_NS = 1_000_000_000


class Metrics(Mapping[str, Value]):
    """The metrics of one run by name, in the order of `METRICS`, then `violations.<property>` as found.

    Times are seconds, shares from 0 to 1, counts integers; None where there was nothing to measure.
    Each is computed when it is first read. A property that was not violated can be asked for too: 0.

    Raises:
        KeyError: there is no metric of that name.
    """

    def __init__(self, run: RunData) -> None:
        self.facts = Facts(run)
        self._values: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = self._compute(name)
        return self._values[name]

    def _compute(self, name: str) -> Value:
        if name in _HOW:
            compute, rest = _HOW[name]
            return compute(self.facts, rest)
        if not name.startswith(VIOLATION_PREFIX):
            raise KeyError(name)
        wanted = name.removeprefix(VIOLATION_PREFIX)
        return sum(found.property == wanted for found in self.facts.violations)

    def __iter__(self) -> Iterator[str]:
        yield from METRICS
        yield from sorted({VIOLATION_PREFIX + found.property for found in self.facts.violations})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def at_least(self, name: str) -> float | None:
        """Return what a metric that is None for censored election times cannot be less than, or None."""
        group, _, rest = name.partition(".")
        if group != "election_time" or self[name] is not None:
            return None
        definition, _, statistic = rest.partition(".")
        return _seconds(at_least(self.facts.election_times(definition), statistic))


def metrics(run: RunData) -> Metrics:
    """Return all metrics of a run, none of them computed yet."""
    return Metrics(run)


def _seconds(length_ns: float | int | None) -> float | None:
    return None if length_ns is None else length_ns / SECOND_NS


# One function per group, given what comes after the first dot of the name ------------------------


def _election_time(facts: Facts, rest: str) -> Value:
    definition, _, statistic = rest.partition(".")
    return _seconds(STATISTICS[statistic](facts.election_times(definition)))


def _election_phase(facts: Facts, rest: str) -> Value:
    """Return the mean over the elections that completed the phase."""
    phase = rest.removesuffix(".mean")
    lengths = [getattr(row, f"{phase}_ns") for row in facts.elections]
    complete = [length for length in lengths if length is not None]
    return _seconds(sum(complete) / len(complete)) if complete else None


def _elections(facts: Facts, rest: str) -> Value:
    if rest == "split_rounds":
        won = {led.epoch for led in facts.of(Led)}
        return len({candidacy.epoch for candidacy in facts.of(Campaigned)} - won)
    if rest == "censored":
        return sum(row.censored for row in facts.elections)
    return len(facts.elections)


def _leader_changes(facts: Facts, rest: str) -> Value:
    first_in_epoch: dict[int, Leadership] = {}
    for one in facts.leaderships:
        first_in_epoch.setdefault(one.epoch, one)
    ordered = [first_in_epoch[epoch] for epoch in sorted(first_in_epoch)]
    changes = [new for old, new in pairwise(ordered) if new.node != old.node]
    return len(changes) if not rest else _unforced(facts, changes)


def _unforced(facts: Facts, changes: Sequence[Leadership]) -> int:
    """Return to how many of the changes belongs an election that began with no fault on the incumbent."""
    won = [(row.new_epoch, row.cause) for row in facts.elections if row.new_epoch is not None]
    epochs = [epoch for epoch, _ in won]  # increasing, since each election is for a higher one
    last_upto = [bisect_right(epochs, change.epoch) - 1 for change in changes]
    return sum(i >= 0 and won[i][1] == "unforced" for i in last_upto)


def _leaderships(facts: Facts, rest: str) -> Value:
    return len(facts.leaderships)


def _epoch(facts: Facts, rest: str) -> Value:
    return max((record.epoch for record in facts.of(Led) + facts.of(Campaigned)), default=0)


def _split_brain(facts: Facts, rest: str) -> Value:
    level, _, statistic = rest.partition(".")
    lengths = [incident.length_ns for incident in facts.incidents(level)]
    return _of_lengths(lengths, statistic)


def _of_lengths(lengths: Sequence[int], statistic: str) -> Value:
    """Return their number, or "total", "longest" or "p99" in seconds: 0 if there are none."""
    if not statistic:
        return len(lengths)
    if statistic == "total":
        return sum(lengths) / SECOND_NS
    if not lengths:
        return 0.0
    share = {"longest": 1.0, "p99": 0.99}[statistic]
    return (weighted_quantile(Counter(lengths), share) or 0) / SECOND_NS


def _effects(facts: Facts, rest: str) -> Value:
    if rest == "accepted":
        return facts.run.effects_accepted
    if rest == "rejected":
        return sum(not effect.accepted for effect in facts.of(EffectJudged))
    return len(facts.incidents("dual_effect"))


def _damage(facts: Facts, rest: str) -> Value:
    """Return what the workload measured; None if it measures nothing of the kind."""
    totals = {total.metric: total.value for total in facts.of(DamageTotal)}
    if not rest:
        return sum(harm.amount for harm in facts.of(Damaged)) if totals else None
    value = totals.get(rest)
    return _seconds(value) if DAMAGE[rest].unit == "seconds" else value


def _availability(facts: Facts, rest: str) -> Value:
    if rest == "client":
        tally = facts.run.tally
        return tally.good / tally.ended if tally.ended else None
    length = facts.length_ns
    return 1 - total_ns(getattr(facts.timeline, f"{rest}_gaps")) / length if length else None


def _outages(facts: Facts, rest: str) -> Value:
    if rest in ("unjustified", "justified"):
        gaps = facts.timeline.system_gaps
        unjustified = sum(overlaps_ns(gaps, facts.timeline.quorum))
        return (unjustified if rest == "unjustified" else total_ns(gaps) - unjustified) / SECOND_NS
    view, _, statistic = rest.partition(".")
    if view != "client":
        found: Sequence[tuple[int, int]] = getattr(facts.timeline, f"{view}_gaps")
    elif statistic and not facts.run.tally.ended:
        return None
    else:
        found = facts.run.tally.outages
    return _of_lengths([to - since for since, to in found], statistic)


def _operations(facts: Facts, rest: str) -> Value:
    return int(getattr(facts.run.tally, rest or "ended"))


def _latency(facts: Facts, rest: str) -> Value:
    share = {"p50": 0.5, "p99": 0.99, "max": 1.0}[rest]
    return _seconds(weighted_quantile(facts.run.tally.latencies, share))


def _cost(facts: Facts, rest: str) -> Value:
    costs, length = facts.run.costs, facts.length_ns
    if rest == "messages_per_second":
        return costs.messages * SECOND_NS / length if length else None
    if rest == "bytes" and not costs.weigh:
        return None
    return int(getattr(costs, rest))


def _violations(facts: Facts, rest: str) -> Value:
    if rest == "outside_envelope":
        return sum(bool(found.outside_envelope) for found in facts.violations)
    return sum(not found.outside_envelope and found.property not in LIVENESS for found in facts.violations)


_GROUPS: dict[str, Callable[[Facts, str], Value]] = {
    "election_time": _election_time,
    "election_phase": _election_phase,
    "elections": _elections,
    "leader_changes": _leader_changes,
    "leaderships": _leaderships,
    "epoch": _epoch,
    "split_brain": _split_brain,
    "effects": _effects,
    "damage": _damage,
    "availability": _availability,
    "outages": _outages,
    "operations": _operations,
    "latency": _latency,
    "cost": _cost,
    "violations": _violations,
}
_HOW: dict[str, tuple[Callable[[Facts, str], Value], str]] = {
    name: (_GROUPS[name.partition(".")[0]], name.partition(".")[2]) for name in METRICS
}
"""For each metric: the function of its group, and what it is given."""
