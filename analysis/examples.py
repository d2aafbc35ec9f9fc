"""Small hand-made runs, for the examples in docstrings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.records import (
    Answered,
    Campaigned,
    Crashed,
    EffectJudged,
    FaultEnded,
    FaultStarted,
    Followed,
    LeaderKnown,
    Led,
    LinksCut,
    LinksHealed,
    Message,
    Record,
    RunEnded,
    RunStarted,
    Served,
    Started,
)
from sim.tally import Costs, OperationTally

MS = 1_000_000
NODES = ("n1", "n2", "n3")


@dataclass
class Example:
    """One run."""

    records: Sequence[Record]
    details: Sequence[Record] = ()
    level: str = "summary"
    tally: OperationTally = field(default_factory=lambda: OperationTally(1000 * MS))
    costs: Costs = field(default_factory=Costs)
    effects_accepted: int = 0


def three_elections() -> Example:
    """Return a run of 30 s: a start, a crash at 10 s, and one at 25 s that leaves no majority."""
    return Example(
        _run(
            *_reign("n1", 1, 100), _fault(10_000, 0, "n1", 1), *_reign("n2", 2, 10_200),
            _fault(25_000, 1, "n2", 2), end=30_000,
        )
    )  # fmt: skip


def two_leaders() -> Example:
    """Return a run of 10 s: n1 is cut off from 5 s to 8 s, leads on, and writes once after n2 has."""
    cut = tuple((a, b) for a in NODES for b in NODES if a != b and "n1" in (a, b))
    events = [
        *_reign("n1", 1, 100),
        FaultStarted(5000 * MS, 0, "partition", ("n1", "n2", "n3"), "n1 | n2, n3"),
        LinksCut(5000 * MS, cut),
        *_reign("n2", 2, 5200),
        EffectJudged(7000 * MS, "store", "n1", 1, True, 2),
        FaultEnded(8000 * MS, 0, "partition", ("n1", "n2", "n3")),
        LinksHealed(8000 * MS, cut),
        Followed(8010 * MS, "n1", 1, "higher term"),
    ]
    accepted = [EffectJudged(at * MS, "store", "n2", 2, True, 2) for at in (6000, 6500)]
    sent = [
        Message(8010 * MS, 8005 * MS, "n2", "n1", "AppendEntries", "delivered", {"term": 2}),
        Message(5300 * MS, 5300 * MS, "n2", "n1", "AppendEntries", "cut", {"term": 2}),
    ]
    return Example(_run(*events, end=10_000), [*accepted, *sent], "full", effects_accepted=3)


def nothing_happened() -> Example:
    """Return a run of 1 s in which three nodes start, and no more."""
    return Example(_run(end=1000))


def _run(*events: Record | Sequence[Record], end: int) -> list[Record]:
    flat = [r for event in events for r in (event if isinstance(event, list) else [event])]
    begun = RunStarted(0, "example", "raft", 1, end * MS, NODES, NODES, ("c1",), ("store",), 1000 * MS)
    return [begun, *(Started(0, node, 0) for node in NODES), *flat, RunEnded(end * MS, "duration")]


def _reign(node: str, epoch: int, at: int) -> list[Record]:
    """Return how a node is elected: candidate at `at` ms, leader 50 ms later, in service after 30 more."""
    others = [other for other in NODES if other != node]
    return [
        Campaigned(at * MS, node, epoch),
        Led((at + 50) * MS, node, epoch),
        LeaderKnown((at + 60) * MS, others[0], node, epoch),
        Served((at + 80) * MS, node, epoch),
        Answered((at + 100) * MS, "c1", node, epoch),
    ]


def _fault(at: int, number: int, node: str, epoch: int) -> list[Record]:
    return [
        FaultStarted(at * MS, number, "crash", (node,), f"crash {node}"),
        Followed(at * MS, node, epoch, "crashed"),
        Crashed(at * MS, node, "crash", True),
    ]
