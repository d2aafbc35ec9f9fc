"""Which settings are safe, which is best, and how far it is to the edge."""

from __future__ import annotations

from math import inf

import pytest

from sim.conditions import Condition
from sim.scenario.expectations import conditions
from sim.sweep.cells import Cell
from sim.sweep.measures import Measure
from sim.sweep.tuning import Edge, Goal, Judged, Setting, as_dict, best, edges, holds, judge, settings, slack

PATH = "protocol.election_timeout"


def condition(text: str) -> Condition:
    """Return one condition."""
    (found,) = conditions(text)
    return found


def judged(value: str, safety: str, objective: float | None = 1.0, protocol: str = "raft") -> Judged:
    """Return a setting of which that is known."""
    held = {"safe": (True,), "unsafe": (False,), "unsure": (None,), "refused": ()}[safety]
    varied = ((PATH, value),)
    cell = None if safety == "refused" else Cell("toy", protocol, varied, "toy.yaml", (), b"", "")
    measure = Measure(objective, objective, objective)
    return Judged(Setting(protocol, varied, cell), measure, (measure,) * len(held), held)


@pytest.mark.parametrize(
    ("text", "low", "value", "high", "expected"),
    [
        ("election_time.service.p99 < 1s", 0.5, 0.7, 0.9, True),
        ("election_time.service.p99 < 1s", 0.5, 0.7, 1.0, None),
        ("election_time.service.p99 < 1s", 1.0, 1.1, 1.2, False),
        ("election_time.service.p99 < 1s", 0.9, inf, inf, None),
        ("election_time.service.p99 < 1s", inf, inf, inf, False),
        ("availability.client >= 99%", 0.991, 0.995, 0.999, True),
        ("availability.client >= 99%", 0.98, 0.995, 0.999, None),
        ("split_brain.same_epoch == 0", 0, 0, 0, True),
        ("split_brain.same_epoch == 0", 1, 1, 1, False),
        ("availability.client >= 99%", None, None, None, None),
    ],
)
def test_holds_over_the_whole_interval(
    text: str, low: float | None, value: float | None, high: float | None, expected: bool | None
) -> None:
    """Safe only if the condition is true at both ends; nothing measured proves nothing."""
    assert holds(condition(text), Measure(value, low, high)) is expected


def test_slack_is_positive_on_the_right_side() -> None:
    """In the metric's unit; a bound that is not reached, or an exact one, has none."""
    assert slack(condition("election_time.service.p99 < 1s"), Measure(0.7, 0.6, 0.8)) == pytest.approx(0.3)
    assert slack(condition("availability.client >= 99%"), Measure(0.98, 0.9, 1)) == pytest.approx(-0.01)
    assert slack(condition("leader_changes == 1"), Measure(1, 1, 1)) is None
    assert slack(condition("election_time.service.p99 < 1s"), Measure(inf, 0.1, inf)) is None


def test_best_is_the_safe_one_with_the_best_objective() -> None:
    """Unsafe and unsure ones do not count, however good."""
    tried = [judged("1s", "unsafe", 0.1), judged("2s", "unsure", 0.2), judged("3s", "safe", 0.4)]
    tried += [judged("4s", "safe", 0.3), judged("5s", "safe", 0.3), judged("6s", "safe", None)]

    found = best(tried, Goal("latency.p99", False, ()))
    most = best(tried, Goal("latency.p99", True, ()))

    assert (found, most) == (tried[3], tried[2])
    assert best(tried[:2], Goal("latency.p99", False, ())) is None


def test_edges_are_the_nearest_unsafe_values_on_the_same_line() -> None:
    """Ranges count by their beginning; a value that is not safe for sure is an edge; refused ones too."""
    chosen = judged("[300ms, 600ms]", "safe")
    tried = [
        judged("[50ms, 100ms]", "unsafe"),
        judged("[150ms, 300ms]", "unsure"),
        judged("[200ms, 400ms]", "safe"),
        chosen,
        judged("[1s, 2s]", "safe"),
        judged("[500ms, 1s]", "unsafe", protocol="other"),
    ]

    assert edges(chosen, tried) == [
        Edge(PATH, "[300ms, 600ms]", "[150ms, 300ms]", 150_000_000, "unsure"),
        Edge(PATH, "[300ms, 600ms]", None, None),
    ]
    assert edges(chosen, [*tried, judged("[301ms, 1s]", "refused")])[1].margin_ns == 1_000_000
    assert edges(judged("5", "safe"), []) == []


def test_refused_combinations_are_settings_too() -> None:
    """With the reason, and nothing measured."""
    cell = Cell("toy", "raft", ((PATH, "1s"),), "toy.yaml", (), b"", "")
    goal = Goal("latency.p99", False, (condition("leader_changes <= 1"),))

    tried = settings([cell], [("raft", ((PATH, "1ms"),), "too short")], goal)
    found = [judge(each, goal) for each in tried]

    assert [each.safety for each in found] == ["unsure", "refused"]
    shown = as_dict(found[1], goal)
    assert (shown["reason"], shown["constraints"]) == ("too short", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("availability.client", "expected `metric operator value`"),
        ("availability.clint > 1%", "did you mean"),
        ("availability.client > 1s", "expected a share"),
    ],
)
def test_conditions_say_what_is_wrong_with_them(text: str, message: str) -> None:
    """As `reach:` does."""
    with pytest.raises(ValueError, match=message.replace("`", ".")):
        conditions(text)
