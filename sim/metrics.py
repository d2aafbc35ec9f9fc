"""Every number that a run can be judged by: its name in `expect:`, its unit and its meaning.

A metric that had nothing to measure (no client, no election) is None. Counts are never None, but for
those of damage, which only the workload that they belong to measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MetricUnit = Literal["seconds", "share", "count", "per_second", "bytes"]


@dataclass(frozen=True, slots=True)
class Metric:
    """Unit and meaning of one metric."""

    unit: MetricUnit
    doc: str


STATISTICS = {
    "min": "the shortest",
    "mean": "the mean (None if the longest are censored)",
    "p50": "the median",
    "p90": "the 90th percentile",
    "p99": "the 99th percentile",
    "max": "the longest (None if censored)",
}
ELECTION_TIMES = {
    "belief": "from the fault to the first live node that believes it leads under a higher epoch",
    "announced": "from the fault until a majority of the contenders knows the new leader",
    "service": "from the fault to the first command that the new leader commits",
    "client": "from the fault to the first success that a client sees from the new leader",
}
PHASES = {
    "detection": "from the fault to the first candidacy",
    "candidacy": "from the first candidacy to the one that won (failed rounds between them included)",
    "votes": "from the winning candidacy to belief",
    "first_service": "from belief to service",
}
SPLIT_BRAIN = {
    "dual_belief": "SB1: two nodes believe at once that they lead, under different epochs",
    "same_epoch": "SB2: two nodes lead under one epoch, at once or not; always a bug",
    "dual_effect": "SB3: a resource accepts an effect of a lower epoch after a higher one",
    "lost_state": "SB4: committed or acknowledged state is lost or forked",
}
DAMAGE: dict[str, Metric] = {
    "stale_writes": Metric("count", "writes that a store accepted after one of a higher epoch"),
    "updates_overwritten": Metric("count", "updates replaced by somebody who had not read them"),
    "updates_lost": Metric("count", "of these, acknowledged ones (or: updates of a lock's section)"),
    "jobs_run_twice": Metric("count", "starts of a job that another leadership had started before"),
    "jobs_missed": Metric("count", "jobs that never ran"),
    "late_starts": Metric("count", "jobs that started later than they should"),
    "late_start.max": Metric("seconds", "the longest time from when a job was due to its start"),
    "two_in_critical_section": Metric("count", "entries into a critical section with somebody in it"),
    "waiters_never_told": Metric("count", "times that a free lock was not taken within the limit"),
    "hand_over.mean": Metric("seconds", "mean time from when a holder lost the lock to the next one's entry"),
    "hand_over.max": Metric("seconds", "the longest such time"),
    "duplicate_numbers": Metric("count", "configurations published under a number that was taken"),
    "older_after_newer": Metric("count", "configurations that a subscriber took after a newer one"),
    "staleness.mean": Metric("seconds", "mean time for which a subscriber got no newer configuration"),
    "staleness.max": Metric("seconds", "the longest such time"),
    "admitted_over_limit": Metric("count", "requests served beyond the limit of their window"),
    "refused_below_limit": Metric("count", "requests refused although their window had room"),
}
"""What two leaders, or none, cost: `damage.<name>`, measured by the workload that has the resource."""
LOST_STATE = frozenset(
    {
        "leader_completeness",
        "state_machine_safety",
        "log_matching",
        "committed_immutable",
        "acknowledged_lost",
    }
)
"""Properties whose violation means that committed or acknowledged state was lost or forked (SB4)."""
VIEWS = {
    "system": "a command issued then would commit within the bound",
    "leadership": "a live node believes that it leads",
    "client": "the client's commands are answered within the bound",
}


def _catalogue() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for name, doc in ELECTION_TIMES.items():
        for statistic, meaning in STATISTICS.items():
            found[f"election_time.{name}.{statistic}"] = Metric("seconds", f"{meaning} of: {doc}")
    for name, doc in PHASES.items():
        found[f"election_phase.{name}.mean"] = Metric("seconds", f"the mean of: {doc}")
    found |= {
        "elections": Metric("count", "leader losses (the start of the run is one) that called for a leader"),
        "elections.censored": Metric("count", "of these, without a new leader at the end of the run"),
        "elections.split_rounds": Metric("count", "epochs with a candidate and no winner"),
        "leader_changes": Metric(
            "count", "epochs led by another node than the epoch before (the first is none)"
        ),
        "leader_changes.unforced": Metric("count", "of these, with no fault on the incumbent"),
        "leaderships": Metric("count", "intervals in which one node led under one epoch"),
        "epoch.highest": Metric("count", "the highest epoch that was led or campaigned for"),
    }
    for name, doc in SPLIT_BRAIN.items():
        found[f"split_brain.{name}"] = Metric("count", f"incidents of {doc}")
    found |= {
        "split_brain.dual_belief.total": Metric("seconds", "the time with two believers, in all"),
        "split_brain.dual_belief.longest": Metric("seconds", "the longest such interval"),
        "effects.accepted": Metric("count", "effects accepted by resources"),
        "effects.stale_accepted": Metric("count", "of these, under an epoch lower than one seen before"),
        "effects.rejected": Metric("count", "effects that a fenced resource rejected"),
    }
    found["damage"] = Metric("count", "harms of all kinds that the workload counts at its resource")
    found |= {f"damage.{name}": metric for name, metric in DAMAGE.items()}
    for view, doc in VIEWS.items():
        found[f"availability.{view}"] = Metric(
            "share", f"share of the time (of the operations) in which {doc}"
        )
        found[f"outages.{view}"] = Metric("count", f"maximal intervals in which it is not so that {doc}")
        for statistic, meaning in {"longest": "the longest", "p99": "p99", "total": "the sum"}.items():
            found[f"outages.{view}.{statistic}"] = Metric("seconds", f"{meaning} of these intervals")
    found |= {
        "outages.unjustified": Metric(
            "seconds", "system outage during which a live, connected quorum existed that could have led"
        ),
        "outages.justified": Metric("seconds", "the rest of the system outage"),
        "operations": Metric("count", "client operations that ended"),
        "operations.ok": Metric("count", "of these, done"),
        "operations.fail": Metric("count", "of these, certainly not done"),
        "operations.info": Metric("count", "of these, unknown whether done (also those open at the end)"),
        "operations.attempts": Metric("count", "requests sent, retries included"),
        "latency.p50": Metric("seconds", "median time from invocation to success"),
        "latency.p99": Metric("seconds", "its 99th percentile"),
        "latency.max": Metric("seconds", "its maximum"),
        "cost.messages": Metric("count", "messages sent"),
        "cost.bytes": Metric(
            "bytes", "bytes sent, by the protocol's own estimate (at trace level digest only if asked for)"
        ),
        "cost.fsyncs": Metric("count", "disk synchronisations"),
        "cost.messages_per_second": Metric("per_second", "messages sent per simulated second"),
        "violations": Metric("count", "violations of safety properties inside the protocol's envelope"),
        "violations.outside_envelope": Metric("count", "violations after an assumption was broken"),
    }
    return found


METRICS: dict[str, Metric] = _catalogue()
VIOLATION_PREFIX = "violations."
"""`violations.<property>` counts one property's violations, for every invariant there is."""
