"""Baselines: what is kept, what counts as worse, and when it is decided."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.sweep import baseline
from sim.sweep.baseline import Recorded, change, collected, compare, looks, read, recorded, write
from sim.sweep.cells import Cell
from sim.sweep.measures import Measure
from sim.sweep.tables import Row, nothing
from tests.unit.test_sweep_summary import run_of

CELL = Cell("toy", "raft", (), "toy.yaml", (), b"", "text")
COST = "cost.messages_per_second"


def rows(values: list[float], verdict: str = "pass", digest: str = "d") -> list[Row]:
    """Return a row for each run."""
    return [
        run_of(**{COST: value, "seed": seed, "verdict": verdict, "digest": f"{digest}{seed}"})
        for seed, value in enumerate(values)
    ]


def kept(found: list[Row]) -> Recorded:
    """Return the baseline of these runs."""
    (each,) = collected([CELL], [COST]).values()
    each.add(nothing() | {"runs": found}, looks(len(found)))
    return recorded(each, "toy.yaml", ())


def check(before: Recorded, found: list[Row], allowed: float = 0.1) -> baseline.Outcome:
    """Return what these runs say against a baseline."""
    (each,) = collected([CELL], [COST]).values()
    each.add(nothing() | {"runs": found}, looks(before.seeds))
    return compare(before, each, allowed, 0.95)


def test_the_same_runs_are_decided_at_once() -> None:
    """By their digests: nothing has to be compared."""
    values = [100.0 + seed % 7 for seed in range(100)]

    outcome = check(kept(rows(values)), rows(values[:50]))

    assert (outcome.same, outcome.decided, outcome.worse, outcome.seeds) == (True, True, False, 50)


@pytest.mark.parametrize(
    ("factor", "decision"), [(1.0, "within"), (1.05, "within"), (1.3, "worse"), (0.7, "better")]
)
def test_a_change_is_judged_by_its_interval(factor: float, decision: str) -> None:
    """Spread 2 %, so that 100 runs tell 5 % from 10 %: half intervals are below 1 %."""
    values = [100.0 + seed % 7 for seed in range(100)]

    outcome = check(kept(rows(values)), rows([value * factor for value in values], digest="e"))

    assert [each.decision for each in outcome.changes] == [decision]
    assert outcome.worse == (decision == "worse")
    assert outcome.changes[0].change == pytest.approx(factor - 1)
    assert outcome.decided


def test_what_noise_hides_is_open() -> None:
    """Values from 10 to 190: five runs cannot tell 8 % more from 20 % more."""
    values = [10.0, 190.0, 50.0, 150.0, 100.0]

    outcome = check(kept(rows(values)), rows([value * 1.08 for value in values], digest="e"))

    assert [each.decision for each in outcome.changes] == ["open"]
    assert not outcome.decided
    assert not outcome.worse


def test_a_run_that_does_not_pass_any_more_shuts_the_gate() -> None:
    """Unless it did not pass before either."""
    values = [100.0] * 10
    failing = rows(values, verdict="fail", digest="e")

    assert list(check(kept(rows(values)), failing).fallen) == list(range(10))
    assert check(kept(rows(values)), failing).worse
    assert not check(kept(rows(values, verdict="fail")), failing).worse


def test_of_an_availability_the_downtime_counts() -> None:
    """From 99.9 % to 99.7 % is three times the downtime."""
    found = change(
        "availability.client", {"value": 0.999, "error": 1e-5}, Measure(0.997, 0, 1, 1e-5), 0.1, 0.95
    )

    assert found.decision == "worse"
    assert found.change == pytest.approx(2.0)
    assert str(found).startswith("1 - availability.client +200%")


@pytest.mark.parametrize(
    ("before", "after", "decision"),
    [
        (0.3, inf, "worse"),
        (None, 0.3, "better"),
        (None, inf, "within"),
        (0.0, 0.1, "worse"),
        (0.0, 0.0, "within"),
    ],
)
def test_what_was_not_reached_or_not_there(before: float | None, after: float, decision: str) -> None:
    """A quantile that the runs do not reach any more is worse than any; something after nothing is too."""
    found = change(
        "election_time.service.p99", {"value": before, "error": None}, Measure(after, after, after), 0.1, 0.95
    )

    assert found.decision == decision
    assert decision == "within" or " before, " in str(found)


def test_the_interval_is_that_of_a_ratio() -> None:
    """1.959964 x 1.2 x sqrt((6/120)^2 + (5/100)^2) for errors of 5 % on both sides (delta method)."""
    found = change(COST, {"value": 100.0, "error": 5.0}, Measure(120.0, 0, 0, 6.0), 0.1, 0.95)

    assert found.half == pytest.approx(1.959964 * 1.2 * (2 * 0.05**2) ** 0.5, rel=1e-5)


def test_a_baseline_comes_back_as_it_was(tmp_path: Path) -> None:
    """And the file is small."""
    before = kept(rows([100.0 + seed % 7 for seed in range(300)]))
    write(tmp_path / "b.json", [before])

    assert read(tmp_path / "b.json") == [before]
    assert list(before.digests) == ["50", "100", "200", "300"]
    assert (tmp_path / "b.json").stat().st_size < 2000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a baseline"),
        ("{}", "leadersim baseline save makes one"),
        ('{"format": "leadersim-baseline", "version": 9}', "version 9"),
        ('{"format": "leadersim-baseline", "version": 1, "cells": [{}]}', "damaged"),
        ('{"format": "leadersim-baseline", "version": 1}', "damaged"),
    ],
)
def test_other_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    """With the name of the file."""
    path = tmp_path / "b.json"
    path.write_text(text)

    with pytest.raises(UserError, match=message) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "none.json")
