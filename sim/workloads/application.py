"""The application that elects a leader in order to have it do something: what all workloads share.

It runs in the process of a contender, beside the protocol: it stands still, dies and waits for the
disk with it. It begins when the node believes that it leads, and asks `leads()` again before each
effect. Between that check and the effect there is work, and a network: check-then-act, as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from protocols.api import Handler, Host, NodeId
from sim.distributions import Constant, Uniform
from sim.network.draws import Lengths
from sim.sampling import Sampler
from sim.workloads.alarms import Alarms
from sim.workloads.claim import Claim, claim_of
from sim.workloads.resource import Effect, EffectReply, Inquiry

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

T = TypeVar("T")
Then = Callable[[EffectReply], None]
NUMBERS = 1_000_000_000
"""Each incarnation of a process has so many numbers for its requests."""


class Application:
    """What runs beside the protocol in one process of a contender.

    `handlers` are the messages that are for it and not for the protocol. `claim` is what it knows of a
    resource that is fenced by compare-and-set, if there is one.
    """

    def __init__(self, node: Node, cluster: Cluster) -> None:
        assert node.host is not None
        self.node = node
        self.cluster = cluster
        self.host: Host = node.host
        self.claim = claim_of(node, cluster)
        self.handlers: Mapping[type, Handler] = {}

    def start(self, epoch: int) -> None:
        """The node believes from here on that it leads; `epoch` is as its protocol has it."""

    def stop(self) -> None:
        """It no longer does, and knows it."""


class Applications:
    """Gives each process of a contender its application, and tells that when it leads."""

    def __init__(self, cluster: Cluster, create: Callable[[Node], Application]) -> None:
        self._nodes = cluster.nodes
        self._contenders = dict.fromkeys(cluster.contenders)
        self._create = create
        self.running: dict[str, Application] = {}
        cluster.trace.listen("started", self._started)
        cluster.trace.listen("led", self._led)
        cluster.trace.listen("followed", self._followed)
        cluster.trace.listen("crashed", self._crashed)
        cluster.trace.listen("acquiring", self._acquiring)
        self._protocol = cluster.plan.protocol.name

    def _started(self, name: str, incarnation: int) -> None:
        if name in self._contenders:
            node = self._nodes[name]
            self.running[name] = application = self._create(node)
            node.attach(application.handlers)

    def _led(self, name: str, epoch: int) -> None:
        token = self._nodes[name].token
        assert token is not None
        application = self.running[name]
        if application.claim is not None:
            application.claim.check(self._protocol, token)
        application.start(token)

    def _acquiring(self, name: str, token: int) -> None:
        claim = self.running[name].claim
        if claim is not None:
            claim.begin(token)

    def _followed(self, name: str, reason: str) -> None:
        if reason != "crashed":  # the dead do nothing any more
            self.running[name].stop()

    def _crashed(self, name: str) -> None:
        self.running.pop(name, None)


class Work(Generic[T]):
    """The time between a check and its effect: `then(item)` after a length on the local clock.

    Each item has a length of its own, drawn between the two ends; none at all where both are 0.
    """

    def __init__(
        self, cluster: Cluster, host: Host, ends_ns: tuple[int, int], then: Callable[[T], None]
    ) -> None:
        low, high = ends_ns
        distribution = Constant(low) if low == high else Uniform(low, high)
        self._lengths = Lengths(Sampler(distribution, cluster.seed.key(f"{host.id} work")))
        self._instant = high == 0
        self._host = host
        self._then = then
        self._timer = host.timer("work", self._ring)
        self._due: list[tuple[int, int, T]] = []
        self._count = 0

    def add(self, item: T) -> None:
        """Begin to work on `item`."""
        if self._instant:
            self._then(item)
            return
        self._count += 1
        heappush(self._due, (self._host.now() + self._lengths.draw(), self._count, item))
        self._set()

    def drop(self) -> None:
        """Finish nothing of what was begun."""
        self._due.clear()
        self._timer.cancel()

    def _ring(self) -> None:
        now = self._host.now()
        while self._due and self._due[0][0] <= now:
            self._then(heappop(self._due)[2])
        self._set()

    def _set(self) -> None:
        if self._due:
            self._timer.set(max(0, self._due[0][0] - self._host.now()))


class Calls:
    """Requests to resources: each is repeated until it is answered, or its epoch is over."""

    def __init__(self, node: Node, retry_ns: int, claim: Claim | None = None) -> None:
        assert node.host is not None
        self._node = node
        self._host = node.host
        self._claim = claim
        self._number = node.incarnation * NUMBERS
        self._open: dict[int, tuple[NodeId, Effect | Inquiry, Then]] = {}
        self._retries: Alarms[int] = Alarms(node.host, "call retry", retry_ns, self._retry)
        claimed = {} if claim is None else claim.handlers
        self.handlers: Mapping[type, Handler] = {EffectReply: self.on_reply, **claimed}

    def effect(self, to: NodeId, epoch: int, action: tuple[Any, ...], then: Then) -> None:
        """Have something done under `epoch`; `then(reply)` once the resource has answered."""
        self._number += 1
        self._send(to, Effect(epoch, self._number, action, self._expected(epoch)), then)

    def tell(self, to: NodeId, epoch: int, action: tuple[Any, ...], claim: int | None = None) -> None:
        """Have something done under `epoch`, whose answer nobody waits for.

        `claim` is for resources of which it is not the owner that is expected, but a generation.
        """
        self._number += 1
        expected = self._expected(epoch) if claim is None else claim
        self._host.send(to, Effect(epoch, self._number, action, expected))

    def inquire(self, to: NodeId, epoch: int, question: tuple[Any, ...], then: Then) -> None:
        """Ask something under `epoch`; `then(reply)` once the resource has answered."""
        self._number += 1
        self._send(to, Inquiry(epoch, self._number, question, self._expected(epoch)), then)

    def _expected(self, epoch: int) -> int | None:
        return None if self._claim is None else self._claim.expected(epoch)

    def _send(self, to: NodeId, request: Effect | Inquiry, then: Then) -> None:
        self._open[request.number] = (to, request, then)
        self._retries.add(request.number)
        self._host.send(to, request)

    def on_reply(self, source: NodeId, reply: EffectReply) -> None:
        """Go on with what waited for this; an answer may come twice, and the second is ignored."""
        if self._claim is not None and reply.standing is not None:
            self._claim.answered(reply.standing.epoch, reply.accepted, reply.standing.admitted)
        found = self._open.pop(reply.number, None)
        if found is not None:
            found[2](reply)

    def drop(self) -> None:
        """Wait for nothing any more; what was sent may still take effect."""
        self._open.clear()

    def _retry(self, number: int) -> None:
        found = self._open.get(number)
        if found is None:
            return
        to, request, _ = found
        if self._node.leads() == request.epoch:
            self._retries.add(number)
            self._host.send(to, request)
        else:
            del self._open[number]
