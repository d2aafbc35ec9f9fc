"""Arithmetic on quorums: pure functions, shared by every protocol that counts votes or copies."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import Any


def majority(voters: int) -> int:
    """Return how many of `voters` servers are more than half of them.

    >>> [majority(n) for n in (1, 2, 3, 4, 5)]
    [1, 2, 2, 3, 3]
    """
    return voters // 2 + 1


def has_majority(voters: Collection[Any], acks: Container[Any]) -> bool:
    """Return whether more than half of `voters` are in `acks`; whoever else is in it does not count."""
    return sum(1 for voter in voters if voter in acks) >= majority(len(voters))


def committed_index(match: Iterable[int]) -> int:
    """Return the largest index that a majority has reached; one value per voter, at least one.

    In ascending order the value at position (n - 1) // 2 has n - (n - 1) // 2 values at or above it,
    and that is the smallest majority of n.

    >>> committed_index([7, 3, 5, 9, 1])
    5
    """
    ascending = sorted(match)
    return ascending[(len(ascending) - 1) // 2]
