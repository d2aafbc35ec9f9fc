"""Who a fault hits: selectors, resolved against the world at the moment when the fault fires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.scenario.selectors import Node, Region, Role, Selector, Several, Word

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.rng import Stream

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a selector is resolved against. `named`: who is named elsewhere in the same fault."""

    cluster: Cluster
    stream: Stream
    event_node: str = ""
    named: Names = ()

    @property
    def leader(self) -> Names:
        """The contender that believes under the highest epoch, if there is one."""
        leader = self.cluster.leader()
        return () if leader is None else (leader,)

    @property
    def service_leader(self) -> Names:
        """The leader of the servers, if there is one: in Raft the leader."""
        leader = self.cluster.service_leader()
        return () if leader is None else (leader,)

    @property
    def followers(self) -> Names:
        """The contenders but for the leader."""
        return tuple(node for node in self.cluster.contenders if node not in self.leader)

    @property
    def members(self) -> Names:
        """Every contender and server, once."""
        return tuple(dict.fromkeys((*self.cluster.contenders, *self.cluster.servers)))

    def one_of(self, nodes: Names) -> Names:
        """Return one of `nodes`, drawn at random; nothing if there are none."""
        return (self.stream.choice(nodes),) if nodes else ()

    def part(self, size: int, leader: bool | None) -> Names:
        """Return `size` of the servers, drawn at random; with, without, or regardless of the leader.

        Nobody if `size` is 0: one or two servers have no minority for the leader to be in.
        """
        if not size:
            return ()
        servers = self.cluster.servers
        fixed = self.service_leader if leader else ()
        excluded = self.service_leader if leader is not None else ()
        others = [node for node in servers if node not in excluded]
        return (*fixed, *self.stream.sample(others, min(len(others), size - len(fixed))))

    @property
    def majority_size(self) -> int:
        """Size of the smallest majority of the servers."""
        return len(self.cluster.servers) // 2 + 1

    @property
    def minority_size(self) -> int:
        """Size of the largest minority of the servers."""
        return (len(self.cluster.servers) - 1) // 2


_WORDS: dict[str, Callable[[Moment], Names]] = {
    "leader": lambda m: m.leader,
    "service leader": lambda m: m.service_leader,
    "followers": lambda m: m.followers,
    "a follower": lambda m: m.one_of(m.followers),
    "another follower": lambda m: m.one_of(tuple(n for n in m.followers if n not in m.named)),
    "others": lambda m: tuple(node for node in m.members if node not in m.named),
    "all": lambda m: m.members,
    "a contender": lambda m: m.one_of(m.cluster.contenders),
    "a server": lambda m: m.one_of(m.cluster.servers),
    "a client": lambda m: m.one_of(m.cluster.plan.group.clients),
    "majority": lambda m: m.part(m.majority_size, None),
    "majority with the leader": lambda m: m.part(m.majority_size, True),
    "majority without the leader": lambda m: m.part(m.majority_size, False),
    "minority": lambda m: m.part(m.minority_size, None),
    "minority with the leader": lambda m: m.part(m.minority_size, True),
    "minority without the leader": lambda m: m.part(m.minority_size, False),
    "that node": lambda m: (m.event_node,) if m.event_node else (),
}

# These mean "the rest": they are resolved last, when it is known who is named otherwise.
_LAST = ("others", "another follower")


def resolve(selector: Selector, moment: Moment) -> Names:
    """Return the nodes that a selector means now, in a fixed order; none if there is no such node."""
    if isinstance(selector, Several):
        return tuple(dict.fromkeys(node for part in selector.parts for node in resolve(part, moment)))
    if isinstance(selector, Node):
        return (selector.name,)
    plan = moment.cluster.plan
    if isinstance(selector, Role):
        nodes: Names = getattr(plan.group, selector.name)
        return nodes
    if isinstance(selector, Region):
        return tuple(node for node, region in plan.regions.items() if region == selector.name)
    return _WORDS[selector.word](moment)


def resolve_all(selectors: tuple[Selector, ...], moment: Moment) -> tuple[Names, ...]:
    """Resolve the selectors of one fault together: `others` are those whom the rest does not name."""
    first = {i: resolve(s, moment) for i, s in enumerate(selectors) if not _is_rest(s)}
    named = tuple(dict.fromkeys(node for nodes in first.values() for node in nodes))
    later = Moment(moment.cluster, moment.stream, moment.event_node, named)
    return tuple(first[i] if i in first else resolve(s, later) for i, s in enumerate(selectors))


def _is_rest(selector: Selector) -> bool:
    parts = selector.parts if isinstance(selector, Several) else (selector,)
    return any(isinstance(part, Word) and part.word in _LAST for part in parts)
