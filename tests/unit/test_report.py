"""The report as text: what is in it, that it is whole, and that nothing in it can act."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.examples import nothing_happened, two_leaders
from analysis.report import card, report
from analysis.report.sections import moment, shown
from analysis.report.timeline import clock_errors, packed, timeline
from sim.cli import status
from sim.records import ClockChanged
from sim.result import Result
from sim.run import run

pytestmark = pytest.mark.slow
SHORT = ["duration=2s", "faults.0.at=1s", "faults.1.at=1900ms", "faults.1.for=50ms", "workload.rate=10/s"]


@pytest.fixture(scope="module")
def result() -> Result:
    """Return a short run with all messages."""
    return run("leader-crash", trace="full", overrides=SHORT)


def data(page: str) -> list[dict[str, Any]]:
    """Return what the diagrams of a report draw."""
    found = re.findall(r'class="data">([^<]*)<', page)
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in found]


def test_report_has_verdict_evidence_and_the_way_back(result: Result) -> None:
    """What was expected, what came, and the command that runs it again."""
    page = report([result])

    assert report([result]) == page  # no time of day, no numbers that change
    assert f'<span class="verdict {result.verdict.status}">{result.verdict.status}</span>' in page
    assert "election_time.belief.p99" in page
    assert result.replay.startswith("leadersim run leader-crash --seed 1 --set ")
    assert result.replay in page
    assert result.digest in page


def test_report_is_whole_in_itself() -> None:
    """No address of anything outside, and a policy that would forbid it; pictures are SVG within."""
    page = report([two_leaders()])

    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert page.count('src="data:image/svg+xml;base64,') >= 4


def test_diagram_has_every_message(result: Result) -> None:
    """Sent, arrived or lost, as the table has it."""
    messages = timeline(result)["messages"]

    assert len(messages["gap"]) == len(result.messages)
    sent = sorted(result.messages["sent_at_s"])
    assert sum(messages["gap"]) == pytest.approx(sent[-1] * 1e9)
    lost = sum(messages["outcomes"][each] != "delivered" for each in messages["outcome"])
    assert lost == (result.messages["outcome"] != "delivered").sum()


def test_incidents_link_to_their_moment() -> None:
    """The fragment names run and time; the diagram understands it."""
    page = report([two_leaders()])

    assert 'href="#r0-t5.25"' in page
    assert moment(0, 10_203_456_789) == "r0-t10.203456789"
    assert moment(2, 0) == "r2-t0"


def test_everything_from_outside_is_escaped() -> None:
    """Also within the data of the diagram, which is compressed into letters."""
    evil = two_leaders()
    begun = evil.records[0]
    evil.records = [type(begun)(*("<script>alert(1)</script>" if name == "scenario" else getattr(begun, name)
                                  for name in type(begun).__slots__)), *evil.records[1:]]  # fmt: skip
    page = report([evil])

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_run_without_messages_says_how_to_keep_them() -> None:
    """Lanes and events are there all the same."""
    page = report([run("basics/initial-election", overrides=["duration=1s"])])

    assert "Messages were not recorded" in page
    assert data(page)[0]["stays"]


def test_run_in_which_nothing_happened_has_a_report() -> None:
    """With pictures that say so."""
    assert "None." in report([nothing_happened()])


def test_several_runs_are_summed_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many some have no section; what is left out is said."""
    monkeypatch.setattr("analysis.report.page.MOST_RUNS", 1)
    page = report([nothing_happened()] * 3)

    assert "3 runs together" in page
    assert len(data(page)) == 1
    assert "2 more runs have no section of their own" in page


def test_clock_error_is_drift_steps_and_rates() -> None:
    """+100 ppm from an offset of 2 ms; after 1 s a step of -5 ms; after 2 s in all perfect."""
    example = nothing_happened()
    changes = [ClockChanged(10**9, "n1", -5_000_000, 100.0), ClockChanged(2 * 10**9, "n1", 0, 0.0)]
    example.records = [*example.records[:-1], *changes, type(example.records[-1])(3 * 10**9, "duration")]
    example.drawn = {"n1 clock drift": "+100 ppm", "n1 clock offset": "+2 ms"}  # type: ignore[attr-defined]

    assert clock_errors(example, ["n1", "n2"]) == {
        "n1": [
            [0.0, 2e6], [10**9, 2.1e6], [10**9, -2.9e6], [2 * 10**9, -2.8e6], [2 * 10**9, -2.8e6],
            [3 * 10**9, -2.8e6],
        ]
    }  # fmt: skip


def test_same_run_gives_the_same_file(result: Result) -> None:
    """No time of day, no numbers that change."""
    assert packed(timeline(result)) == packed(timeline(result))


def test_metrics_are_shown_in_their_units() -> None:
    """As people read them."""
    told = [shown("latency.p50", 0.25), shown("availability.system", 0.5), shown("cost.messages", 12345)]

    assert told == ["250 ms", "50.000%", "12,345"]


def test_card_shows_verdict_lanes_and_metrics(result: Result) -> None:
    """In a notebook a result shows itself; without script."""
    html = result._repr_html_()

    assert html == card(result)
    assert "<script" not in html
    assert result.verdict.status in html
    assert html.count("<rect") > 5
    assert "leader_changes" in html


def test_command_writes_a_report_of_files_and_sweeps(result: Result, tmp_path: Path) -> None:
    """Of both in one; bad input is refused in a line."""
    from sim.sweep import sweep

    result.write(tmp_path / "run")
    sweep(
        "basics/initial-election", seeds=range(2), overrides=["duration=1s"], out=tmp_path / "sweep", jobs=1
    )
    out = tmp_path / "report.html"

    assert status(["report", str(tmp_path / "run"), str(tmp_path / "sweep"), "-o", str(out)]) == 0
    page = out.read_text()
    assert "2 runs together" in page
    assert len(data(page)) == 1
    assert "The leader is killed" in page
    assert status(["report", str(tmp_path / "nothing"), "-o", str(out)]) == 2
