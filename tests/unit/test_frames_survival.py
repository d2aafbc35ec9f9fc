"""Election times with censoring: the curve by hand, and against a second implementation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import pytest

from analysis import frames
from analysis.examples import nothing_happened, three_elections
from analysis.statistics import Sample, distribution, quantile
from sim.errors import UserError


def table(complete: Sequence[float], censored: Sequence[float], protocol: str = "raft") -> pd.DataFrame:
    """Return elections of these lengths until service, in seconds."""
    return pd.DataFrame(
        {
            "scenario": "s", "protocol": protocol, "seed": range(len(complete) + len(censored)),
            "fault_at_s": 0.0, "cause": "crash", "service_s": [*complete, *[math.nan] * len(censored)],
            "end_s": [*[100.0] * len(complete), *censored],
        }
    )  # fmt: skip


def test_kaplan_meier_by_hand() -> None:
    """Five at risk; one ends at 1, one is cut off at 2, so three are at risk at 3, where two end."""
    curve = frames.survival(table([1, 3, 3], [2, 4]))

    assert curve["time_s"].tolist() == [1, 3]
    assert curve["at_risk"].tolist() == [5, 3]
    assert curve["ended"].tolist() == [1, 2]
    assert curve["lasting"].tolist() == pytest.approx([4 / 5, 4 / 5 * 1 / 3])


def test_band_is_greenwoods_on_the_log_log_scale() -> None:
    """Kalbfleisch and Prentice: exp(-exp(log(-log S) +- 1.96 sqrt(V) / log S)), V = sum d / (n (n - d))."""
    curve = frames.survival(table([1, 3], [2, 4]))
    lasting, variance = 3 / 4, 1 / (4 * 3)
    half = 1.959964 * math.sqrt(variance) / math.log(lasting)
    low, high = (math.exp(-math.exp(math.log(-math.log(lasting)) + sign * half)) for sign in (-1, 1))

    assert [curve["low"][0], curve["high"][0]] == pytest.approx(sorted((low, high)), rel=1e-5)


def test_curve_and_quantiles_agree_with_the_pure_implementation() -> None:
    """`analysis.statistics`, which judges runs without scipy, says the same of many ties and censorings."""
    complete = [(7 * i * i) % 31 / 10 + 0.1 for i in range(60)]
    censored = [(5 * i) % 29 / 10 + 0.1 for i in range(20)]
    sample = Sample(*(tuple(round(1e9 * each) for each in lengths) for lengths in (complete, censored)))
    found = frames.survival(table(complete, censored))

    assert found["lasting"].tolist() == pytest.approx([1 - upto for _, upto in distribution(sample)])
    shares = (0.25, 0.5, 0.9, 1.0)
    values = frames.quantiles(table(complete, censored), shares=shares)["value_s"].tolist()
    wanted = [quantile(sample, share) for share in shares]
    assert values == pytest.approx([math.inf if each is None else each / 1e9 for each in wanted])


def test_quantile_that_is_not_reached_says_so() -> None:
    """Four of five are cut off: no median is known, and its text does not pretend to one."""
    row = frames.quantiles(table([1], [2, 2, 2, 8]), shares=(0.5,)).iloc[0]

    assert row["value_s"] == math.inf
    assert row["text"] == "not reached: 4 of 5 elections had not ended, the longest after 8 s"


def test_limits_enclose_and_widen() -> None:
    """The limits of a median enclose it, and are wider for few elections than for many."""
    few, many = (frames.quantiles(table([i / n for i in range(1, n + 1)], []), shares=(0.5,)).iloc[0]
                 for n in (20, 2000))  # fmt: skip

    assert few["low_s"] < few["value_s"] < few["high_s"]
    assert few["high_s"] - few["low_s"] > 3 * (many["high_s"] - many["low_s"])


def test_groups_in_order_of_appearance() -> None:
    """One curve per protocol."""
    both = pd.concat([table([2, 3], [], "zab"), table([1], [], "raft")])

    assert frames.survival(both, by="protocol")["protocol"].tolist() == ["zab", "zab", "raft"]
    assert frames.quantiles(both, shares=(0.5,), by="protocol")["elections"].tolist() == [2, 1]


def test_nothing_that_ended_gives_an_empty_curve_with_its_columns() -> None:
    """And quantiles that are not reached."""
    curve = frames.survival(table([], [3, 3]), by="protocol")

    assert list(curve.columns) == ["protocol", "time_s", "at_risk", "ended", "lasting", "low", "high"]
    assert len(curve) == 0
    assert frames.quantiles(table([], [3, 3]), shares=(0.5,))["value_s"].tolist() == [math.inf]
    assert frames.quantiles(table([], []), shares=(0.5,))["text"].tolist() == ["no elections"]


def test_run_without_a_leader_is_one_censored_election() -> None:
    """The start of a run calls for a leader."""
    assert frames.election_times(nothing_happened(), "belief")["censored"].tolist() == [True]


def test_unknown_definition_or_group_is_refused() -> None:
    """With what there is instead."""
    with pytest.raises(UserError, match="'sevice' is not one of belief, announced, service, client"):
        frames.survival(three_elections(), "sevice")
    with pytest.raises(UserError, match="no column 'nodes' to group by; there is scenario, protocol, seed"):
        frames.survival(three_elections(), by="nodes")
