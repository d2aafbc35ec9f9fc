"""Pictures: what is drawn, where, and what an empty result looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import frames, plots
from analysis.examples import nothing_happened, three_elections, two_leaders
from analysis.plots.bands import bands
from analysis.plots.kinds import KINDS, draw
from analysis.plots.style import STATES, duration
from analysis.states import STATES as NODE_STATES
from sim.cli.plot import KINDS as NAMES
from sim.errors import UserError


def texts(ax: Axes) -> list[str]:
    """Return every text of the figure that says something."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def line(ax: Axes) -> tuple[list[Any], list[Any]]:
    """Return x and y of the first line."""
    x, y = (list(each) for each in ax.get_lines()[0].get_data())  # type: ignore[arg-type]
    return x, y


def table(**columns: Any) -> pd.DataFrame:
    """Return eight runs: two protocols, two losses, two seeds."""
    rows = [
        {"scenario": "s", "protocol": protocol, "vary.network.loss": loss, "seed": seed}
        for protocol in ("raft", "zab")
        for loss in ("0%", "5%")
        for seed in (1, 2)
    ]
    return pd.DataFrame(rows).assign(**columns)


def test_lanes_show_every_leadership_with_its_epoch() -> None:
    """n1 leads in epoch 1, is cut off while it leads, and n2 leads in epoch 2."""
    ax = plots.lanes(two_leaders())

    assert [label.get_text() for label in ax.get_yticklabels()] == ["n1", "n2", "n3"]
    assert {"1", "2", "leader", "leader, cut off", "example, raft, seed 1", "n1 | n2, n3"} <= set(texts(ax))
    assert ax.get_xlim() == (0, 10)


def test_every_state_of_a_node_has_a_look_of_its_own() -> None:
    """By fill and hatching together, so that print and colour-blind readers can tell them apart."""
    assert set(STATES) == set(NODE_STATES)
    shown = [look for state, look in STATES.items() if state != "not started"]
    assert len(set(shown)) == len(shown)


def test_cdf_ends_below_one_where_elections_were_cut_off() -> None:
    """One of three: the curve ends at two thirds, goes on to the 5 s that were seen, and says so."""
    ax = plots.election_cdf(three_elections())
    x, y = line(ax)

    assert (x[-1], y[-1]) == (5, pytest.approx(2 / 3))
    assert "raft (n = 3, 1 censored)" in texts(ax)


def test_survival_is_logarithmic() -> None:
    """The tail is what it is for."""
    ax = plots.survival_tail(three_elections())

    assert ax.get_yscale() == "log"
    assert line(ax)[1][:2] == [1, pytest.approx(2 / 3)]


def test_waterfall_has_a_bar_per_phase_and_says_how_many_are_open() -> None:
    """200 ms detection, 50 ms votes, 30 ms first service, 20 ms client discovery; one fail-over is open."""
    ax = plots.failover_waterfall(three_elections())

    assert [round(patch.get_width(), 3) for patch in ax.patches] == [0.2, 0.05, 0.03, 0.02]  # type: ignore[attr-defined]
    assert any("300 ms" in text and "1 open" in text for text in texts(ax))
    assert len(plots.failover_waterfall(three_elections(), by=None).get_yticklabels()) == 2


def test_availability_of_one_run_shows_faults_and_no_client() -> None:
    """Nobody sent a command, so nothing is claimed of clients."""
    ax = plots.availability_over_time(two_leaders())

    assert {"system", "leadership", "no client commands", "n1 | n2, n3"} <= set(texts(ax))


def test_availability_of_several_runs_is_a_share() -> None:
    """Until 0.18 s neither of two runs has service, afterwards both; at 10 s both are without."""
    ax = plots.availability_over_time([three_elections(), three_elections()])
    x, y = line(ax)

    assert y[0] == 0
    assert y[next(i for i, at in enumerate(x) if at > 1)] == 1
    assert y[next(i for i, at in enumerate(x) if at > 10.05)] == 0


def test_incidents_are_counted_by_level() -> None:
    """One interval of 2.76 s, one instant."""
    found = texts(plots.split_brain(two_leaders()))

    assert {"1 (2.76 s)", "1", "0"} <= set(found)


def test_messages_by_type_or_at_least_in_total() -> None:
    """Types where the trace is full."""
    full = two_leaders()
    full.costs.messages = 20

    assert {"2/s (n = 1)", "AppendEntries"} <= {text.strip() for text in texts(plots.message_cost(full))}
    without = texts(plots.message_cost(table(**{"cost.messages_per_second": 3.0})))
    assert [text.strip() for text in without if "/s" in text] == ["3/s (n = 4)"] * 2


def test_latency_matrix_has_medians() -> None:
    """5 ms from n2 to n1; no message the other way."""
    assert "5 ms" in texts(plots.latency_matrix(two_leaders()))


def test_heat_map_finds_what_was_varied() -> None:
    """Two losses from left to right, two protocols from top to bottom, means in the cells."""
    ax = plots.heat_map(
        table(**{"availability.system": [0.5, 1.0, 0.2, 0.4, 1, 1, 0, 0]}), "availability.system"
    )

    assert (ax.get_xlabel(), ax.get_ylabel()) == ("network.loss", "protocol")
    assert {"75.00%", "30.00%", "100.00%", "0.00%"} <= set(texts(ax))
    with pytest.raises(UserError, match="no column 'nothing'"):
        plots.heat_map(table(), "nothing")


def test_forest_shows_differences_in_percent_with_intervals() -> None:
    """zab is 10 and 20 lower than raft's 100: -15 % between -20 and -10."""
    runs = table(**{"outages.unjustified": [100, 100, 100, 100, 90, 80, 90, 80.0]})
    found = frames.compare(runs, metrics=["outages.unjustified"])
    ax = plots.comparison_forest(found)

    assert line(ax)[0][0] == pytest.approx(-15)
    assert "-15 s (n = 4)" in texts(ax)


def test_faults_without_an_end_last_to_the_end() -> None:
    """And one that was ended has its length."""
    assert [(band.from_ns, band.to_ns) for band in bands(three_elections().records)] == [
        (10 * 10**9, 30 * 10**9),
        (25 * 10**9, 30 * 10**9),
    ]
    assert [(band.from_ns, band.to_ns) for band in bands(two_leaders().records)] == [(5 * 10**9, 8 * 10**9)]


EMPTY: dict[str, tuple[Callable[[], Any], str]] = {
    "cdf": (lambda: [], "no election ended"),
    "survival": (lambda: nothing_happened(), "no election ended"),
    "waterfall": (lambda: nothing_happened(), "no fail-overs"),
    "availability": (lambda: [], "no run"),
    "incidents": (lambda: nothing_happened(), "no incidents of split brain"),
    "messages": (lambda: [], "no runs"),
    "heatmap": (lambda: [], "no runs"),
    "forest": (lambda: nothing_happened(), "nothing to compare: one protocol, or no common seeds"),
    "latency": (lambda: [], "no messages were delivered"),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_empty_result_gives_a_picture_that_says_so(kind: str) -> None:
    """Not an error, and not an empty frame that could be read as zero."""
    source, said = EMPTY[kind]

    assert said in texts(draw(kind, source()))


def test_kinds_are_those_of_the_command() -> None:
    """The command lists them without importing matplotlib."""
    assert tuple(KINDS) == NAMES
    assert {*EMPTY, "lanes"} == set(KINDS)


def test_options_of_another_kind_are_refused() -> None:
    """As is a picture of one run of several."""
    with pytest.raises(UserError, match="latency takes no options, not --by"):
        draw("latency", two_leaders(), by="seed")
    with pytest.raises(UserError, match="cdf takes --definition, --by, not --metric"):
        draw("cdf", [], metric="x")
    with pytest.raises(UserError, match="lanes shows one run"):
        draw("lanes", [two_leaders()])


def test_axes_that_are_given_are_used() -> None:
    """So that pictures can be put side by side, with a legend within."""
    left, right = Figure().subplots(1, 2)

    assert plots.lanes(two_leaders(), ax=left) is left
    assert plots.election_cdf(three_elections(), ax=right) is right


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Pretend that the kernel of a notebook has set the backend."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    yield plt
    plt.close("all")


def test_in_a_notebook_the_figure_shows_itself(in_notebook: Any) -> None:
    """pyplot knows it there; elsewhere nobody has to close it."""
    assert in_notebook.get_fignums() == []
    plots.lanes(two_leaders())
    assert len(in_notebook.get_fignums()) == 1


def test_picture_is_the_same_bytes_every_time() -> None:
    """So that reports can be compared."""
    written = []
    for _ in range(2):
        into = BytesIO()
        plots.save(plots.lanes(two_leaders()), into, kind="svg")
        written.append(into.getvalue())

    assert written[0] == written[1]
    assert b"<svg" in written[0]


def test_lengths_are_told_as_people_write_them() -> None:
    """Each with its own unit."""
    assert [duration(each) for each in (0.0, 2e-6, 0.01, 1.5, 120.0, -0.2)] == [
        "0", "2 µs", "10 ms", "1.5 s", "2 min", "-200 ms",
    ]  # fmt: skip
