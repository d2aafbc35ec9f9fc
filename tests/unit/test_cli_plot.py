"""`leadersim plot`: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli import status
from sim.run import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a short run."""
    found = tmp_path_factory.mktemp("run")
    run("basics/initial-election", trace="summary", overrides=["duration=2s"]).write(found)
    return found


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_picture_is_written_by_its_ending(ending: str, magic: bytes, folder: Path, tmp_path: Path) -> None:
    """And nothing on stdout."""
    out = tmp_path / f"lanes.{ending}"

    assert status(["plot", str(folder), "lanes", "-o", str(out)]) == 0
    assert out.read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["lanes", "-o", "x.gif"], "leadersim: -o x.gif: expected a name that ends in .png, .svg, .pdf"),
        (["lanse", "-o", "x.png"], "'lanse' is not one of"),
        (["lanes", "--by", "seed", "-o", "x.png"], "lanes takes no options, not --by"),
        (["cdf", "--by", "nodes", "-o", "x.png"], "no column 'nodes' to group by"),
        (["latency", "-o", "x.png"], "messages are kept at trace level full, not summary"),
        (["lanes"], "Missing option '-o' / '--out'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_line(
    arguments: list[str], expected: str, folder: Path, capsys: Capture
) -> None:
    """Exit code 2, no traceback, no file."""
    assert status(["plot", str(folder), *arguments]) == 2

    printed = capsys.readouterr()
    assert (expected in printed.err, printed.err.count("\n"), printed.out) == (True, 1, "")


def test_result_that_is_not_there_is_named(tmp_path: Path, capsys: Capture) -> None:
    """With what was looked for."""
    assert status(["plot", str(tmp_path), "cdf", "-o", "x.png"]) == 2
    assert capsys.readouterr().err == (
        f"leadersim: {tmp_path}: neither a trace file nor a directory with trace.jsonl or trace.parquet\n"
    )
