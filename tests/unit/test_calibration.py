"""A calibration judges by its bands, names what is unknown, and can fail."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sim.calibration.catalogue import EXPERIMENTS, calibrate, chosen, trials
from sim.calibration.experiment import AT_LEAST, AT_MOST, BELOW, Check, Experiment, Series, points, within
from sim.calibration.judgement import judge
from sim.calibration.published.dissertation import AVAILSIM, SPLIT_VOTES, split_probability
from sim.calibration.trials import conduct
from sim.errors import ScenarioError, SimulatorError, UserError
from sim.records import RunEnded
from sim.result import Result

SERIES = Series(
    name="a",
    scenario="calibration/split-vote",
    settings=("network.latency=0ms",),
    measure="sim.calibration.measures:split_vote",
    trials=12,
    quick_trials=3,
    checks=(Check("share", 0.0, AT_MOST),),
)
EXPERIMENT = Experiment("an-experiment", "what it is about", "where it stands", "share", (SERIES,))


def verdict(check: Check, values: list[float], quick: bool = False) -> str:
    """Return the verdict on one check."""
    (row,) = judge(EXPERIMENT, replace(SERIES, checks=(check,)), values, quick)
    return row.verdict


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (Check("mean", 100.0, within(0.02)), 101.9, 102.1),
        (Check("share", 0.5, points(0.01)), 0.5, 0.0),
        (Check("p50", 10.0, AT_MOST), 10.0, 10.1),
        (Check("p50", 10.0, AT_LEAST), 10.0, 9.9),
        (Check("p50", 10.0, BELOW), 9.9, 10.0),
    ],
)
def test_a_number_must_lie_in_its_band(check: Check, good: float, bad: float) -> None:
    values = [1.0, 0.0] if check.statistic == "share" and good == 0.5 else [good]

    assert verdict(check, values) == "pass"
    assert verdict(check, [bad]) == "miss"


def test_what_never_came_misses() -> None:
    """An infinite length is in no band around a number."""
    assert verdict(Check("mean", 100.0, within(0.02)), [100.0, math.inf]) == "miss"


def test_distance_is_from_the_published_curve() -> None:
    series = replace(SERIES, checks=(Check("distance", 0.03, AT_MOST),), curve=((0.5, 10.0),))

    assert judge(EXPERIMENT, series, [9.0, 11.0], False)[0].verdict == "pass"
    assert judge(EXPERIMENT, series, [11.0, 12.0], False)[0].verdict == "miss"


def test_without_a_published_number_it_is_a_prediction() -> None:
    assert verdict(Check("mean"), [1.0]) == "prediction"


def test_a_known_reason_explains_a_miss_and_nothing_else() -> None:
    check = Check("mean", 100.0, within(0.02), reason="they measured something else")

    assert verdict(check, [50.0]) == "explained"
    assert verdict(check, [100.0]) == "pass"


def test_of_few_trials_the_interval_decides() -> None:
    """Mean 110, interval 110 +- 20: it reaches 100. Around 1000 it does not."""
    check = Check("mean", 100.0, within(0.02))

    assert verdict(check, [100.0, 120.0]) == "miss"
    assert verdict(check, [100.0, 120.0], quick=True) == "pass"
    assert verdict(check, [1000.0, 1020.0], quick=True) == "miss"


def test_rows_have_the_keys_that_programs_read() -> None:
    (row,) = judge(EXPERIMENT, SERIES, [0.0, 0.0], False)

    assert row.as_dict() | {"confidence_interval": None} == {
        "experiment": "an-experiment",
        "series": "a",
        "statistic": "share",
        "unit": "share",
        "published": 0.0,
        "simulated": 0.0,
        "confidence_interval": None,
        "accepted": "at most",
        "verdict": "pass",
        "trials": 2,
        "source": "where it stands",
        "reason": None,
    }


def test_trials_come_in_the_order_of_their_seeds() -> None:
    """Whatever the number of processes."""
    times = replace(SERIES, measure="sim.calibration.measures:stable_leader_ms")
    alone = list(conduct([times, SERIES], jobs=1))

    assert [len(values) for values in alone] == [12, 12]
    assert alone == list(conduct([times, SERIES], jobs=1))
    assert len(set(alone[0])) == 12


def test_progress_is_told_of_every_trial() -> None:
    told: list[int] = []
    found = list(calibrate([EXPERIMENT], jobs=1, progress=told.append))

    assert sum(told) == trials([EXPERIMENT], quick=False) == 12
    assert trials([EXPERIMENT], quick=True) == 3
    assert [each.series.name for each in found] == ["a"]


def test_a_crash_of_ours_is_no_result() -> None:
    with pytest.raises(SimulatorError, match="seed 0"):
        list(conduct([replace(SERIES, measure=f"{__name__}:crashes")], jobs=1))


def crashes(result: Result) -> float:
    """Fail on every run."""
    raise ZeroDivisionError(type(result.records[-1]) is RunEnded)


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ScenarioError):
        list(conduct([replace(SERIES, settings=("network.latancy=1ms",))], jobs=1))


@pytest.mark.parametrize(("name", "said"), [("availsin", "did you mean 'availsim'"), ("x", "there is split")])
def test_unknown_experiments_are_refused(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        chosen([name])


def test_experiments_are_chosen_by_name() -> None:
    assert chosen(["availsim"]) == (AVAILSIM,)
    assert chosen([]) == EXPERIMENTS


def test_names_are_unique() -> None:
    names = [each.name for each in EXPERIMENTS]

    assert len(set(names)) == len(names)
    for experiment in EXPERIMENTS:
        series = [each.name for each in experiment.series]
        assert len(set(series)) == len(series)


@pytest.mark.parametrize(
    ("servers", "live", "latency", "percent"),
    [(5, 4, 0.1, 5.2), (5, 4, 0.2, 18.1), (9, 7, 0.2, 15), (9, 5, 0.2, 67), (9, 6, 0.2, 35), (7, 6, 0.2, 10)],
)
def test_closed_form_gives_the_values_of_the_text(
    servers: int, live: int, latency: float, percent: float
) -> None:
    """Dissertation §9.2 names these, rounded ("nearly 70 %" is 67.2)."""
    assert split_probability(servers, live, latency) * 100 == pytest.approx(percent, abs=0.55)


def test_a_wrong_simulation_misses() -> None:
    """Half the latency splits far fewer votes than the closed form says: the table can fail."""
    series = next(each for each in SPLIT_VOTES.series if each.name.startswith("3 of 5"))
    wrong = replace(
        series, settings=(*series.settings, "network.latency=100ms"), trials=150, quick_trials=150
    )
    (found,) = calibrate([replace(SPLIT_VOTES, series=(wrong,))], quick=True, jobs=1)

    assert [row.verdict for row in found.rows] == ["miss"]


def test_a_change_is_against_the_baseline_under_the_same_seeds() -> None:
    """The same latency in other words: the very same runs, and no change at all."""
    same = replace(
        SERIES,
        measure="sim.calibration.measures:stable_leader_ms",
        baseline=("network.latency=0s",),
        checks=(Check("change", 0.0, points(0.0)),),
    )
    told: list[int] = []
    (found,) = calibrate([replace(EXPERIMENT, series=(same,))], jobs=1, progress=told.append)

    assert [(row.statistic, row.unit, row.verdict) for row in found.rows] == [("change", "share", "pass")]
    assert sum(told) == trials([replace(EXPERIMENT, series=(same,))], quick=False) == 24
