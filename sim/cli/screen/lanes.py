"""A lane per node over time, from the milestones of a run. Pure: no terminal is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.states import Stay, end_ns, nodes_of, stays
from sim.cli.screen.states import BY_NAME, STATES, State
from sim.records import Record, Violated


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
    return Scale(end_ns(records), columns)


def lanes(records: Sequence[Record], scale: Scale) -> list[Lane]:
    """Return a lane for each contender and server, in order.

    A column shows the most notable state within its slice of time (see `STATES`).
    """
    found = stays(records)
    return [
        Lane(node, _painted([stay for stay in found if stay.node == node], scale))
        for node in nodes_of(records)
    ]


def violations(records: Sequence[Record], scale: Scale) -> list[int]:
    """Return the columns in which a property was violated, in order, each once."""
    found = (scale.column(record.at_ns) for record in records if isinstance(record, Violated))
    return list(dict.fromkeys(found))


def _painted(found: Sequence[Stay], scale: Scale) -> tuple[State, ...]:
    cells = [len(STATES) - 1] * scale.columns
    for stay in found:
        rank = STATES.index(BY_NAME[stay.state])
        for column in range(scale.column(stay.from_ns), scale.column(stay.to_ns - 1) + 1):
            cells[column] = min(cells[column], rank)
    return tuple(STATES[rank] for rank in cells)
