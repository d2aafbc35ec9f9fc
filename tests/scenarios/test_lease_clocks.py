"""Clocks of holder, server and standby that are off by 0.1% to 25%: the overlap is what arithmetic says.

The holder of a lease of 5 s is cut off from the lock server; its successor asks every 10 ms.
"""

from __future__ import annotations

from typing import Any

import pytest

from protocols.lease.holder import shortened
from sim.run import run

SECOND = 1_000_000_000
TTL_S = 5
BOUND = 0.01
RATES = (-0.25, -0.05, -0.01, -0.001, 0.001, 0.01, 0.05, 0.25)


def scenario(of: str, rate: float) -> dict[str, Any]:
    """Return a run in which the clocks of `of` are off by `rate`, from before the last renewals."""
    return {
        "schema": 1,
        "name": "clocks",
        "about": "One clock is wrong.",
        "duration": "20s",
        "protocol": {
            "name": "lock-server",
            "ttl": f"{TTL_S}s",
            "poll_interval": "10ms",
            "rate_bound": f"{BOUND:.0%}",
        },
        "network": {"latency": "1ms"},
        "faults": [
            {"at": "1s", "clock": {"of": of, "rate": f"{rate * 100:g}%"}},
            {"at": "9s", "isolate": "leader", "for": "10s"},
        ],
    }


def overlap_s(of: str, rate: float) -> float:
    """Return how long the holder counts on the lease after the server gave it up; negative: before."""
    holder, server = (rate if of == "leader" else 0), (rate if of == "s1" else 0)
    counted = shortened(TTL_S * SECOND, BOUND) / SECOND
    # Counted from the send, 1 ms before the server grants it.
    return counted / (1 + holder) - (TTL_S / (1 + server) + 0.001)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("of", ["leader", "s1", "followers"])
def test_overlap_is_the_difference_of_the_clocks(of: str, rate: float) -> None:
    """Less the time in which the next one asks and is answered: 1 ms to 13 ms.

    A violation is outside the envelope if and only if the clock is off by more than the bound.
    """
    result = run(scenario(of, rate), seed=4)
    expected = overlap_s(of, rate)
    measured = result.metrics["split_brain.dual_belief.total"]

    assert result.metrics["leader_changes"] == 1
    assert measured is not None
    assert max(0, expected - 0.014) <= measured <= max(0, expected)
    assert result.metrics["violations"] == 0
    assert (result.metrics["violations.outside_envelope"] == 1) == (measured > 0)
    assert not measured or abs(rate) > BOUND
