"""Experiments of Ongaro's dissertation, chapter 9.

Numbers: Diego Ongaro, "Consensus: Bridging Theory and Practice", 2014 (CC-BY), from the sources of
its figures.
"""

from __future__ import annotations

from math import comb

from sim.calibration.experiment import AT_MOST, BELOW, Check, Curve, Experiment, Series, points, within


def split_probability(servers: int, live: int, latency: float) -> float:
    """Return how likely a split vote is; `latency` is one-way, in units of the range of timeouts.

    Dissertation §9.2: all live servers start their timers together and have equal logs. Votes are split
    if so many time out within one latency that too few are left to elect the first of them.
    """
    fewest = live - servers // 2 + 1
    return sum(comb(live, k) * latency**k * (1 - latency) ** (live - k) for k in range(fewest - 1, live + 1))


_NINE = (
    (5, 4, 0.01), (5, 4, 0.1), (5, 4, 0.2), (5, 3, 0.2), (9, 7, 0.2), (9, 5, 0.2), (9, 6, 0.2),
    (7, 6, 0.2), (9, 5, 0.1),
)  # fmt: skip
"""Servers, live servers and latency: the values that the text of §9.2 names."""


def _split(servers: int, live: int, latency: float) -> Series:
    down = [f"n{number}" for number in range(live + 1, servers + 1)]
    expected = split_probability(servers, live, latency)
    # So many that the standard error is 0.4 points at most.
    trials = max(2000, int(expected * (1 - expected) / 0.004**2))
    return Series(
        name=f"{live} of {servers} servers, latency {latency:g}",
        scenario="calibration/split-vote",
        settings=(
            f"protocol.nodes={servers}",
            f"network.latency={latency * 1000:g}ms",
            f"faults.0.crash=[{', '.join(down)}]",
        ),
        measure="sim.calibration.measures:split_vote",
        trials=trials,
        quick_trials=150,
        checks=(Check("share", expected, points(0.01)),),
    )


SPLIT_VOTES = Experiment(
    name="split-votes",
    about="how often the first round of an election elects nobody",
    source="Dissertation §9.2, closed form for split votes",
    unit="share",
    series=tuple(_split(*each) for each in _NINE),
)

_SHARES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
_QUANTILES: dict[tuple[str, int], tuple[float, ...]] = {
    ("same logs", 0): (372.0, 386.5, 409.5, 445.7, 489.2, 525.5, 833.7, 991.0),
    ("same logs", 1): (375.0, 393.6, 423.3, 474.1, 563.0, 814.4, 1006.8, 1387.0),
    ("different logs", 0): (378.2, 416.6, 470.7, 538.8, 613.9, 653.5, 943.0, 1158.0),
}
"""In ms, by logs and by servers that are down. The other three curves were not published as numbers."""
_MEANS = {("same logs", 0): 430.0, ("same logs", 1): 468.6, ("different logs", 0): 492.6}
_SLOWEST = {1: 1500.0, 2: 3000.0}
"""99.9 % of elections take less than so many ms, by servers that are down."""


def _availsim(logs: str, down: int) -> Series:
    curve: Curve = tuple(zip(_SHARES, _QUANTILES.get((logs, down), ()), strict=False))
    lengths = "[1, 1, 1, 1, 1]" if logs == "same logs" else "[5, 4, 3, 2, 1]"
    dead = f"faults=[{{at: 0s, crash: [{', '.join(('n4', 'n5')[:down])}], host: down}}]"
    checks = [
        Check("mean", _MEANS.get((logs, down)), within(0.03 if down == 2 else 0.02)),
        Check("p50", dict(curve).get(0.5), within(0.03)),
    ]
    if curve:
        checks.append(Check("distance", 0.03, AT_MOST))
    if down in _SLOWEST and logs == "same logs":
        checks.append(Check("p99.9", _SLOWEST[down], BELOW))
    return Series(
        name=f"{logs}, {down} down",
        scenario="calibration/availsim",
        settings=(
            f"initial.log_lengths={lengths}",
            f"initial.shuffle={'false' if logs == 'same logs' else 'true'}",
            *((dead,) if down else ()),
        ),
        measure="sim.calibration.measures:stable_leader_ms",
        trials=8000,
        quick_trials=100,
        checks=tuple(checks),
        curve=curve,
    )


AVAILSIM = Experiment(
    name="availsim",
    about="time until a stable leader is elected across a wide area",
    source="Dissertation §9.4, simulated wide area network",
    unit="ms",
    series=tuple(_availsim(logs, down) for logs in ("same logs", "different logs") for down in (0, 1, 2)),
)
