"""What each statement does with the row: pure functions of the row, the statement and the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.lease.database_row.messages import Claim, Extend, Overwrite, Row, Select, Surrender

EMPTY = Row(None, 0, 0, 0)


def claim(row: Row, asked: Claim, now: int) -> Row | None:
    """Return the row taken, if it is free or the own one."""
    if row.owner not in (None, asked.owner) and row.expires_at >= now:
        return None
    return Row(asked.owner, row.epoch + 1, now + asked.ttl, row.serial + 1)


def extend(row: Row, asked: Extend, now: int) -> Row | None:
    """Return the row with a later end, if it is still held under that epoch."""
    if (row.owner, row.epoch) != (asked.owner, asked.epoch) or row.expires_at <= now:
        return None
    return Row(row.owner, row.epoch, now + asked.ttl, row.serial + 1)


def overwrite(row: Row, asked: Overwrite, now: int) -> Row:
    """Return the row as the client wants it."""
    return Row(asked.owner, asked.epoch, now + asked.ttl, row.serial + 1)


def surrender(row: Row, asked: Surrender, now: int) -> Row | None:
    """Return the row without an owner, if it is held under that epoch."""
    if (row.owner, row.epoch) != (asked.owner, asked.epoch):
        return None
    return Row(None, row.epoch, row.expires_at, row.serial + 1)


def is_free(row: Row, now: int) -> bool:
    """Return whether nobody holds the row."""
    return row.owner is None or row.expires_at < now


STATEMENTS: dict[type, Callable[[Row, Any, int], Row | None]] = {
    Claim: claim,
    Extend: extend,
    Overwrite: overwrite,
    Surrender: surrender,
    Select: lambda row, asked, now: None,
}
"""Of each statement: the row that it makes of a row; None: it changes nothing."""
