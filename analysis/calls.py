"""When a leader was called for, and who came: the search for elections, without their lengths.

The *incumbent* is the node that the last election brought into service. A new leader is called for
when a fault takes the incumbent: it crashes, is paused, loses its two-way links to a majority of the
servers, or to a service that has one ("partition"), or so many servers fail that those it reaches are no
majority ("quorum"); a lease may outlast the fault, and its holder then has recovered. Without
any of these, when it steps down or another leads under a higher epoch: because of another fault
that is on it then (a slow disk, say; the cause is the fault's action), because some of its links to
servers and contenders are cut ("partition" as well), or "unforced".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.faults import FaultsOn
from analysis.world import World, instants, started
from sim.records import Campaigned, ClockChanged, Crashed, FaultEnded, FaultStarted, Record, Served


@dataclass(slots=True)
class Call:
    """One election under way: what it is about, and how far it has come (None: not yet)."""

    fault_at_ns: int
    cause: str
    old_leader: str  # "" at the start of the run
    old_epoch: int  # 0 at the start of the run
    new_leader: str | None = None
    new_epoch: int | None = None
    believed_at_ns: int | None = None
    serving_leader: str | None = None
    serving_epoch: int | None = None
    served_at_ns: int | None = None
    recovered_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """All elections of a run in order, and how many were averted since the incumbent recovered."""

    elections: tuple[Call, ...]
    averted: int


def calls(records: Sequence[Record]) -> Calls:
    """Return the elections that were called for, the first of them at the start of the run.

    Averted, and dropped: the incumbent has recovered before anyone led under a higher epoch. It has
    recovered if it stays sound and goes on believing for the bound of the run (so long may a command
    take; a leader that wakes up only to step down has not recovered) or to the end of the run.
    """
    start = started(records)
    search = _Search(World.of(start), start.at_ns, start.bound_ns)
    for at_ns, together in instants(records):
        changed = search.apply(together)
        while changed:
            changed = search.step(at_ns)
    return search.finish()


class _Search:
    """Follows the world instant by instant; either a call is open or there is an incumbent."""

    __slots__ = (
        "averted", "bound_ns", "candidacies", "crashed", "done", "faults", "incumbent", "open", "served",
        "since_ns", "world",
    )  # fmt: skip

    def __init__(self, world: World, at_ns: int, bound_ns: int) -> None:
        self.world = world
        self.bound_ns = bound_ns
        self.done: list[Call] = []
        self.averted = 0
        self.open: Call | None = Call(at_ns, "start", "", 0)
        self.incumbent = ("", 0)
        self.since_ns = at_ns  # when the incumbent began to serve
        self.candidacies: dict[tuple[str, int], int] = {}
        self.faults = FaultsOn()
        self.crashed: set[str] = set()  # at this instant
        self.served: list[Served] = []  # at this instant

    def apply(self, together: Sequence[Record]) -> bool:
        """Fold in the records of an instant; return whether any of them can matter to `step`."""
        self.crashed.clear()
        self.served.clear()
        changed = False
        for record in together:
            note = _NOTES.get(type(record))
            if note is not None:
                note(self, record)
            changed |= self.world.apply(record)
        return changed or bool(self.served)

    def _campaigned(self, record: Campaigned) -> None:
        self.candidacies.setdefault((record.node, record.epoch), record.at_ns)

    def _served(self, record: Served) -> None:
        self.served.append(record)

    def _crashed(self, record: Crashed) -> None:
        self.crashed.add(record.node)

    def _fault(self, record: Record) -> None:
        self.faults.apply(record)

    def step(self, at_ns: int) -> bool:
        """Take note of one change, if there is one; called until there is none."""
        if self.open is None:
            return self._watch_incumbent(at_ns)
        if self.open.believed_at_ns is None:
            return self._await_belief(self.open, at_ns)
        return self._await_service(self.open, at_ns)

    # The incumbent ------------------------------------------------------------------------------

    def _watch_incumbent(self, at_ns: int) -> bool:
        node, epoch = self.incumbent
        highest = self.world.highest_believer()
        if not self._sound(node, epoch):
            self._call(at_ns, self._cause(node))
        elif highest is not None and highest[0] > epoch:
            # Nothing was missing until the other set out: this is what took the time.
            candidacy = self.candidacies.get((highest[1], highest[0]), at_ns)
            self._call(max(candidacy, self.since_ns), self._fault_on(node))
        else:
            return False
        return True

    def _sound(self, node: str, epoch: int) -> bool:
        return self.world.beliefs.get(node) == epoch and self.world.has_quorum(node)

    def _cause(self, node: str) -> str:
        # It may have crashed and started again at one instant.
        return "crash" if node in self.crashed else self.world.ailment(node) or self._fault_on(node)

    def _fault_on(self, node: str) -> str:
        fault = self.faults.latest_on(node)
        if fault is not None:
            return fault.action
        return "partition" if self.world.is_touched(node) else "unforced"

    def _call(self, fault_at_ns: int, cause: str) -> None:
        self.open = Call(fault_at_ns, cause, *self.incumbent)

    # Its successor ------------------------------------------------------------------------------

    def _await_belief(self, call: Call, at_ns: int) -> bool:
        if call.recovered_at_ns is not None and at_ns - call.recovered_at_ns >= self.bound_ns:
            return self._avert()
        highest = self.world.highest_believer()
        if highest is not None and highest[0] > call.old_epoch:
            call.believed_at_ns = at_ns
            call.new_epoch, call.new_leader = highest
            return True
        return self._await_recovery(call, at_ns)

    def _await_recovery(self, call: Call, at_ns: int) -> bool:
        if self._sound(call.old_leader, call.old_epoch):
            if call.recovered_at_ns is None:
                call.recovered_at_ns = at_ns
        elif call.recovered_at_ns is not None:
            if self.world.beliefs.get(call.old_leader) == call.old_epoch:
                return self._avert()  # struck by another fault, which will be called for next
            call.recovered_at_ns = None
        return False

    def _avert(self) -> bool:
        self.averted += 1
        self.open = None
        return True

    def _await_service(self, call: Call, at_ns: int) -> bool:
        assert call.new_epoch is not None
        for served in self.served:
            if served.epoch >= call.new_epoch:
                call.served_at_ns = at_ns
                call.serving_leader, call.serving_epoch = self.incumbent = served.node, served.epoch
                self.since_ns = at_ns
                self.done.append(call)
                self.open = None
                return True
        return False

    def finish(self) -> Calls:
        call = self.open
        if call is not None and call.believed_at_ns is None and call.recovered_at_ns is not None:
            self._avert()
        if self.open is not None:
            self.done.append(self.open)
        return Calls(tuple(self.done), self.averted)


_NOTES: dict[type, Callable[[_Search, Record], None]] = {
    Campaigned: _Search._campaigned,
    Served: _Search._served,
    Crashed: _Search._crashed,
    FaultStarted: _Search._fault,
    FaultEnded: _Search._fault,
    ClockChanged: _Search._fault,
}
