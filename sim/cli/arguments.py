"""Arguments that click has no types for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

SEED_MAX = 2**64 - 1

# Newer releases of click have it generic, the oldest supported one has not.
if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType


class SeedType(_Type):
    """A seed: a whole number that fits 64 bits without a sign."""

    name = "N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or refuse it."""
        text = str(value)
        if not re.fullmatch("[0-9]{1,20}", text) or int(text) > SEED_MAX:
            self.fail(f"found {text!r}, expected a whole number from 0 to {SEED_MAX}", param, ctx)
        return int(text)


class SeedsType(_Type):
    """Seeds from one to another, both included: `0..9` is ten of them."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """Return the seeds in order, or refuse them."""
        if isinstance(value, range):
            return value
        match = re.fullmatch(r"(\d{1,20})\.\.(\d{1,20})", str(value), re.ASCII)
        if not match or int(match[2]) > SEED_MAX:
            self.fail(f"found {value!r}, expected two whole numbers such as 0..9", param, ctx)
        first, last = int(match[1]), int(match[2])
        if last < first:
            self.fail(f"found {value!r}, which counts down; expected {last}..{first}", param, ctx)
        return range(first, last + 1)
