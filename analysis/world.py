"""Ground truth at one instant: who runs, who can talk to whom, and who believes that it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sim.records import (
    Crashed,
    Followed,
    Led,
    LinksCut,
    LinksHealed,
    MembersChanged,
    Paused,
    Record,
    Resumed,
    RunStarted,
    ServiceFollowed,
    ServiceLed,
    Started,
)


class World:
    """The state that the records so far add up to.

    A node is *live* from its start to its crash and *running* while live and not paused. A belief is
    false while crashed and frozen while paused. Two nodes are connected while the links both ways
    are uncut. `contenders` are the servers unless others are named; `independent`: the servers form no
    ensemble, so that a contender needs a majority of them, and not just one that has a quorum.
    """

    __slots__ = (
        "_peers", "_servers", "_voters", "beliefs", "contenders", "cut", "independent", "live", "resources",
        "running", "servers", "service_leaders",
    )  # fmt: skip

    def __init__(
        self,
        servers: Sequence[str],
        contenders: Sequence[str] = (),
        resources: Sequence[str] = (),
        independent: bool = False,
    ) -> None:
        self.servers = tuple(servers)
        self.contenders = tuple(contenders) if contenders and contenders != self.servers else self.servers
        self.resources = tuple(resources)
        self.independent = independent
        self._peers = tuple(dict.fromkeys([*servers, *contenders]))
        self._servers = frozenset(servers)
        self._voters: tuple[frozenset[str], ...] = (
            self._servers,
        )  # of each of these sets a majority decides
        self.live: set[str] = set()
        self.running: set[str] = set()
        self.cut: set[tuple[str, str]] = set()
        self.beliefs: dict[str, int] = {}
        self.service_leaders: dict[str, int] = {}  # servers that are no contenders and lead the others

    @classmethod
    def of(cls, start: RunStarted) -> World:
        """Return the world of a run before anything has happened."""
        return cls(start.servers, start.contenders, start.resources, start.independent_servers)

    def apply(self, record: Record) -> bool:
        """Fold in one record; return whether it is of a kind that can change this state."""
        change = _CHANGES.get(type(record))
        if change is None:
            return False
        change(self, record)
        return True

    def has_quorum(self, node: str) -> bool:
        """Return whether `node` runs and can get a majority of the servers to agree with it.

        A server is connected to a majority, itself included, all running. So is a contender of
        independent servers; one of an ensemble reaches a running server that has a quorum.
        """
        running = self.running
        if node not in running:
            return False
        if not self.cut:
            return self._decides(running) and self._may_lead(node)
        reached = [s for s in self.servers if s in running and self._connected(node, s)]
        if node in self._servers or self.independent:
            return self._decides({*reached}) and self._may_lead(node)
        return any(map(self.has_quorum, reached))

    def any_quorum(self) -> bool:
        """Return whether some contender has a quorum: one that could lead."""
        if not self.cut and self.contenders is self.servers:
            return self._decides(self.running)
        return any(map(self.has_quorum, self.contenders))

    def _decides(self, nodes: set[str]) -> bool:
        """Return whether these have a majority of each set of voters."""
        return all(len(nodes & voters) > len(voters) // 2 for voters in self._voters)

    def _may_lead(self, node: str) -> bool:
        return self._voters[0] is self._servers or any(node in voters for voters in self._voters)

    def can_serve(self, node: str) -> bool:
        """Return whether `node`, if it leads, can do what a leader is for.

        A server needs a quorum for each command. Another contender needs nobody as long as it may lead,
        but one of the resources, if there are any.
        """
        if node in self._servers:
            return self.has_quorum(node)
        if node not in self.running:
            return False
        reached = [r for r in self.resources if r in self.running and self._connected(node, r)]
        return bool(reached) or not self.resources

    def highest_believer(self) -> tuple[int, str] | None:
        """Return (epoch, node) of the running believer with the highest epoch."""
        running = self.running
        believers = [(epoch, node) for node, epoch in self.beliefs.items() if node in running]
        return max(believers) if believers else None

    def ailment(self, node: str) -> str:
        """Return what keeps `node` from leading.

        "crash", "pause", "partition" (links are cut so that it has no quorum), "quorum" (so many servers
        are down that it would have none anyway), or "" when nothing does.
        """
        if node not in self.live:
            return "crash"
        if node not in self.running:
            return "pause"
        if self.has_quorum(node):
            return ""
        if node not in self._servers and not self.independent:
            return "partition" if any(map(self.has_quorum, self.servers)) else "quorum"
        reached = {server for server in self.servers if self._connected(node, server)}
        return "quorum" if self._decides(reached) else "partition"

    def is_touched(self, node: str) -> bool:
        """Return whether any link between `node` and a server or contender is cut."""
        return bool(self.cut) and not all(self._connected(node, peer) for peer in self._peers)

    def _connected(self, node: str, peer: str) -> bool:
        return node == peer or ((node, peer) not in self.cut and (peer, node) not in self.cut)

    # One method per kind of record --------------------------------------------------------------

    def _started(self, record: Started) -> None:
        self.live.add(record.node)
        self.running.add(record.node)

    def _members_changed(self, record: MembersChanged) -> None:
        sets = (record.voters, record.outgoing) if record.outgoing else (record.voters,)
        self._voters = tuple(map(frozenset, sets))

    def _crashed(self, record: Crashed) -> None:
        self.live.discard(record.node)
        self.running.discard(record.node)
        self.beliefs.pop(record.node, None)
        self.service_leaders.pop(record.node, None)

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

    def _service_led(self, record: ServiceLed) -> None:
        self.service_leaders[record.node] = record.epoch

    def _service_followed(self, record: ServiceFollowed) -> None:
        self.service_leaders.pop(record.node, None)


_CHANGES: dict[type, Callable[[World, Record], None]] = {
    Started: World._started,
    MembersChanged: World._members_changed,
    Crashed: World._crashed,
    Paused: World._paused,
    Resumed: World._resumed,
    LinksCut: World._cut,
    LinksHealed: World._healed,
    Led: World._led,
    Followed: World._followed,
    ServiceLed: World._service_led,
    ServiceFollowed: World._service_followed,
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
