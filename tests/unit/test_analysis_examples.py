"""The examples in the docstrings of the analysis do what they say."""

from __future__ import annotations

import doctest
from importlib import import_module

import pandas as pd
import pytest

from analysis import frames

MODULES = (
    "analysis.columns",
    "analysis.frames",
    "analysis.frames.incident_ledger",
    "analysis.frames.nines",
    "analysis.frames.paired",
    "analysis.frames.run_rows",
    "analysis.frames.survival_curves",
    "analysis.frames.failover_phases",
)
WIDE = ("display.width", 200, "display.max_columns", 30, "display.max_colwidth", 100)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    """Each module has some, and every one gives what is printed beside it."""
    with pd.option_context(*WIDE):
        failed, tried = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)

    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize("name", [name for name in frames.__all__ if name not in ("Source", "read")])
def test_every_public_function_has_an_example(name: str) -> None:
    """So that whoever reads it sees what comes out. (`read` returns no table.)"""
    assert ">>>" in (getattr(frames, name).__doc__ or "")
