"""Which directed links each shape of partition cuts: pure functions on names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

Pair = tuple[str, str]


def between(sources: Sequence[str], targets: Sequence[str]) -> list[Pair]:
    """Return the links from each source to each target: a one-way cut.

    >>> between(["a"], ["b", "c"])
    [('a', 'b'), ('a', 'c')]
    """
    return [(a, b) for a, b in product(sources, targets) if a != b]


def both_ways(ones: Sequence[str], others: Sequence[str]) -> list[Pair]:
    """Return the links between the two sides, in both directions."""
    return between(ones, others) + between(others, ones)


def groups(parts: Sequence[Sequence[str]]) -> list[Pair]:
    """Return the links between different groups; who is in no group keeps all links.

    A node in several groups is cut off from none of them.
    """
    apart = [
        (a, b)
        for i, one in enumerate(parts)
        for other in parts[i + 1 :]
        for a, b in product(one, other)
        if not any(a in part and b in part for part in parts)
    ]
    return list(dict.fromkeys(pair for a, b in apart for pair in ((a, b), (b, a))))


def isolate(nodes: Sequence[str], everyone: Sequence[str], direction: str) -> list[Pair]:
    """Return the links between `nodes`, each by itself, and everyone else.

    direction: "both"; "in": they hear nothing; "out": nobody hears them.
    """
    others = {node: [other for other in everyone if other != node] for node in nodes}
    incoming = [pair for node in nodes for pair in between(others[node], [node])]
    outgoing = [pair for node in nodes for pair in between([node], others[node])]
    chosen = {"both": incoming + outgoing, "in": incoming, "out": outgoing}[direction]
    return list(dict.fromkeys(chosen))


def bridge(middle: Sequence[str], servers: Sequence[str]) -> list[Pair]:
    """Return the links between two halves of the others, which both see the bridge.

    >>> bridge(["c"], ["a", "b", "c", "d", "e"])[0]
    ('a', 'd')
    """
    rest = [node for node in servers if node not in middle]
    half = len(rest) // 2
    return both_ways(rest[:half], rest[half:])


def majorities_ring(servers: Sequence[str]) -> list[Pair]:
    """Return the links to cut so that every server sees a majority, and no two the same one.

    Jepsen's majorities-ring: each sees as many neighbours on each side as a majority needs. With
    three servers or fewer everybody is a neighbour, and nothing is cut.
    """
    n = len(servers)
    reach = (n // 2 + 1) // 2  # neighbours on each side; with itself at least a majority
    far = [
        (servers[i], servers[j])
        for i, j in product(range(n), range(n))
        if i != j and min((i - j) % n, (j - i) % n) > reach
    ]
    return far
