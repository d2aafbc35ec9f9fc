"""The comparer of golden transcripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Golden


def test_same_transcript_passes_and_another_fails(tmp_path: Path) -> None:
    """Every character counts."""
    transcript = tmp_path / "election.txt"
    transcript.write_text("n1 leads\n")

    Golden(rewrite=False).check(transcript, "n1 leads\n")
    with pytest.raises(AssertionError, match="differs"):
        Golden(rewrite=False).check(transcript, "n2 leads\n")
    assert transcript.read_text() == "n1 leads\n"


def test_missing_transcript_fails(tmp_path: Path) -> None:
    """A test whose transcript was never committed must not pass by writing it."""
    with pytest.raises(AssertionError, match="missing"):
        Golden(rewrite=False).check(tmp_path / "election.txt", "n1 leads\n")
    assert list(tmp_path.iterdir()) == []


def test_rewrite_writes_what_is_there_now(tmp_path: Path) -> None:
    """The flag `--rewrite`; the diff is then reviewed."""
    Golden(rewrite=True).check(tmp_path / "new" / "election.txt", "n1 leads\n")

    assert (tmp_path / "new" / "election.txt").read_text() == "n1 leads\n"
