"""All links of a cluster, and the cuts and degradations that faults put on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from heapq import heappush
from typing import TYPE_CHECKING, Any, Literal

from protocols.api import Refused
from sim.network.delivery import Arrival
from sim.network.draws import Block
from sim.network.link import Lane, Line, Send
from sim.network.spec import LinkSpec
from sim.records import LinksCut, LinksHealed
from sim.rng import Seed
from sim.tally import Costs
from sim.trace import Trace

if TYPE_CHECKING:
    from sim.node import Node

Mode = Literal["drop", "hold"]
Pair = tuple[str, str]


class Link:
    """A directed link between two nodes; `route` is what sending over it does just now."""

    __slots__ = ("_arrival", "_cuts", "_held", "_lanes", "_line", "_normal", "_seed", "name", "refusals")

    def __init__(self, name: str, spec: LinkSpec, seed: Seed, arrival: Arrival, first: Block | None) -> None:
        self.name = name
        self._seed = seed
        self._arrival = arrival
        self._line = Line()
        self._normal = Lane(spec, seed, name, arrival, self._line, first)
        self._lanes: list[tuple[object, Lane]] = []  # degradations, the newest last
        self._cuts: list[tuple[object, Mode]] = []
        self._held: list[Any] = []
        self.refusals: Lane | None = None

    @property
    def lane(self) -> Lane:
        """The lane in use when the link is not cut."""
        return self._lanes[-1][1] if self._lanes else self._normal

    @property
    def route(self) -> Send:
        """The function that sends a message over this link as things are."""
        if not self._cuts:
            return self.lane.send
        return self._lose if any(mode == "drop" for _, mode in self._cuts) else self._held.append

    def _lose(self, message: Any) -> None:
        self.lane.discard()
        self._arrival.lose(message, "cut")

    @property
    def is_cut(self) -> bool:
        """True while at least one fault cuts the link."""
        return bool(self._cuts)

    def cut(self, token: object, mode: Mode) -> bool:
        """Add a cut; return whether the link was open before."""
        self._cuts.append((token, mode))
        return len(self._cuts) == 1

    def heal(self, token: object) -> bool:
        """Remove the cuts of `token`; return whether that opened the link. What was held is sent."""
        was_cut = bool(self._cuts)
        self._cuts = [(owner, mode) for owner, mode in self._cuts if owner is not token]
        if self._cuts or not was_cut:
            return False
        held, self._held = self._held, []
        for message in held:
            self.lane.send(message)
        return True

    def degrade(self, token: object, spec: LinkSpec, stream: str) -> None:
        """Send under `spec` from now on, with draws of its own."""
        lane = Lane(spec, self._seed, f"{self.name} {stream}", self._arrival, self._line)
        self._lanes.append((token, lane))

    def restore(self, token: object) -> None:
        """Undo the degradation of `token`."""
        self._lanes = [(owner, lane) for owner, lane in self._lanes if owner is not token]

    @property
    def sent(self) -> int:
        """Number of messages sent over the link, lost ones included."""
        return self._normal.draws.used + sum(lane.draws.used for _, lane in self._lanes)


Routes = dict[str, Send]
"""From one node to each other: how to send."""


class Network:
    """The links of one run, made when first used."""

    def __init__(
        self,
        trace: Trace,
        nodes: dict[str, Node],
        spec: Callable[[str, str], LinkSpec],
        seed: Seed,
        costs: Costs,
        first: Mapping[Pair, Block],
    ) -> None:
        self._trace = trace
        self._nodes = nodes
        self._spec = spec
        self._seed = seed
        self._costs = costs
        self._first = first
        self._retired = 0  # messages over lanes that are gone
        # Per process: who is connected to it, with its incarnation.
        self._connected: dict[str, dict[str, int]] = {}
        # What to call with the delay of each message over a link, if anything; links are made after this.
        self.timed: Callable[[str, str], Callable[[int], None] | None] = lambda source, target: None
        self.links: dict[Pair, Link] = {}
        self.routes: dict[str, Routes] = {
            source: {target: partial(self._send_first, (source, target)) for target in nodes}
            for source in nodes
        }

    def link(self, source: str, target: str) -> Link:
        """Return the link from `source` to `target`."""
        pair = source, target
        found = self.links.get(pair)
        if found is None:
            took = self.timed(source, target)
            arrival = Arrival(self._trace, source, self._nodes[target], self._costs, took)
            spec, first = self._spec(source, target), self._first.get(pair)
            found = Link(f"{source}>{target}", spec, self._seed, arrival, first)
            self.links[pair] = found
        return found

    def _send_first(self, pair: Pair, message: Any) -> None:
        """Make a link, since it is used now, and send the message over it; later ones go there at once."""
        self.link(*pair)
        self._reroute((pair,))
        self.routes[pair[0]][pair[1]](message)

    def cut(self, token: object, pairs: Iterable[Pair], mode: Mode) -> None:
        """Let the links carry nothing until `heal(token)`; messages on their way still arrive."""
        touched = tuple(pairs)
        closed = tuple(pair for pair in touched if self.link(*pair).cut(token, mode))
        self._reroute(touched)
        if closed:
            self._trace.milestone(LinksCut(self.now, closed))

    def heal(self, token: object) -> None:
        """Undo the cuts of `token`."""
        opened = tuple(pair for pair, link in self.links.items() if link.heal(token))
        self._reroute(self.links)  # those too that another cut keeps closed: it may hold, not drop
        if opened:
            self._trace.milestone(LinksHealed(self.now, opened))

    def degrade(self, token: object, specs: dict[Pair, LinkSpec], stream: str) -> None:
        """Let the links behave as in `specs` until `restore(token)`."""
        for pair, spec in specs.items():
            self.link(*pair).degrade(token, spec, stream)
        self._reroute(specs)

    def restore(self, token: object) -> None:
        """Undo the degradation of `token`."""
        for link in self.links.values():
            before = link.sent
            link.restore(token)
            self._retired += before - link.sent
        self._reroute(self.links)

    def _reroute(self, pairs: Iterable[Pair]) -> None:
        for source, target in pairs:
            self.routes[source][target] = self.links[source, target].route

    def is_cut(self, source: str, target: str) -> bool:
        """Return whether a fault cuts the link now."""
        found = self.links.get((source, target))
        return found is not None and found.is_cut

    def spec(self, source: str, target: str) -> LinkSpec:
        """Return what the link is like when nothing is wrong with it."""
        return self._spec(source, target)

    def refuse(self, source: str, target: str) -> None:
        """Tell `source` that nobody listens at `target`, as TCP does, if it wants to know."""
        sender = self._nodes[source]
        # Not `sender.handlers`: that of a node which is paused or busy only queues things up.
        if sender.process is None or Refused not in sender.process.handlers or self.is_cut(target, source):
            return
        link = self.link(target, source)
        if link.refusals is None:
            # Streams of their own: a refusal must not move the draws of ordinary messages.
            arrival = Arrival(self._trace, target, sender, self._costs)
            spec = LinkSpec(latency=self._spec(target, source).latency)
            link.refusals = Lane(spec, self._seed, f"{link.name} refusals", arrival, Line())
        link.refusals.send(Refused(target))

    def connect(self, source: Node, target: str) -> None:
        """Let the process at `source` be refused when the one that runs at `target` ends."""
        if self._nodes[target].process is not None:
            self._connected.setdefault(target, {})[source.name] = source.incarnation

    def disconnect(self, target: Node) -> None:
        """Tell those who are connected to a process that it has ended, unless its machine is down too."""
        for source, incarnation in self._connected.pop(target.name, {}).items():
            if target.host_up and self._nodes[source].incarnation == incarnation:
                self.refuse(source, target.name)

    @property
    def now(self) -> int:
        """True time."""
        return self._trace.kernel._now

    @property
    def messages(self) -> int:
        """Number of messages sent so far."""
        return self._retired + sum(link.sent for link in self.links.values())


def loopback(node: Node, kernel: Any) -> Send:
    """Return how a process sends to itself: at this very instant, in order, but not re-entrantly."""
    waiting: list[Any] = []
    name = node.name
    incarnation = node.incarnation

    def deliver(_: Any) -> None:
        message = waiting.pop(0)
        if node.incarnation == incarnation:
            node.receive(name, message)

    def send(message: Any) -> None:
        waiting.append(message)
        heappush(kernel.queue, (kernel._now, kernel.next_key(), deliver, None))

    return send
