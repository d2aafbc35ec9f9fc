"""What etcd's lease reads may return.

etcd-io/raft, ReadOnlyLeaseBased: the leader answers reads without a round of heartbeats as long as
CheckQuorum has not ended its leadership, and asks no clock (issue 166 of etcd-io/raft; sofa-jraft's issue
34 has the same with a timeline).
"""

from __future__ import annotations

from sim.calibration.experiment import AT_LEAST, AT_MOST, Check, Experiment, Series

_MODULE = "sim.calibration.stale_reads"


def _reads(mode: str, name: str, check: Check) -> Series:
    return Series(
        name=name,
        scenario="calibration/stale-lease-read",
        settings=(f"protocol.reads={mode}",),
        measure=f"{_MODULE}:any_stale_read",
        trials=60,
        quick_trials=5,
        checks=(check,),
        trace="summary",
    )


_WINDOW = Series(
    name="two believers, ticks of 100 ms and timeouts of 1 s",
    scenario="calibration/stale-lease-read",
    settings=("protocol.reads=unsafe_lease",),
    measure=f"{_MODULE}:dual_belief_ms",
    trials=200,
    quick_trials=5,
    # Two timeouts for the leader, one for the others less the ticks that may have passed since the last
    # heartbeat: 2 x 1000 - 900 ms.
    checks=(Check("max", 1100.0, AT_MOST), Check("max", 300.0, AT_LEAST)),
    unit="ms",
)

LEASE_READS = Experiment(
    name="stale-lease-reads",
    about="whether a cut-off leader answers a read with what was overwritten, with perfect clocks",
    source="etcd-io/raft ReadOnlyLeaseBased, issue 166",
    unit="share",
    series=(
        _reads("unsafe_lease", "lease reads as in etcd", Check("max", 1.0, AT_LEAST)),
        _reads("lease", "lease reads with a clock", Check("max", 0.0, AT_MOST)),
        _reads("read_index", "ReadIndex", Check("max", 0.0, AT_MOST)),
        _reads("log", "reads through the log", Check("max", 0.0, AT_MOST)),
        _WINDOW,
    ),
)
