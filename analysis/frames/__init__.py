"""The analyses as DataFrames, of one run or many, from memory, files or sweeps alike.

Every function takes a *source*: a `Result`, a path (a trace file, the directory of a run, of several,
or of a sweep), or a list of these. Rows begin with scenario, protocol and seed (and `vary.<path>` in sweeps).
Columns ending in `_s` are seconds (float64; NaN: did not happen by the end of the run), counts and epochs are
`Int64` with `<NA>`, names `string`. An empty table has the same columns and types.
"""

from __future__ import annotations

import pandas as pd

from analysis.frames import sources
from analysis.frames.failover_phases import phases, waterfall
from analysis.frames.incident_ledger import ledger
from analysis.frames.nines import availability, nines
from analysis.frames.paired import compare
from analysis.frames.run_rows import runs
from analysis.frames.sources import Source, read
from analysis.frames.survival_curves import election_times, quantiles, survival

__all__ = [
    "Source",
    "availability",
    "compare",
    "damage",
    "election_times",
    "elections",
    "events",
    "incidents",
    "leaderships",
    "ledger",
    "messages",
    "nines",
    "operations",
    "outages",
    "phases",
    "quantiles",
    "read",
    "runs",
    "survival",
    "waterfall",
]


def elections(source: Source) -> pd.DataFrame:
    """Return one row per loss of a leader, in order of the fault (see `analysis.elections.Election`).

    belief_s, announced_s, service_s, client_s: seconds from the fault, NaN where right-censored at end_s.
    Raises TraceError, naming file and record, for a damaged, truncated or newer file.

    Source of the definitions: DESIGN §4; Dissertation §9.4 (announced), Omni-Paxos (service).

    >>> from analysis.examples import three_elections
    >>> elections(three_elections())[["seed", "cause", "belief_s", "service_s", "censored"]].round(3)
       seed  cause  belief_s  service_s  censored
    0     1  start      0.15       0.18     False
    1     1  crash      0.25       0.28     False
    2     1  crash       NaN        NaN      True
    """
    return sources.table(source, "elections")


def leaderships(source: Source) -> pd.DataFrame:
    """Return one row per interval in which a node believed that it leads, in order of its beginning.

    >>> from analysis.examples import two_leaders
    >>> leaderships(two_leaders())[["node", "epoch", "from_s", "to_s", "ended_by"]]
      node  epoch  from_s   to_s     ended_by
    0   n1      1    0.15   8.01  higher term
    1   n2      2    5.25  10.00          end
    """
    return sources.table(source, "leaderships")


def incidents(source: Source) -> pd.DataFrame:
    """Return one row per incident of split brain; nodes and epochs are tuples that belong together.

    level: "dual_belief", "same_epoch", "dual_effect" or "lost_state" (SB1 to SB4 of DESIGN §4).

    >>> from analysis.examples import two_leaders
    >>> incidents(two_leaders())[["level", "from_s", "length_s", "nodes", "cause"]].round(3)
             level  from_s  length_s     nodes                cause
    0  dual_belief    5.25      2.76  (n1, n2)  partition (fault 0)
    1  dual_effect    7.00      0.00     (n1,)  partition (fault 0)
    """
    return sources.table(source, "incidents")


def damage(source: Source) -> pd.DataFrame:
    """Return one row per harm that a resource suffered, in order of time: at_s, harm, resource, node, ...

    harm is a metric of the workload ("damage.<harm>"), amount how much it counts there. Raises UserError
    for sweeps, which keep the sums only, among the metrics of `runs`.

    >>> from analysis.examples import nothing_happened
    >>> damage(nothing_happened()).columns.tolist()
    ['scenario', 'protocol', 'seed', 'at_s', 'harm', 'resource', 'node', 'epoch', 'amount', 'detail']
    """
    return sources.table(source, "damage")


def outages(source: Source) -> pd.DataFrame:
    """Return one row per interval without service, by view: "system", "leadership" or "client".

    justified_s, unjustified_s: how much of it there was no running, connected quorum that could have led,
    and how much there was.

    >>> from analysis.examples import three_elections
    >>> outages(three_elections()).query("view == 'system'")[["from_s", "length_s", "unjustified_s"]]
       from_s  length_s  unjustified_s
    0     0.0      0.18           0.18
    1    10.0      0.28           0.28
    2    25.0      5.00           0.00
    """
    return sources.table(source, "outages")


def operations(source: Source) -> pd.DataFrame:
    """Return one row per client command in order of invocation; latency_s is NaN for one that never ended.

    Raises UserError for a run of a trace level below `summary`, and for sweeps, which keep none.

    >>> from analysis.examples import nothing_happened
    >>> operations(nothing_happened()).empty
    True
    """
    return sources.table(source, "operations")


def messages(source: Source) -> pd.DataFrame:
    """Return one row per message in order of arrival or loss: sent_at_s, at_s, latency_s, source, target ...

    outcome: "delivered", "lost" (by the link), "cut" (by a partition), "down" (nobody there), "ignored".
    Raises UserError for a run of a trace level below `full`, and for sweeps, which keep none.

    >>> from analysis.examples import two_leaders
    >>> messages(two_leaders())[["source", "target", "type", "outcome", "latency_s"]].round(4)
      source target           type    outcome  latency_s
    0     n2     n1  AppendEntries  delivered      0.005
    1     n2     n1  AppendEntries        cut        NaN
    """
    return sources.table(source, "messages")


def events(source: Source) -> pd.DataFrame:
    """Return one row per record that the trace level kept, in order of time; other fields are in `values`.

    >>> from analysis.examples import nothing_happened
    >>> events(nothing_happened())["kind"].tolist()
    ['run_started', 'started', 'started', 'started', 'run_ended']
    """
    return sources.table(source, "events")
