"""Measured fail-over times against a model: reading the table, and judging two samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.calibration.real.comparison import Compared, Pair, compare, pairs
from sim.calibration.real.model import Acceptance, Model, Quantity
from sim.calibration.real.samples import Sample, ks, misses
from sim.calibration.real.table import KEYS, OWN, Group, column, read
from sim.errors import UserError
from sim.rng import Seed

HEADER = ",".join((*KEYS, "trial", "leader_ms", "campaigns"))
ROW = "toy,1.0,kill_a,5,kill -9 leader,timeout_ms=150 other=x,0,170.5,1"


def table(tmp_path: Path, *lines: str) -> Path:
    """Write a table and return its path."""
    path = tmp_path / "measured.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def toy_settings(group: Group) -> tuple[str, ...]:
    """Set the timeouts that the group has."""
    if group.members != 5:
        raise ValueError(f"toy: nobody models {group.members} members")
    shortest = group.settings["timeout_ms"]
    return (f"protocol.election_timeout=[{shortest}ms, {2 * int(shortest)}ms]",)


TOY = Model(
    system="toy",
    fault="kill -9 leader",
    scenario="calibration/raft-figure-16",
    settings=toy_settings,
    quantities=(
        Quantity(
            "until the next leader",
            "ms",
            lambda trial: column("leader_ms", trial),
            "sim.calibration.measures:heard_ms",
            Acceptance(p_value=0.01, median=0.1),
        ),
    ),
    source="nowhere",
    trials=100,
    quick_trials=20,
)


def compared(path: Path, model: Model = TOY) -> list[Compared]:
    """Compare a table with a model."""
    return list(compare(pairs(read(path), quick=False, models=[model]), jobs=1))


def test_the_own_table_has_nine_experiments() -> None:
    """Of three real systems and three uses of them; settings are told apart."""
    groups = read(OWN)

    assert len(groups) == 9
    assert {group.members for group in groups} == {3}
    assert groups[0].settings["heartbeat_ms"] == "100"
    assert column("leader_ms", groups[0].trials[0]) == 1122.180


def test_nothing_measured_is_none() -> None:
    assert column("leader_ms", {"leader_ms": ""}) is None
    assert column("leader_ms", {}) is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["system,version", "a,b"], ":1: found no column experiment, members, fault, settings"),
        ([HEADER], "found no trials"),
        ([], ":1: found no column"),
        ([HEADER, "toy,1.0"], ":2: found another number of columns"),
        ([HEADER, ROW + ",7"], ":2: found another number of columns"),
        ([HEADER, ROW.replace("170.5", "soon")], ":2: leader_ms: found 'soon', expected milliseconds"),
        ([HEADER, ROW.replace("170.5", "nan")], ":2: leader_ms: found 'nan', expected milliseconds"),
        ([HEADER, ROW.replace(",5,", ",five,")], ":2: members: found 'five'"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, lines: list[str], said: str) -> None:
    path = table(tmp_path, *lines)

    with pytest.raises(UserError) as refused:
        read(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_missing_or_binary_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read(tmp_path / "none.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no table"):
        read(binary)


def test_a_model_that_behaves_like_the_system_passes(tmp_path: Path) -> None:
    """What was measured are runs of the very model, under other seeds."""
    lengths = next(
        compare(pairs(read(table(tmp_path, HEADER, ROW)), quick=False, models=[TOY]), jobs=1)
    ).simulated
    rows = [ROW.replace("170.5", f"{value:.3f}") for value in lengths[:50]]
    (found,) = compared(table(tmp_path, HEADER, *rows))

    assert (found.verdict, found.reason) == ("pass", "")
    assert found.ks_p is not None
    assert found.ks_p > 0.5
    assert found.as_dict()["measured"]["n"] == 50


def test_a_model_that_does_not_misses_with_the_reason(tmp_path: Path) -> None:
    """Everything took 100 ms longer."""
    rows = [ROW.replace("170.5", str(270 + number)) for number in range(50)]
    (found,) = compared(table(tmp_path, HEADER, *rows))

    assert found.verdict == "miss"
    assert "KS p = " in found.reason
    assert "expected within 10%" in found.reason


def test_groups_without_a_model_are_named(tmp_path: Path) -> None:
    """Another system, another fault, and settings that the model does not know."""
    rows = [
        ROW.replace("toy,", "other,"),
        ROW.replace("kill -9", "SIGSTOP"),
        ROW.replace(",5,", ",7,"),
    ]
    found = compared(table(tmp_path, HEADER, *rows))

    assert [each.verdict for each in found] == ["no model"] * 3
    assert found[0].reason == "other: nobody models the fault 'kill -9 leader'"
    assert found[2].reason == "toy: nobody models 7 members"


def test_quick_takes_fewer_trials(tmp_path: Path) -> None:
    (pair,) = pairs(read(table(tmp_path, HEADER, ROW)), quick=True, models=[TOY])

    assert isinstance(pair, Pair)
    assert pair.series.trials == 20


def test_nothing_measured_of_a_quantity_is_no_pass(tmp_path: Path) -> None:
    (found,) = compared(table(tmp_path, HEADER, ROW.replace("170.5", "")))

    assert (found.verdict, found.reason) == ("miss", "nothing was measured")


def test_ks_tells_samples_apart() -> None:
    ones = [float(number) for number in range(50)]

    assert ks(ones, ones)[1] == 1.0
    assert ks(ones, [each + 25 for each in ones])[1] < 0.001


# Trials of one run resemble each other ----------------------------------------------------------------


def runs(count: int, seed: int = 1) -> list[list[float]]:
    """Return runs of twenty values: each run has a middle of its own."""
    stream = Seed(seed).stream("runs")
    middles = [1000 + stream.randrange(-100, 101) for _ in range(count)]
    return [[middle + stream.randrange(-10, 11) for _ in range(20)] for middle in middles]


def test_a_run_is_compared_with_runs() -> None:
    """As a sample of them all one run would be unlikely; as a run it is one of many, unlike one far away."""
    simulated = runs(100)
    pool = [value for run in simulated for value in run]
    asked = Acceptance(p_value=0.01, median=0.02)
    one = Sample([value + 0.5 for value in max(simulated)], pool, simulated)
    assert one.ks_p < 0.001
    assert one.runs_p > 0.01

    far = Sample([1400.0 + each for each in range(20)], pool, simulated)
    assert far.runs_p == pytest.approx(1 / 101)
    assert [each.split()[0] for each in misses(asked, far, True)] == ["KS", "median"]


def test_what_was_asked_for_is_asked_of_all_trials_together() -> None:
    """Neither median nor test gets easier since trials of one run are correlated; the reason says both."""
    simulated = runs(100)
    pool = [value for run in simulated for value in run]
    typical = Sample(sorted(simulated)[75], pool, simulated)

    found = list(misses(Acceptance(p_value=0.01, median=0.01), typical, True))
    assert [each.split()[0] for each in found] == ["KS", "median"]
    assert f"({typical.runs_p:.2g} among runs)" in found[0]
