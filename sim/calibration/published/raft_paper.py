"""Experiments of the Raft paper, §9.3.

Numbers: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014,
Figure 16; quantiles from the data of the same figure in Ongaro's dissertation (CC-BY), chapter 9.
"""

from __future__ import annotations

from sim.calibration.experiment import AT_LEAST, AT_MOST, Check, Curve, Experiment, Series, within

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_CURVES: dict[tuple[int, int], tuple[float, tuple[float, ...]]] = {
    (150, 151): (1536.0, (434.0, 737.0, 1198.6, 1944.0, 3132.0, 4007.0, 6013.0)),
    (150, 155): (345.0, (119.0, 154.0, 287.3, 435.0, 609.0, 764.0, 1242.0)),
    (150, 200): (156.0, (111.0, 125.0, 146.5, 167.0, 194.0, 296.0, 352.0)),
    (150, 300): (180.7, (125.0, 144.0, 171.3, 208.0, 244.0, 265.0, 415.0)),
    (100, 200): (125.5, (85.0, 100.0, 120.1, 145.0, 166.0, 183.0, 277.0)),
    (25, 50): (47.9, (31.0, 35.0, 43.0, 53.0, 74.0, 83.0, 119.0)),
    (12, 24): (35.0, ()),
    # Not given as numbers in the text of either: predictions.
    (150, 175): (0.0, ()),
    (50, 100): (0.0, ()),
}
"""Mean and quantiles of the time to replace a leader in ms, by range of timeouts in ms; 0: not known."""
_ROUGH = ((150, 151), (150, 155))
"""Ranges so narrow that the outcome hangs on delays that were not published."""


def _range(shortest: int, longest: int) -> Series:
    mean, quantiles = _CURVES[shortest, longest]
    curve: Curve = tuple(zip(SHARES, quantiles, strict=False))
    known = dict(curve)
    band = within(0.25 if (shortest, longest) in _ROUGH else 0.1)
    return Series(
        name=f"{shortest}-{longest} ms",
        scenario="calibration/raft-figure-16",
        settings=settings(shortest, longest),
        measure="sim.calibration.measures:heard_ms",
        trials=4000,
        quick_trials=100,
        checks=(
            Check("p50", known.get(0.5), band),
            Check("p90", known.get(0.9), band),
            Check("mean", mean or None, band),
        ),
        curve=curve,
    )


def settings(shortest: int, longest: int) -> tuple[str, ...]:
    """Return a range of timeouts in ms, and what goes with it: heartbeats come at half the shortest."""
    beat_us = shortest * 500
    return (
        f"protocol.election_timeout=[{shortest}ms, {longest}ms]",
        f"protocol.heartbeat_interval={beat_us}us",
        f"faults.3.jitter={beat_us}us",
    )


_NOISE = (
    "set by the noise of clocks and schedulers, which was not published: timers here are 0 to 0.2 ms late"
)
_EQUAL = Series(
    name="150-150 ms",
    scenario="calibration/no-randomness",
    settings=("protocol.election_timeout=[150ms, 150200us]", "duration=2000s"),
    measure="sim.calibration.measures:stable_leader_ms",
    trials=300,
    quick_trials=2,
    checks=(
        Check("p50", 10_000.0, AT_LEAST),
        Check("p50", 40_882.0, within(0.25), _NOISE),
        Check("p90", 84_946.0, within(0.25), _NOISE),
        Check("mean", 54_336.0, within(0.25), _NOISE),
    ),
    curve=tuple(zip(SHARES[:6], (19_972.0, 28_495.0, 40_882.0, 60_673.0, 84_946.0, 121_436.0), strict=True)),
)

FIGURE_16 = Experiment(
    name="raft-figure-16",
    about="time from the leader's crash until another server hears of the next one",
    source="Raft Figure 16; Dissertation §9.3",
    unit="ms",
    series=(*(_range(*each) for each in _CURVES), _EQUAL),
)

NO_RANDOMNESS = Experiment(
    name="no-randomness",
    about="whether anybody is elected within 600 s when all timeouts are equal",
    source="Raft §9.3: without randomness elections kept failing",
    unit="share",
    series=(
        Series(
            name="no randomness",
            scenario="calibration/no-randomness",
            settings=("duration=600s",),
            measure="sim.calibration.measures:elected",
            trials=8,
            quick_trials=1,
            checks=(Check("share", 0.0, AT_MOST),),
        ),
    ),
)
