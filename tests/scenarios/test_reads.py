"""What clients of a leader that is cut off read, by how reads are answered."""

from __future__ import annotations

import pytest

from analysis.linearizability import check_run
from sim.run import run
from sim.scenario import load

SEEDS = (1, 2)


def verdicts(reads: str) -> list[str]:
    """Return what the checker says of each seed."""
    scenario = load(f"scenarios/reads/cut-off-leader-{reads}.yaml")
    return [check_run(run(scenario, seed=seed, trace="summary")).verdict for seed in SEEDS]


@pytest.mark.slow
def test_etcds_lease_read_is_stale_although_all_clocks_agree() -> None:
    """It depends on when the check of the quorum comes due, but not on luck alone."""
    assert verdicts("unsafe-lease") == ["linearizable", "not"]


@pytest.mark.slow
@pytest.mark.parametrize("reads", ["log", "read-index", "lease"])
def test_every_other_read_is_linearizable(reads: str) -> None:
    """Dissertation §6.4: ReadIndex without clocks, a lease with clocks whose rates differ little."""
    assert verdicts(reads) == ["linearizable"] * len(SEEDS)
