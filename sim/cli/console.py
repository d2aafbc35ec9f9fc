"""What the terminal can show: colours, width and symbols."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import click

from sim.cli.screen.states import SYMBOLS

Choice = Literal["auto", "always", "never"]
PIPED_WIDTH = 80
KEY = "sim.cli.color"


@dataclass(frozen=True, slots=True)
class Look:
    """How to print; `unicode`: the encoding has the symbols of the lanes."""

    color: bool = False
    width: int = PIPED_WIDTH
    unicode: bool = True


def look(stream: TextIO, choice: Choice, environment: Mapping[str, str]) -> Look:
    """Return how to print to `stream`: 80 columns and no colour where nobody watches.

    The flag wins over the environment, NO_COLOR over FORCE_COLOR, both over what the stream is
    (https://no-color.org, https://bixense.com/clicolors).
    """
    watched = stream.isatty()
    width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns if watched else PIPED_WIDTH
    return Look(wants_color(watched, choice, environment), width, _has(stream, SYMBOLS))


def wants_color(watched: bool, choice: Choice, environment: Mapping[str, str]) -> bool:
    """Return whether to colour; a variable that is set to nothing is not set."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return watched and environment.get("TERM") != "dumb"


def current_look() -> Look:
    """Return how the running command prints to stdout."""
    context = click.get_current_context(silent=True)
    choice: Choice = context.meta.get(KEY, "auto") if context else "auto"
    return look(sys.stdout, choice, os.environ)


def color_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--color`; it may stand before or after the name of the command."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        expose_value=False,
        callback=_remember,
        help="Colours; auto: on a terminal, unless NO_COLOR is set.",
    )(command)


def _remember(context: click.Context, _: click.Parameter, value: Choice | None) -> None:
    if value is not None:
        context.meta[KEY] = value


def _has(stream: TextIO, symbols: str) -> bool:
    try:
        symbols.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
