"""A tiny world for tests of the engine: nodes that do nothing by themselves and remember everything.

A test makes a `Probe` act through its host, at a time of its choosing, and reads in `World.heard` and
`World.fired` what came of it, in true time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protocols.api import Handler, Host, ProtocolSpec, Role, message, record
from protocols.api import Refused as Refused
from sim.cluster import Cluster
from sim.distributions import Constant, Distribution
from sim.network.spec import LinkSpec
from sim.node import Node
from sim.plan import Plan, group_of, nodes_of
from sim.trace import Level

US = 1_000
MS = 1_000_000
S = 1_000_000_000


@message
class Ping:
    """Something to send; a `Probe` answers it only if the test says so."""

    number: int


@message
class Pong:
    """What an echoing probe answers."""

    number: int


@message
class Unheard:
    """A message that no probe handles."""

    number: int


@message
class Heavy:
    """A message with a weight of its own."""

    size_bytes: int


@record
class Kept:
    """Something to save."""

    number: int


class Numbers:
    """The disk image of a probe: the numbers kept so far."""

    def __init__(self, kept: tuple[int, ...] = ()) -> None:
        self.kept = kept

    def apply(self, record: Kept) -> None:
        """Fold one record."""
        self.kept = (*self.kept, record.number)

    def copy(self) -> Numbers:
        """Return an independent copy."""
        return Numbers(self.kept)


class Probe:
    """One incarnation of a node: remembers what it hears; `reactions` are the test's to set."""

    def __init__(self, host: Host, world: World, storage: Numbers) -> None:
        self.host = host
        self.storage = storage
        self.handlers: dict[type, Handler] = dict.fromkeys((Ping, Pong, Heavy), self._hear)
        if world.wants_refusals:
            self.handlers[Refused] = self._hear
        self._world = world

    def start(self) -> None:
        """Do what the test wants of every process at its start."""
        self._world.probes[self.host.id] = self
        self._world.on_start(self)

    def _hear(self, source: str, message: Any) -> None:
        self._world.heard[self.host.id].append((self._world.now, source, message))
        self._world.on_message(self, source, message)

    def alarm(self, name: str, then: Callable[[], None] | None = None) -> Any:
        """Return the timer of that name, which is noted in `World.fired` when it fires."""
        return self.host.timer(name, lambda: self._fired(name, then))

    def _fired(self, name: str, then: Callable[[], None] | None) -> None:
        self._world.fired[self.host.id].append((self._world.now, name))
        if then is not None:
            then()


@dataclass(frozen=True, slots=True)
class NoParameters:
    """A probe has nothing to tune."""


class World:
    """A cluster of probes, with the clock, links and disks that the test wants; nodes n1, n2 ..."""

    def __init__(
        self,
        nodes: int = 2,
        *,
        latency: Distribution = Constant(MS),
        link: Callable[[str, str], LinkSpec] | LinkSpec | None = None,
        seed: int = 1,
        level: Level = "digest",
        wants_refusals: bool = False,
        **plan: Any,
    ) -> None:
        self.heard: dict[str, list[tuple[int, str, Any]]] = defaultdict(list)
        self.fired: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.probes: dict[str, Probe] = {}
        self.wants_refusals = wants_refusals
        self.on_start: Callable[[Probe], None] = lambda probe: None
        self.on_message: Callable[[Probe, str, Any], None] = lambda probe, source, message: None
        self.plan = probe_plan(self, nodes, link if link is not None else LinkSpec(latency=latency), **plan)
        self.cluster = Cluster(self.plan, seed, level)
        self._started = False

    @property
    def now(self) -> int:
        """True time."""
        return self.cluster.now

    def start(self) -> World:
        """Start every process, once."""
        if not self._started:
            self._started = True
            self.cluster.start()
        return self

    def at(self, time_ns: int, action: Callable[[], Any]) -> None:
        """Do something at that time."""
        self.cluster.kernel.call_at(time_ns, lambda _: action())

    def run(self, until: int = 10 * S) -> World:
        """Run up to, and without, what is due at `until`."""
        self.start()
        self.cluster.kernel.run(until)
        return self

    def node(self, name: str) -> Node:
        """Return a node."""
        return self.cluster.nodes[name]

    def send(self, source: str, target: str, *numbers: int) -> None:
        """Send a Ping for each number, now."""
        for number in numbers:
            self.probes[source].host.send(target, Ping(number))

    def numbers(self, name: str) -> list[int]:
        """Return the numbers of the pings that a node heard, in order."""
        return [message.number for _, _, message in self.heard[name] if isinstance(message, Ping)]

    def arrivals(self, name: str) -> list[tuple[int, int]]:
        """Return (true time, number) of the pings that a node heard, in order."""
        return [(at, message.number) for at, _, message in self.heard[name] if isinstance(message, Ping)]

    def digest(self) -> str:
        """Return the digest so far."""
        assert self.cluster.trace.digest is not None
        return self.cluster.trace.digest.hexdigest()

    def milestones(self, *kinds: type) -> list[Any]:
        """Return the milestones of these kinds, in order."""
        return [record for record in self.cluster.trace.milestones if isinstance(record, kinds)]


def probe_plan(
    world: World, nodes: int, link: Callable[[str, str], LinkSpec] | LinkSpec, **plan: Any
) -> Plan:
    """Return the plan of a cluster of probes that report to `world`."""
    role = Role(
        "contender", "n", lambda _: nodes, lambda host, _, __, image: Probe(host, world, image), Numbers
    )
    spec = ProtocolSpec("probe", "does nothing", NoParameters, (role,), lambda _: ())
    roles = nodes_of(spec, None)
    links = (lambda source, target: link) if isinstance(link, LinkSpec) else link
    given = {"duration_ns": 10 * S, "group": group_of(roles), **plan}
    return Plan("test", spec, NoParameters(), roles=roles, link=links, **given)
