"""Pass, fail or inconclusive, rule by rule."""

from __future__ import annotations

import pytest

from analysis.verdict import Outcome, Verdict, judge
from sim.conditions import Condition
from sim.records import Followed, Led, Record, Served, Violated
from tests.unit.test_analysis_runs import Run, recorded

SERVICE: list[Record] = [Led(6, "a", 1), Served(10, "a", 1)]


def line(text: str) -> Condition:
    """Return the condition written as "metric operator value"."""
    metric, operator, value = text.split()
    return Condition(metric, operator, float(value), f"{operator} {value}")


def verdict(*events: Record, reach: str = "", expect: str = "") -> Verdict:
    """Return the verdict on a run in which a serves; conditions are separated by commas."""
    reached, expected = ([line(text) for text in lines.split(",") if text] for lines in (reach, expect))
    return judge(Run(recorded(*SERVICE, *events)), reached, expected)


def violated(name: str, outside: str = "") -> Violated:
    """Return a violation."""
    return Violated(50, name, ("a", "b"), "epoch 3", outside)


def test_all_that_was_asked_for_holds() -> None:
    """Pass, with what was measured."""
    found = verdict(reach="leaderships >= 1", expect="elections == 1")

    assert found == Verdict(
        "pass",
        (Outcome(line("elections == 1"), 1, True),),
        (Outcome(line("leaderships >= 1"), 1, True),),
        (),
        (),
    )


def test_an_expectation_that_does_not_hold_fails() -> None:
    """And says what was expected and measured."""
    found = verdict(expect="elections == 2")

    assert (found.status, found.reasons) == ("fail", ("expected elections == 2: measured 1",))
    assert found.expectations == (Outcome(line("elections == 2"), 1, False),)


def test_what_was_never_reached_is_inconclusive() -> None:
    """Unless the run failed already."""
    missed = verdict(reach="leader_changes >= 1", expect="elections == 1")

    assert (missed.status, missed.reasons) == (
        "inconclusive",
        ("never reached leader_changes >= 1: measured 0",),
    )
    assert verdict(reach="leader_changes >= 1", expect="elections == 2").status == "fail"
    assert verdict(reach="latency.p50 < 1").status == "inconclusive"


def test_an_expectation_that_compared_nothing_is_inconclusive() -> None:
    """No client, no latency."""
    found = verdict(expect="latency.p99 < 1,elections == 1")

    assert found.status == "inconclusive"
    assert found.reasons == ("compared nothing: latency.p99 < 1: nothing was measured",)
    assert found.expectations[0] == Outcome(line("latency.p99 < 1"), None, None)


def test_a_violation_fails_the_run() -> None:
    """Of safety or of liveness; with its evidence."""
    found = verdict(violated("election_safety"))

    assert found.status == "fail"
    assert found.reasons == ("election_safety violated at 0.000000 s (a, b): epoch 3",)
    assert found.violations == (violated("election_safety"),)
    assert verdict(violated("convergence")).status == "fail"


def test_a_violation_outside_the_envelope_is_reported_only() -> None:
    """The protocol had not promised to hold it."""
    found = verdict(violated("election_safety", "lying fsync"))

    assert (found.status, found.violations) == ("pass", (violated("election_safety", "lying fsync"),))


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("election_safety", "violations.election_safety"),
        ("election_safety", "violations"),
        ("leader_completeness", "violations.leader_completeness"),
        ("convergence", "violations.convergence"),
    ],
)
def test_a_violation_that_is_demanded_does_not_fail(name: str, metric: str) -> None:
    """A scenario that demonstrates a flaw passes when the flaw shows; `< 9` is no such demand."""
    assert verdict(violated(name), expect=f"{metric} >= 1").status == "pass"
    assert verdict(violated(name), expect=f"{metric} < 9").status == "fail"


def test_one_demanded_violation_does_not_excuse_another() -> None:
    """Each property is demanded by its own name, unless any violation will do."""
    both = [violated("election_safety"), violated("monotone_epoch")]

    assert verdict(*both, expect="violations.election_safety >= 1").status == "fail"
    assert (
        verdict(*both, expect="violations.election_safety >= 1,violations.monotone_epoch >= 1").status
        == "pass"
    )


def test_a_demanded_level_of_split_brain_covers_its_properties() -> None:
    """Two leaders of one epoch: what the checker calls election_safety."""
    twin = [Led(20, "b", 1), Followed(30, "b", 1, "x")]
    later = [Led(20, "b", 2), Followed(30, "b", 2, "x")]

    assert verdict(*twin, violated("election_safety"), expect="split_brain.same_epoch >= 1").status == "pass"
    assert verdict(*twin, violated("log_matching"), expect="split_brain.same_epoch >= 1").status == "fail"
    assert verdict(violated("log_matching"), expect="split_brain.lost_state >= 1").status == "pass"
    assert (
        verdict(*later, violated("exclusive_belief"), expect="split_brain.dual_belief.total > 0").status
        == "pass"
    )


def test_a_demanded_flaw_that_did_not_show_fails() -> None:
    """The demonstration demonstrated nothing."""
    assert verdict(expect="violations.election_safety >= 1").status == "fail"


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("< 5e-8", False), ("<= 5e-8", False), ("== 5e-8", False), ("!= 5e-8", True), ("> 5e-8", True),
        (">= 1e-7", True), ("< 1e-7", False), ("<= 1e-7", None), ("< 2e-7", None), ("> 1e-7", None),
        ("== 2e-7", None), ("!= 2e-7", None),
    ],
)  # fmt: skip
def test_a_censored_election_time_is_compared_with_what_it_must_exceed(text: str, ok: bool | None) -> None:
    """Nobody led for the 1e-7 s of the run; if that does not decide the comparison, nothing does."""
    condition = line(f"election_time.belief.p99 {text}")
    found = judge(Run(recorded()), [], [condition])

    assert found.expectations == (Outcome(condition, None, ok, 1e-7),)
    assert found.status == {True: "pass", False: "fail", None: "inconclusive"}[ok]


def test_the_reason_of_a_censored_expectation() -> None:
    """Says how long was waited in vain."""
    found = judge(Run(recorded()), [], [line("election_time.belief.p99 < 5e-8")])

    assert found.reasons == (
        "expected election_time.belief.p99 < 5e-8: not reached by the end of the run, at least 1e-07",
    )


def test_a_condition_on_no_metric_is_refused() -> None:
    """A typing error must not pass as an expectation."""
    with pytest.raises(KeyError):
        verdict(expect="elektions == 1")
