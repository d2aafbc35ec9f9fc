"""What all tests share: hypothesis profiles, and golden transcripts with the flag that rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))

# The same examples every time, so that a red test is red for everybody; `make soak` looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that regenerates golden transcripts."""
    parser.addoption("--rewrite", action="store_true", help="write golden transcripts instead of comparing")


class Golden:
    """Transcripts kept as files, compared as text."""

    def __init__(self, rewrite: bool) -> None:
        self.rewrite = rewrite

    def check(self, path: Path, text: str) -> None:
        """Assert that the file holds exactly `text`; with `--rewrite`, make it so."""
        if self.rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: pytest --rewrite writes it, and git diff shows it"
        expected = path.read_text(encoding="utf-8")
        assert expected == text, f"{path} differs; if that is meant: pytest --rewrite, and explain the diff"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return the comparer of golden transcripts, as the flag `--rewrite` wants it."""
    return Golden(rewrite=bool(request.config.getoption("--rewrite")))
