"""CSV files: measured lengths, and round-trip times between regions in two shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.distributions import Constant, Empirical
from sim.errors import ScenarioError
from sim.scenario import Scenario, load
from sim.scenario.network import Regions

MS = 1_000_000

LONG = "from,to,rtt_ms\neu,us,80.5\nus,eu,82\neu,eu,1\nus,us,0.5\nasia,eu,nonsense\n"
SQUARE = ",eu,us,asia\neu,1,80.5,\nus,82,0.5,nan\nasia,,7,1\n"


def scenario(folder: Path, extra: str, **files: str) -> Scenario:
    """Load a small scenario from a folder with these CSV files."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    head = "schema: 1\nname: small\nabout: x\nduration: 30s\nprotocol: {name: raft, nodes: 3}\n"
    (folder / "x.yaml").write_text(head + extra, encoding="utf-8")
    return load(folder / "x.yaml")


def regions(folder: Path, matrix: str, place: str = "{all: eu, n1: us}") -> Regions:
    """Return the regions of a scenario with that matrix."""
    read = scenario(folder, f"network: {{regions: {{matrix: rtt.csv, place: {place}}}}}", rtt=matrix)
    assert read.network.regions is not None
    return read.network.regions


def complaint(folder: Path, extra: str, **files: str) -> str:
    """Return the one mistake of a scenario, without the folder's name."""
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, extra, **files)
    (problem,) = refused.value.problems
    return f"{problem.line}: {problem.path}: {problem.message}".replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "matrix",
    [
        LONG,
        SQUARE,
        LONG.replace(",", ";"),
        LONG.replace(",", "\t"),
        LONG.replace(",", " , ").replace("\n", "\r\n"),
        "# measured somewhere\n\n" + LONG,
        '"from","to","rtt_us"\n"eu","us","80500"\nus,eu,82000\neu,eu,1000\nus,us,500\n',
        "from,to,latency_ms\neu,us,40.25\nus,eu,41\neu,eu,0.5\nus,us,0.25\n",
        "eu,us\neu,1,80.5\nus,82,0.5\n",
        "\ufeff" + SQUARE,
    ],
)
def test_matrices(matrix: str, tmp_path: Path) -> None:
    """Both shapes, any separator, other units, one-way times: half of the round trip is one way."""
    read = regions(tmp_path, matrix)

    assert read.place == {"n1": "us", "n2": "eu", "n3": "eu"}
    assert read.one_way_ns == {
        ("us", "us"): 250_000,
        ("us", "eu"): 41 * MS,
        ("eu", "us"): 40_250_000,
        ("eu", "eu"): 500_000,
    }
    assert read.jitter == Constant(0)


def test_a_missing_direction_is_the_other_one(tmp_path: Path) -> None:
    """Half a matrix is enough; within a region nothing measured means no time."""
    read = regions(tmp_path, "from,to,rtt_ms\neu,us,80\n")

    assert read.one_way_ns == {
        ("us", "us"): 0,
        ("us", "eu"): 40 * MS,
        ("eu", "us"): 40 * MS,
        ("eu", "eu"): 0,
    }


def test_the_round_trip_between_two_data_centres(tmp_path: Path) -> None:
    """A large matrix is read for the regions that are used: 200 names, two of them needed."""
    names = [f"r{i}" for i in range(200)]
    lines = [",".join([name, *(str(abs(i - j)) for j in range(200))]) for i, name in enumerate(names)]
    matrix = "\n".join([",".join(["", *names]), *lines])

    read = regions(tmp_path, matrix, "{all: r10, n1: r110}")

    assert read.one_way_ns["r110", "r10"] == 50 * MS
    assert len(read.one_way_ns) == 4


def test_an_inline_matrix_has_units(tmp_path: Path) -> None:
    """Round-trip times can stand in the scenario itself."""
    extra = "network: {regions: {matrix: {eu: {us: 80ms}}, place: {all: eu, n1: us}, jitter: 1ms}}"
    read = scenario(tmp_path, extra).network.regions

    assert read is not None
    assert read.one_way_ns["us", "eu"] == 40 * MS
    assert read.jitter == Constant(MS)


@pytest.mark.parametrize(
    ("matrix", "place", "expected"),
    [
        (
            LONG,
            "{all: europe}",
            "6: network.regions.place.all: unknown region 'europe'; there is eu, us, asia",
        ),
        (
            LONG,
            "{all: eu, n9: us}",
            "6: network.regions.place.n9: found 'n9', expected one of the nodes n1..n3",
        ),
        (
            LONG,
            "{all: eu, n1: asia}",
            "6: network.regions.matrix: rtt.csv, line 6: found 'nonsense', expected a number",
        ),
        (
            SQUARE,
            "{all: eu, n1: asia}",
            "6: network.regions.matrix: found no round-trip time between 'asia' and 'eu'",
        ),
        ("", "{all: eu}", "6: network.regions.matrix: rtt.csv is empty"),
        (
            "a,b\n1,2\n",
            "{all: eu}",
            "6: network.regions.matrix: rtt.csv: expected from,to,rtt_ms, or a square with "
            "the same names on top and left",
        ),
        (
            "from,to,rtt_ms\neu,us\n",
            "{all: eu}",
            "6: network.regions.matrix: rtt.csv, line 2: found 2 cells, expected from, to and a time",
        ),
        (
            "from,to,rtt_ms\neu,us,1\neu,us,2\n",
            "{all: eu}",
            "6: network.regions.matrix: rtt.csv, line 3: found eu to us a second time",
        ),
        (
            "from,to,rtt_ms\neu,eu,-1\n",
            "{all: eu}",
            "6: network.regions.matrix: rtt.csv, line 2: found -1, expected a time that is not negative",
        ),
        (
            "from,to,rtt_ms\neu,eu,1e30\n",
            "{all: eu}",
            "6: network.regions.matrix: rtt.csv, line 2: found 1e30, more than the limit of 10 years",
        ),
    ],
)
def test_bad_matrices(matrix: str, place: str, expected: str, tmp_path: Path) -> None:
    """A mistake in a file names the file and its line, at the key that names the file."""
    extra = f"network: {{regions: {{matrix: rtt.csv, place: {place}}}}}"

    assert complaint(tmp_path, extra, rtt=matrix) == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Files are looked for beside the scenario."""
    extra = "network: {regions: {matrix: nowhere.csv, place: {all: eu}}}"

    assert complaint(tmp_path, extra) == (
        "6: network.regions.matrix: cannot read nowhere.csv: No such file or directory"
    )


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("data.csv", "latency_ms\n2\n1.5\n", (1_500_000, 2_000_000)),
        ("data.csv", "run,fsync_us,mean\n1,30,x\n2,10,x\n", (10_000, 30_000)),
        ("{file: data.csv, column: b_ms}", "a_ms,b_ms\n1,2\n3,4\n", (2 * MS, 4 * MS)),
        ("{file: data.csv, unit: ms}", "name,value\nx,1\ny,\nz,0.0000001\n", (0, MS)),
        ("{file: data.csv, unit: s}", "1\n2\n", (1000 * MS, 2000 * MS)),
        ("{file: data.csv, column: v, unit: us}", "v\n1\n", (1000,)),
    ],
)
def test_measured_values(written: str, text: str, expected: tuple[int, ...], tmp_path: Path) -> None:
    """The unit is in the header or said; values are sorted and rounded to nanoseconds."""
    extra = f"disk: {{fsync: {{empirical: {written}}}}}"

    assert scenario(tmp_path, extra, data=text).disk.fsync == Empirical(expected)


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        (
            "data.csv",
            "a_ms,b_ms\n1,2\n",
            "data.csv: expected one column such as latency_ms, found a_ms, b_ms; say `column:`",
        ),
        (
            "data.csv",
            "latency\n1\n",
            "data.csv: expected one column such as latency_ms, found latency; say `column:`",
        ),
        (
            "{file: data.csv, column: c_ms}",
            "a_ms,b_ms\n1,2\n",
            "data.csv has no column 'c_ms'; there is a_ms, b_ms",
        ),
        (
            "{file: data.csv, column: a}",
            "a\n1\n",
            "data.csv: no unit known for the values; say `unit:`, one of ns, us, ms, s, min, h",
        ),
        ("data.csv", "latency_ms\n", "data.csv has no values"),
        ("data.csv", "latency_ms\nfast\n", "data.csv, line 2: found 'fast', expected a number"),
        ("{file: data.csv, unit: ms}", "a\nx\n", "data.csv has no numeric column"),
    ],
)
def test_bad_measured_values(written: str, text: str, expected: str, tmp_path: Path) -> None:
    """A file that cannot be used says which file, where, and what to say instead."""
    extra = f"disk: {{fsync: {{empirical: {written}}}}}"

    assert complaint(tmp_path, extra, data=text) == f"6: disk.fsync.empirical: {expected}"


def test_negative_lengths_are_refused(tmp_path: Path) -> None:
    """A measured length below zero is a mistake in the data."""
    found = complaint(tmp_path, "disk: {fsync: {empirical: data.csv}}", data="latency_ms\n-1\n2\n")

    assert "found values from -1000000 to 2000000, outside the limits" in found
