"""The pages of `make study`: what stands in them, and that they belong to their scenarios."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from analysis.examples import Example, nothing_happened, three_elections
from analysis.metrics import Metrics
from protocols import registry
from sim.records import Crashed, FaultStarted, Followed, Led, RunEnded, Served, Started
from study.measure import FOLDER, Measured, measure
from study.pages import ANSWERS, TESTS, Row, answer_page, row, three_ways_page
from study.settings import BROKEN, SETTINGS, Setting

MS = 1_000_000
README = FOLDER.parent / "README.md"


def result(run: Example, *violated: tuple[str, str]) -> Any:
    """Return what looks like the result of a run."""
    found = [SimpleNamespace(property=name, outside_envelope=outside) for name, outside in violated]
    return SimpleNamespace(
        records=run.records, details=(), level="digest", tally=run.tally, costs=run.costs,
        metrics=Metrics(run), violations=found,
    )  # fmt: skip


def test_row_tells_medians_means_and_what_is_open() -> None:
    """One of two fail-overs had not ended; means are over the runs that measured something."""
    setting = Setting("raft", "as it comes")
    found = Measured(setting, [result(three_elections())] * 2, [result(three_elections())] * 2)
    page = answer_page("answer-leader-crash", [row(found), Row("other")])

    assert found.leaderless == "250 ms, 2 of 4 not over"
    assert "| raft | as it comes | 250 ms, 2 of 4 not over | 0 | 0 | 0 | 81.8% | 0 |" in page
    assert "Not measured, since the scenario does not fit its parameters: other." in page


def again(*fault: Any) -> Example:
    """Return a run in which n1 leads, and leads once more under a later epoch."""
    begun, *started, _ = nothing_happened().records
    return Example(
        [
            begun, *started, Led(10 * MS, "n1", 1), Served(20 * MS, "n1", 1), *fault, Led(400 * MS, "n1", 2),
            Served(410 * MS, "n1", 2), RunEnded(1000 * MS, "duration"),
        ]
    )  # fmt: skip


CRASH = (
    FaultStarted(200 * MS, 0, "crash", ("n1",), "crash n1"),
    Followed(200 * MS, "n1", 1, "crashed"),
    Crashed(200 * MS, "n1", "crash", True),
    Started(300 * MS, "n1", 1),
)


def test_leader_that_leads_again_was_missing_only_after_a_fault() -> None:
    """Where all call elections at once, the same one may win twice; one that had crashed was missed."""
    told = [Measured(Setting("a", ""), [result(again(*fault))], ()).leaderless for fault in ((), CRASH)]

    assert told == ["no election", "200 ms"]


def test_run_without_elections_or_leaders_is_told_so() -> None:
    """A number would be a lie."""
    assert Measured(Setting("a", ""), [result(nothing_happened())], ()).leaderless == "no election"


def test_page_of_tests_tells_what_was_violated_in_how_many_runs() -> None:
    """Inside of the envelope and outside, apart."""
    runs = [
        result(nothing_happened(), ("fencing", "")),
        result(nothing_happened(), ("fencing", "clock"), ("fencing", "")),
    ]
    found = Measured(Setting("a", "b"), runs, ())
    page = three_ways_page({name: [row(found)] for name in TESTS})

    assert found.violated == "fencing in 2 of 2, fencing (outside the envelope) in 1 of 2"
    assert page.count(found.violated) == 3


def test_every_answer_has_its_scenario_and_its_link() -> None:
    """And every setting a protocol that there is."""
    text = README.read_text("utf-8")
    for name in ANSWERS:
        assert (FOLDER / f"{name}.yaml").is_file()
        assert f"(studies/{name}.md)" in text
    assert "(studies/three-ways-to-test.md)" in text
    assert {each.protocol for each in (*SETTINGS, *BROKEN)} <= set(registry.names())


@pytest.mark.slow
def test_measuring_runs_each_seed_without_and_with_fencing() -> None:
    """Fencing changes what the store accepts, not who leads."""
    found = measure("answer-network-partition", SETTINGS[0])

    assert [each.seed for each in found.plain] == [0, 1, 2]
    assert found.mean("effects.stale_accepted") > 0
    assert found.mean("effects.stale_accepted", fenced=True) == 0
    assert found.plain[0].metrics["leader_changes"] == found.fenced[0].metrics["leader_changes"]


@pytest.mark.soak
def test_pages_are_those_that_the_runs_give() -> None:
    """`make study` has been run since something changed that they show."""
    for name in ANSWERS:
        rows = [row(measure(name, setting)) for setting in SETTINGS]
        assert (FOLDER / f"{name}.md").read_text("utf-8") == answer_page(name, rows)
