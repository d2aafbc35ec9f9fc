"""What each node was when: a leader, a candidate, cut off, paused, crashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.world import World, instants, started
from sim.records import Campaigned, Crashed, LeaderKnown, Led, Record, RunEnded

STATES = (
    "crashed",
    "paused",
    "leader, cut off",
    "cut off",
    "candidate",
    "leader",
    "service leader",
    "follower",
    "not started",
)
"""The most notable first. A service leader leads the servers that contenders ask, and is none itself."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A maximal interval [from, to) in which a node was in one state; `epoch` is 0 where it led in none."""

    node: str
    state: str
    epoch: int
    from_ns: int
    to_ns: int


def end_ns(records: Sequence[Record]) -> int:
    """Return when the run ended; of one that has not, when it would."""
    last = records[-1]
    return last.at_ns if isinstance(last, RunEnded) else started(records).duration_ns


def nodes_of(records: Sequence[Record]) -> list[str]:
    """Return the contenders and the servers, in order, each once."""
    begun = started(records)
    return list(dict.fromkeys((*begun.contenders, *begun.servers)))


def stays(records: Sequence[Record]) -> list[Stay]:
    """Return what every contender and server was, node by node, each from 0 to the end of the run.

    *Cut off*: the links to or from so many servers are cut that no majority is left within reach.
    """
    to_ns = end_ns(records)
    changes: dict[str, list[tuple[int, tuple[str, int]]]] = {node: [] for node in nodes_of(records)}
    for at_ns, node, now in _changes(records):
        changes[node].append((at_ns, now))
    return [stay for node, found in changes.items() for stay in _between(node, found, to_ns)]


def _between(node: str, changes: Sequence[tuple[int, tuple[str, int]]], to_ns: int) -> Iterator[Stay]:
    since, now = 0, ("not started", 0)
    for at_ns, new in changes:
        if at_ns > since:
            yield Stay(node, *now, since, at_ns)
        since, now = at_ns, new
    if to_ns > since:
        yield Stay(node, *now, since, to_ns)


def _changes(records: Sequence[Record]) -> Iterator[tuple[int, str, tuple[str, int]]]:
    history = _Nodes(nodes_of(records), World.of(started(records)))
    for at_ns, together in instants(records):
        for node, now in history.after(together):
            yield at_ns, node, now


class _Nodes:
    """What each node is, as the records so far say."""

    def __init__(self, nodes: Sequence[str], world: World) -> None:
        self._world = world
        self._candidates: dict[str, None] = {}
        self._crashed: dict[str, None] = {}
        self._now: dict[str, tuple[str, int]] = dict.fromkeys(nodes, ("not started", 0))

    def after(self, together: Sequence[Record]) -> Iterator[tuple[str, tuple[str, int]]]:
        """Fold in the records of one instant; yield whose state changed, and to what."""
        if not any([self._apply(record) for record in together]):
            return
        for node, before in self._now.items():
            world = self._world
            now = self._state(node), world.beliefs.get(node) or world.service_leaders.get(node, 0)
            if now != before:
                self._now[node] = now
                yield node, now

    def _apply(self, record: Record) -> bool:
        """Fold in one record; return whether it can change a state."""
        changed = self._world.apply(record)
        if isinstance(record, Campaigned):
            self._candidates[record.node] = None
        elif isinstance(record, Led | LeaderKnown | Crashed):
            self._candidates.pop(record.node, None)
            if isinstance(record, Crashed):
                self._crashed[record.node] = None
        else:
            return changed
        return True

    def _state(self, node: str) -> str:
        world = self._world
        if node not in world.live:
            return "crashed" if node in self._crashed else "not started"
        if node not in world.running:
            return "paused"
        leads = node in world.beliefs or node in world.service_leaders
        if world.ailment(node) == "partition":
            return "leader, cut off" if leads else "cut off"
        if leads:
            return "leader" if node in world.beliefs else "service leader"
        return "candidate" if node in self._candidates else "follower"
