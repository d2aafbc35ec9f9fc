"""A lane per node over time, from the milestones of a run. Pure: no terminal is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.world import World, instants, started
from sim.cli.screen.states import (
    ABSENT,
    CANDIDATE,
    CRASHED,
    CUT,
    FOLLOWER,
    LEADER,
    LEADER_CUT,
    PAUSED,
    STATES,
    State,
)
from sim.records import (
    Campaigned,
    Crashed,
    LeaderKnown,
    Led,
    Record,
    RunEnded,
    RunStarted,
    Violated,
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The columns of a chart: each is one slice of [0, end_ns], all about equally long."""

    end_ns: int
    columns: int

    def column(self, at_ns: int) -> int:
        """Return the column of an instant, the last one for the end."""
        return min(self.columns - 1, at_ns * self.columns // max(1, self.end_ns))

    @property
    def slice_ns(self) -> int:
        """Length of what one column shows."""
        return self.end_ns // self.columns


@dataclass(frozen=True, slots=True)
class Lane:
    """The states of one node, one per column."""

    node: str
    states: tuple[State, ...]

    def text(self, unicode: bool = True) -> str:
        """Return the lane as symbols."""
        return "".join(state.symbol if unicode else state.plain for state in self.states)


def scale_of(records: Sequence[Record], columns: int) -> Scale:
    """Return the scale that shows a whole run, to its end if it ended early."""
    begun: RunStarted = started(records)
    last = records[-1]
    end_ns = last.at_ns if isinstance(last, RunEnded) else begun.duration_ns
    return Scale(end_ns, columns)


def lanes(records: Sequence[Record], scale: Scale) -> list[Lane]:
    """Return a lane for each contender and server, in order.

    A column shows the most notable state within its slice of time (see `STATES`). *Cut off*: the
    links to or from so many servers are cut that no majority is left within reach.
    """
    begun: RunStarted = started(records)
    nodes = list(dict.fromkeys((*begun.contenders, *begun.servers)))
    history = _Nodes(nodes, World.of(begun))
    changes: dict[str, list[tuple[int, State]]] = {node: [(0, ABSENT)] for node in nodes}
    for at_ns, together in instants(records):
        for node, state in history.after(together):
            changes[node].append((at_ns, state))
    return [Lane(node, _painted(changes[node], scale)) for node in nodes]


def violations(records: Sequence[Record], scale: Scale) -> list[int]:
    """Return the columns in which a property was violated, in order, each once."""
    found = (scale.column(record.at_ns) for record in records if isinstance(record, Violated))
    return list(dict.fromkeys(found))


def _painted(changes: list[tuple[int, State]], scale: Scale) -> tuple[State, ...]:
    cells = [len(STATES) - 1] * scale.columns
    for (since_ns, state), (until_ns, _) in pairwise([*changes, (scale.end_ns, ABSENT)]):
        if until_ns > since_ns:
            rank = STATES.index(state)
            for column in range(scale.column(since_ns), scale.column(until_ns - 1) + 1):
                cells[column] = min(cells[column], rank)
    return tuple(STATES[rank] for rank in cells)


class _Nodes:
    """What each node is, as the records so far say."""

    def __init__(self, nodes: Sequence[str], world: World) -> None:
        self._world = world
        self._candidates: dict[str, None] = {}
        self._crashed: dict[str, None] = {}
        self._now: dict[str, State] = dict.fromkeys(nodes, ABSENT)

    def after(self, together: Sequence[Record]) -> Iterator[tuple[str, State]]:
        """Fold in the records of one instant; yield whose state changed, and to what."""
        if not any([self._apply(record) for record in together]):
            return
        for node, before in self._now.items():
            state = self._state(node)
            if state is not before:
                self._now[node] = state
                yield node, state

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

    def _state(self, node: str) -> State:
        world = self._world
        if node not in world.live:
            return CRASHED if node in self._crashed else ABSENT
        if node not in world.running:
            return PAUSED
        leads = node in world.beliefs or node in world.service_leaders
        if world.ailment(node) == "partition":
            return LEADER_CUT if leads else CUT
        if leads:
            return LEADER
        return CANDIDATE if node in self._candidates else FOLLOWER
