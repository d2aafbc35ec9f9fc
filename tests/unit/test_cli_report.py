"""The report of one run has all that it was run for."""

from __future__ import annotations

import pytest

from sim.cli.console import Look
from sim.cli.screen.report import report
from sim.cli.screen.tables import expected, measured, sections
from sim.conditions import Condition
from sim.records import FaultStarted, Record, Violated
from sim.result import Result
from tests.unit.cli_fakes import (
    BAD,
    NO_VIOLATION,
    TWO_CHANGES,
    FakeScenario,
    S,
    leader_crash,
    result,
    violated,
)

REPLAY = "leadersim run toy.yaml --seed 7"


def shown(of: Result, look: Look | None = None) -> list[str]:
    """Return the lines of a report."""
    return report(of, look or Look(), REPLAY).splitlines()


def until(at_ns: int) -> tuple[list[Record], list[Record]]:
    """Return the records of the ten seconds up to and including an instant, and the others."""
    records = leader_crash()
    return [r for r in records if r.at_ns <= at_ns], [r for r in records if r.at_ns > at_ns]


def test_lanes_fill_the_width_and_fit_into_it() -> None:
    """At 80 columns, 8 of them for names and one to spare, a lane is 71 wide: 7.1 per second.

    n1 campaigns from 1 s, within column 7; leads from 2 s, of which column 14 (from 1.97 s) still has
    candidacy in it; is down from 5 s, in column 35.
    """
    lines = shown(result())
    lane = next(line for line in lines if line.startswith("n1 "))

    assert lane[8:] == "─" * 7 + "?" * 8 + "█" * 20 + "\u00d7" * 36
    assert max(map(len, lines)) <= 80


def test_plain_look_is_ascii() -> None:
    """For terminals that cannot show more."""
    assert report(result(), Look(unicode=False), REPLAY).isascii()


@pytest.mark.parametrize("width", [30, 80, 200])
def test_every_width_works(width: int) -> None:
    """Lanes are at least 20 columns; nothing else sets the width of a table of lanes."""
    lane = next(line for line in shown(result(), Look(width=width)) if line.startswith("n3 "))

    assert lane == "n3      " + "─" * (width - 9)


def test_header_names_the_run_and_what_was_drawn() -> None:
    """Scenario, protocol and seed, what it is about, and what the seed decided before the start."""
    drawn = {"n1 clock drift": "+12 ppm", "n2 clock drift": "-3 ppm", "n1 clock offset": "+5 ms"}
    lines = shown(result(drawn=drawn, scenario=FakeScenario(about="The leader\nis killed.")))

    assert lines[:4] == [
        "toy   raft, seed 7",
        "The leader is killed.",
        "drawn clock drift: n1 +12 ppm, n2 -3 ppm",
        "drawn clock offset: n1 +5 ms",
    ]


def test_faults_stand_above_the_lanes_with_their_key() -> None:
    """A fault at 5 s of 10 s is in column 35 of 71."""
    before, after = until(5 * S)
    lines = shown(result([*before, FaultStarted(5 * S, 0, "crash", ("n1",), ""), *after]))

    assert next(line for line in lines if line.startswith("faults")) == "faults  " + " " * 35 + "a"
    assert "  a  at 5s: crash n1" in lines


def test_expectations_are_shown_with_what_was_measured() -> None:
    """Whether it held is a word, not only a colour."""
    expect = (
        NO_VIOLATION,
        Condition("election_time.belief.max", "<", 1.0, "< 1s"),
        Condition("latency.p50", "<", 1.0, "< 1s"),
    )
    lines = [" ".join(line.split()) for line in shown(result(reach=(TWO_CHANGES,), expect=expect))]

    assert "reach leader_changes >= 2 1 FAILED" in lines
    assert "expect violations == 0 0 ok" in lines
    assert "expect election_time.belief.max < 1s 2s FAILED" in lines
    assert "expect latency.p50 < 1s nothing measured NOTHING TO COMPARE" in lines


def test_violation_is_shown_with_its_evidence() -> None:
    """When, which property, which nodes, what was seen, and where on the lanes."""
    lines = shown(result(violated()))

    assert " 8.000000s  election_safety  n1, n2" in lines
    assert "   both led in epoch 2" in lines
    assert next(line for line in lines if line.startswith("broken")).index("!") == 8 + 56  # 8 s * 7.1
    assert lines[-4:] == [
        "FAIL",
        " election_safety violated at 8.000000 s (n1, n2): both led in epoch 2",
        f"digest: {'d1' * 16}",
        f"replay: {REPLAY}",
    ]


def test_violation_outside_the_envelope_is_said_to_be_so() -> None:
    """It is no failure: the protocol promised nothing there."""
    lines = shown(result(violated(outside="clock rate beyond 200 ppm")))

    assert "   outside the protocol's envelope: clock rate beyond 200 ppm" in lines
    assert lines[-3:] == [
        "PASS",
        " election_safety is broken outside the envelope of raft: clock rate beyond 200 ppm",
        f"digest: {'d1' * 16}",
    ]


def test_many_violations_are_cut() -> None:
    """Ten are enough to see what is wrong."""
    records = leader_crash()
    more = [Violated(8 * S + n, BAD.property, BAD.nodes, f"case {n}", "") for n in range(13)]
    lines = shown(result([*records[:-1], *more, records[-1]]))

    assert lines.count(" and 3 more (all are in the files of --out)") == 1
    assert sum(line.startswith("   case") for line in lines) == 10


def test_passing_run_has_no_replay_and_ends_with_its_digest() -> None:
    """There is nothing to look into."""
    assert shown(result(expect=(NO_VIOLATION,)))[-2:] == ["PASS", f"digest: {'d1' * 16}"]


def test_sections_leave_out_what_was_not_measured() -> None:
    """No client took part: nothing of theirs, but the election of 2 s under its name in `expect:`."""
    found = {section.title: section for section in sections(result().metrics)}
    elections = {row[0]: row[1:] for row in found["Elections"].table}

    assert elections[""] == ("min", "p50", "p99", "max")
    assert elections["election_time.belief"][3] == "2s"
    assert "election_time.client" not in elections
    assert ("leader_changes", "1") in found["Elections"].facts
    assert "Clients" not in found
    assert "outages.client" not in {row[0] for row in found["Outages"].table}
    assert [name for name, _ in found["Availability"].facts] == [
        "availability.system", "availability.leadership",
    ]  # fmt: skip


def test_censored_election_is_shown_as_at_least() -> None:
    """The leader crashed at 5 s and nobody followed until the end at 10 s."""
    before, after = until(5 * S)
    found = sections(result([*before, after[-1]]).metrics)
    (row,) = [row for row in found[0].table if row[0] == "election_time.belief"]

    assert row[4] == "> 5s"


@pytest.mark.parametrize(
    ("text", "shown_as"), [("0", "m == 0"), ("< 1s", "m < 1s"), ("<1s", "m < 1s"), (">= 95%", "m >= 95%")]
)
def test_expectation_reads_as_a_phrase(text: str, shown_as: str) -> None:
    """A bare value means equality."""
    assert expected("m", text) == shown_as


def test_measured_says_how_far_it_got() -> None:
    """What the end of the run cut off is at least that long."""
    assert measured("latency.p50", 0.5, None) == "500ms"
    assert measured("latency.p50", None, 5.0) == "at least 5s"
    assert measured("latency.p50", None, None) == "nothing measured"
