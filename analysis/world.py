"""Ground truth at one instant: who runs, who can talk to whom, and who believes that it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sim.records import (
    Crashed,
    Followed,
    Led,
    LinksCut,
    LinksHealed,
    Paused,
    Record,
    Resumed,
    RunStarted,
    Started,
)


class World:
    """The state that the records so far add up to.

    A node is *live* from its start to its crash and *running* while live and not paused. A belief is
    false while crashed and frozen while paused. Two nodes are connected while the links both ways
    are uncut.
    """

    __slots__ = ("_peers", "_servers", "beliefs", "cut", "live", "majority", "running", "servers")

    def __init__(self, servers: Sequence[str], contenders: Sequence[str] = ()) -> None:
        self.servers = tuple(servers)
        self._peers = tuple(dict.fromkeys([*servers, *contenders]))
        self._servers = frozenset(servers)
        self.majority = len(servers) // 2 + 1
        self.live: set[str] = set()
        self.running: set[str] = set()
        self.cut: set[tuple[str, str]] = set()
        self.beliefs: dict[str, int] = {}

    def apply(self, record: Record) -> bool:
        """Fold in one record; return whether it is of a kind that can change this state."""
        change = _CHANGES.get(type(record))
        if change is None:
            return False
        change(self, record)
        return True

    def has_quorum(self, node: str) -> bool:
        """Return whether `node` runs and is connected to a majority of the servers, all running.

        A server counts itself; a node that is no server needs a majority beside it.
        """
        running = self.running
        if node not in running:
            return False
        if not self.cut:
            return len(running & self._servers) >= self.majority
        return sum(s in running and self._connected(node, s) for s in self.servers) >= self.majority

    def any_quorum(self) -> bool:
        """Return whether some server has a quorum: one that could lead, or serve a leader."""
        if not self.cut:
            return len(self.running & self._servers) >= self.majority
        return any(map(self.has_quorum, self.servers))

    def highest_believer(self) -> tuple[int, str] | None:
        """Return (epoch, node) of the running believer with the highest epoch."""
        running = self.running
        believers = [(epoch, node) for node, epoch in self.beliefs.items() if node in running]
        return max(believers) if believers else None

    def ailment(self, node: str) -> str:
        """Return what keeps `node` from leading.

        "crash", "pause", "partition" (links cut from a majority of the servers), "quorum" (so many
        servers are down that those it reaches are no majority), or "" when nothing does.
        """
        if node not in self.live:
            return "crash"
        if node not in self.running:
            return "pause"
        if self.has_quorum(node):
            return ""
        reached = sum(self._connected(node, server) for server in self.servers)
        return "quorum" if reached >= self.majority else "partition"

    def is_touched(self, node: str) -> bool:
        """Return whether any link between `node` and a server or contender is cut."""
        return bool(self.cut) and not all(self._connected(node, peer) for peer in self._peers)

    def _connected(self, node: str, peer: str) -> bool:
        return node == peer or ((node, peer) not in self.cut and (peer, node) not in self.cut)

    # One method per kind of record --------------------------------------------------------------

    def _started(self, record: Started) -> None:
        self.live.add(record.node)
        self.running.add(record.node)

    def _crashed(self, record: Crashed) -> None:
        self.live.discard(record.node)
        self.running.discard(record.node)
        self.beliefs.pop(record.node, None)

    def _paused(self, record: Paused) -> None:
        self.running.discard(record.node)

    def _resumed(self, record: Resumed) -> None:
        if record.node in self.live:
            self.running.add(record.node)

    def _cut(self, record: LinksCut) -> None:
        self.cut.update(record.links)

    def _healed(self, record: LinksHealed) -> None:
        self.cut.difference_update(record.links)

    def _led(self, record: Led) -> None:
        self.beliefs[record.node] = record.epoch

    def _followed(self, record: Followed) -> None:
        self.beliefs.pop(record.node, None)


_CHANGES: dict[type, Callable[[World, Record], None]] = {
    Started: World._started,
    Crashed: World._crashed,
    Paused: World._paused,
    Resumed: World._resumed,
    LinksCut: World._cut,
    LinksHealed: World._healed,
    Led: World._led,
    Followed: World._followed,
}


def started(records: Sequence[Record]) -> RunStarted:
    """Return the first record, which says who takes part.

    Raises:
        ValueError: there is none, or it is of another kind.
    """
    if not records or not isinstance(records[0], RunStarted):
        raise ValueError("the records of a run begin with RunStarted")
    return records[0]


def instants(records: Sequence[Record]) -> Iterator[tuple[int, list[Record]]]:
    """Yield (at_ns, the records of that instant).

    What happens at one instant takes no time: a link that heals and is cut again was never whole,
    and a leader that steps down and crashes has crashed. So states are looked at between instants.
    """
    together: list[Record] = []
    for record in records:
        if together and record.at_ns != together[0].at_ns:
            yield together[0].at_ns, together
            together = []
        together.append(record)
    if together:
        yield together[0].at_ns, together
