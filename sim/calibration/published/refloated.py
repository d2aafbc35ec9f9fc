"""Raft Refloated: what a candidate timer of its own changes.

Howard, Schwarzkopf, Madhavapeddy and Crowcroft, "Raft Refloated: Do We Have Consensus?", ACM SIGOPS
Operating Systems Review 49(1), 2015; means from the raw results of its simulator. Its absolute times
differ from Ongaro's by up to 60 %, since network and eligibility were another model: what is compared
is the change.
"""

from __future__ import annotations

from sim.calibration.experiment import AT_LEAST, BELOW, Check, Experiment, Series, points
from sim.calibration.published.raft_paper import settings

_MEANS = {(150, 151): (2117.0, 183.0), (150, 155): (567.0, 173.0)}
"""Mean time to replace a leader in ms, by range of timeouts: without, and with the candidate timer."""

_TIMER = "protocol.candidate_timeout=[23ms, 46ms]"
"""Short and fixed; from two standard deviations above the mean broadcast time on, as they chose it."""

_NETWORK = (
    "network.latency={normal: {mean: 6ms, sd: 2500us}}",
    "disk.fsync=0s",
    "stop_when.lasting=30ms",
)
"""Delays under which times without the timer come near theirs: 1.7 and 0.6 s instead of 2.1 and 0.57 s."""

_SPLITS = (
    "their servers, without the timer, split more votes than Ongaro's (a mean of 567 ms instead of 345), "
    "so that the timer saves more; with delays like theirs it does so here as well"
)


def _series(shortest: int, longest: int, name: str, network: tuple[str, ...], *checks: Check) -> Series:
    baseline = (*settings(shortest, longest), *network)
    return Series(
        name=f"{shortest}-{longest} ms, {name}",
        scenario="calibration/raft-figure-16",
        settings=(*baseline, _TIMER),
        measure="sim.calibration.measures:heard_ms",
        trials=2000,
        quick_trials=60,
        checks=checks,
        baseline=baseline,
    )


def _change(shortest: int, longest: int, reason: str = "") -> Check:
    without, timed = _MEANS[shortest, longest]
    return Check("change", timed / without - 1, points(0.05), reason)


CANDIDATE_TIMER = Experiment(
    name="candidate-timer",
    about="by how much a short timer for candidates changes the mean time to replace a leader",
    source="Raft Refloated (2015), raw results",
    unit="ms",
    series=(
        _series(150, 151, "delays of Figure 16", (), _change(150, 151)),
        _series(150, 155, "delays of Figure 16", (), _change(150, 155, _SPLITS)),
        _series(150, 151, "delays like theirs", _NETWORK, _change(150, 151)),
        _series(150, 155, "delays like theirs", _NETWORK, _change(150, 155)),
        _series(
            150,
            300,
            "delays of Figure 16",
            (),
            Check("change", 0.02, BELOW),
            Check("change", -0.02, AT_LEAST),
        ),
    ),
)
