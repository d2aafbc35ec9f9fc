"""Exit codes, and which of several wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What the command line returns to the shell."""

    PASS = 0
    FAIL = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    INCOMPLETE = 4  # a campaign that lost runs
    OUR_BUG = 70
    INTERRUPTED = 130


OF_STATUS = {"pass": Exit.PASS, "fail": Exit.FAIL, "inconclusive": Exit.INCONCLUSIVE}
"""The code of each status of a verdict."""

WORST_FIRST = (
    Exit.OUR_BUG,
    Exit.INTERRUPTED,
    Exit.BAD_INPUT,
    Exit.FAIL,
    Exit.INCOMPLETE,
    Exit.INCONCLUSIVE,
    Exit.PASS,
)


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the worst of the codes, PASS if there are none."""
    return min(codes, key=WORST_FIRST.index, default=Exit.PASS)
