"""Colours, width and symbols follow the flag, the environment and the stream, in this order."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest

from sim.cli import status
from sim.cli.console import Choice, look, wants_color
from tests.unit.cli_fakes import failing, install, words


@pytest.mark.parametrize(
    ("watched", "choice", "environment", "expected"),
    [
        (True, "auto", {}, True),
        (False, "auto", {}, False),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (False, "auto", {"FORCE_COLOR": "1"}, True),
        (False, "auto", {"CLICOLOR_FORCE": "1"}, True),
        (False, "auto", {"CLICOLOR_FORCE": "0"}, False),
        (False, "auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (False, "always", {"NO_COLOR": "1"}, True),
        (True, "never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_color_is_decided_in_order(
    watched: bool, choice: Choice, environment: Mapping[str, str], expected: bool
) -> None:
    """The flag, NO_COLOR (non-empty), FORCE_COLOR, then whether it is a terminal that has colours."""
    assert wants_color(watched, choice, environment) is expected


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_symbols_depend_on_the_encoding(encoding: str, expected: bool) -> None:
    """Latin-1 has the cross, but no blocks."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    assert look(stream, "auto", {}).unicode is expected


class Terminal(io.TextIOWrapper):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_pipe_is_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped must not depend on the terminal that it was started from."""
    monkeypatch.setenv("COLUMNS", "132")

    assert look(io.TextIOWrapper(io.BytesIO()), "auto", {}).width == 80
    assert look(Terminal(io.BytesIO()), "auto", {}).width == 132


@pytest.mark.parametrize(
    ("arguments", "colored"),
    [
        ("run toy", False),
        ("run toy --color always", True),
        ("--color always run toy", True),
        ("--color always run toy --color never", False),
        ("run toy --seeds 0..1 --color always", True),
        ("run toy --seeds 0..1", False),
        ("run toy --json --color always", False),
    ],
)
def test_escape_codes_are_there_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, colored: bool
) -> None:
    """The output is captured, so no terminal; JSON never has any."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    install(monkeypatch, failing)

    status(words(arguments))
    assert ("\x1b[" in capsys.readouterr().out) is colored
