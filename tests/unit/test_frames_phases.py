"""The waterfall of fail-overs, and what of it was waiting for disks."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import frames
from analysis.disk_waits import writes_under_way
from analysis.examples import Example, nothing_happened, three_elections
from analysis.frames.failover_phases import PHASES
from sim.records import Answered, Campaigned, Led, Message, Record, Saved, Served, Synced
from tests.unit.test_analysis_runs import crash, recorded

S = 10**9


def failover(*events: Record, details: list[Record]) -> pd.Series:
    """Return the waterfall's row of b's election after a, leader of epoch 1, has crashed at 10 s."""
    first = [Campaigned(1 * S, "a", 1), Led(2 * S, "a", 1), Served(3 * S, "a", 1)]
    run = Example(recorded(*first, *crash(10 * S, "a", 1), *events, end=60 * S), details, "full")
    return frames.waterfall(run).iloc[1]


ELECTED: list[Record] = [
    Campaigned(12 * S, "b", 2), Campaigned(13 * S, "c", 2), Campaigned(16 * S, "c", 3),
    Campaigned(17 * S, "b", 3), Led(20 * S, "b", 3), Served(24 * S, "b", 3), Answered(29 * S, "k", "b", 3),
]  # fmt: skip


def test_every_second_is_in_one_phase() -> None:
    """A failed round in epoch 2 from 12 to 16; in epoch 3, c sets out before b, who wins."""
    row = failover(*ELECTED, details=[])

    assert [row[f"{phase}_s"] for phase in PHASES if phase != "disk"] == [2, 4, 1, 3, 4, 5]
    assert pd.isna(row["disk_s"])
    assert row["total_s"] == 19


def test_disks_on_the_path_are_split_off() -> None:
    """b writes its vote from 17 to 18; c, whose vote arrives last, from 18.5 to 19; x does not matter."""
    details: list[Record] = [
        Saved(17 * S, "b", "Vote", {}), Synced(18 * S, "b", 1),
        Saved(18 * S + S // 2, "c", "Vote", {}), Synced(19 * S, "c", 1),
        Saved(17 * S, "x", "Vote", {}), Synced(20 * S, "x", 1),
        Message(20 * S, 19 * S, "c", "b", "Reply", "delivered", {}),
        Saved(20 * S, "b", "Entry", {}), Saved(21 * S, "b", "Entry", {}), Synced(22 * S, "b", 2),
    ]  # fmt: skip
    row = failover(*ELECTED, details=details)

    assert row["disk_s"] == pytest.approx(1.5 + 2)
    assert row["votes_s"] == pytest.approx(3 - 1.5)
    assert row["first_service_s"] == pytest.approx(4 - 2)
    assert sum(row[f"{phase}_s"] for phase in PHASES) == row["total_s"]


def test_a_crash_ends_what_was_being_written() -> None:
    """Nothing of it will ever become durable."""
    records = recorded(*crash(5, "a"))

    assert writes_under_way(records, [Saved(3, "a", "x", {})]) == {"a": [(3, 5)]}


def test_failover_that_is_not_over_is_open() -> None:
    """Its phases are missing, and means are over the others."""
    rows = frames.waterfall(three_elections())
    means = frames.phases(rows)

    assert rows["censored"].tolist() == [False, False, True]
    assert means["open"].unique().tolist() == [1]
    assert means.set_index("phase")["mean_s"]["detection"] == pytest.approx(0.2)


def test_run_without_failovers_has_empty_phases() -> None:
    """The start of a run is no fail-over."""
    found = frames.phases(nothing_happened())

    assert (len(found), list(found.columns)) == (0, ["protocol", "phase", "mean_s", "failovers", "open"])
