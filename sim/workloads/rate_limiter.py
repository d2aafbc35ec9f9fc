"""Rate limiter: the leader admits requests against one counter, so many in each window of time.

Clients ask whoever leads. It counts what it admits, by the window of its wall clock, and has a resource
(the backend, "r1") serve each admitted request. A new leader first asks the backend what was served in
the windows that may still be open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, ProtocolSpec, Reply, Request, Storage, parameter, record
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.database_primary import Client
from sim.workloads.fence import NOBODY, Admitted
from sim.workloads.registry import Added, WorkloadSpec
from sim.workloads.resource import Effect, EffectReply, Inquiry, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

MS = 1_000_000
BACKEND = "r1"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is admitted, and what the clients ask for."""

    limit: int = parameter(10, "count", "requests admitted in each window", 1)
    window: int = parameter(1000 * MS, "duration", "length of a window", 1)
    work: int = parameter(0, "duration", "from the check of belief and counter to the effect", 0)
    fenced: bool = parameter(False, "flag", "the backend rejects what comes under a lower epoch")
    retry: int = parameter(300 * MS, "duration", "an inquiry unanswered for so long is repeated", 1)
    rate: int = parameter(50 * MS, "rate", "requests per second, of all clients together", 1)
    clients: int = parameter(2, "count", "number of clients", 1)
    attempt_timeout: int = parameter(300 * MS, "duration", "a request unanswered for so long is retried", 1)
    deadline: int = parameter(1000 * MS, "duration", "a request is given up after so long", 1)
    retry_interval: int = parameter(50 * MS, "duration", "pause after an answer that names no leader", 0)
    arrival: str = parameter("poisson", "text", "gaps between requests: poisson or steady")


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.arrival not in ("poisson", "steady"):
        yield f"arrival is 'poisson' or 'steady', not {parameters.arrival!r}"
    if parameters.attempt_timeout > parameters.deadline:
        yield "attempt_timeout is longer than deadline"
    if parameters.work >= parameters.window:
        yield "work takes as long as a window, or longer"


@record
class Spent:
    """What the backend must not forget: it served that request of that window."""

    window: int
    request: tuple[NodeId, int]


class BackendImage(ResourceImage):
    """The disk of the backend: the requests that it served, by window."""

    def __init__(
        self, admitted: Admitted = NOBODY, served: dict[int, dict[tuple[NodeId, int], None]] | None = None
    ) -> None:
        super().__init__(admitted)
        self.served = {} if served is None else served

    def apply(self, record: Any) -> None:
        """Fold one record."""
        if type(record) is Spent:
            self.served.setdefault(record.window, {})[record.request] = None
        else:
            super().apply(record)

    def copy(self) -> BackendImage:
        """Return an independent copy."""
        return BackendImage(self.admitted, {window: dict(done) for window, done in self.served.items()})


class Backend(Resource):
    """Serves what is admitted; a request that comes twice is one request."""

    image: BackendImage

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: BackendImage, windows: Windows
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._windows = windows

    def perform(self, source: NodeId, effect: Effect) -> bool:
        """Serve a request; return whether this is not a repetition."""
        window, request = effect.action[0], (source, effect.number)
        if request in self.image.served.get(window, {}):
            return False
        self.write(Spent(window, request))
        return True

    def answer(self, source: NodeId, inquiry: Inquiry) -> tuple[tuple[int, int], ...]:
        """Return (window, requests served in it) from the window that is asked for on."""
        (since,) = inquiry.question
        served = sorted(self.image.served.items())
        return tuple((window, len(done)) for window, done in served if window >= since)

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Count it."""
        if result:
            self._windows.served(effect.action[0], source, epoch)


class Windows:
    """The truth about the windows: what was served and what was refused in each."""

    def __init__(self, cluster: Cluster, limit: int) -> None:
        self._limit = limit
        self._served: Counter[int] = Counter()
        self._refused: Counter[int] = Counter()
        cluster.closing.append(self._close)
        self._ledger = Ledger(cluster, SPEC.damage)

    def served(self, window: int, node: NodeId, epoch: int) -> None:
        """The backend served a request that was admitted in that window."""
        self._served[window] += 1
        if self._served[window] > self._limit:
            detail = f"{self._served[window]} in one window, of {self._limit}"
            self._ledger.count("admitted_over_limit", BACKEND, node, epoch, detail)

    def refused(self, window: int) -> None:
        """A leader turned a request away."""
        self._refused[window] += 1

    def _close(self) -> None:
        """Of what was refused in a window, as much as would have had room in it was refused wrongly."""
        for window, number in sorted(self._refused.items()):
            room = min(number, self._limit - self._served[window])
            if room > 0:
                detail = f"{self._served[window]} served in the window, of {self._limit}"
                self._ledger.count("refused_below_limit", BACKEND, "", -1, detail, room)


class Limiter(Application):
    """The leader: admits and counts."""

    def __init__(self, node: Node, cluster: Cluster, parameters: Parameters, windows: Windows) -> None:
        super().__init__(node, cluster)
        self._parameters = parameters
        self._windows = windows
        self._calls = Calls(node, parameters.retry, self.claim)
        self._work: Work[tuple[int, int, Request]] = Work(
            cluster, self.host, (parameters.work, parameters.work), self._serve
        )
        self._admitted: Counter[int] = Counter()
        self._ready: int | None = None  # the epoch in which the counter is known
        self.handlers = {**self._calls.handlers, Request: self.on_request}

    def start(self, epoch: int) -> None:
        """Ask for the counter."""
        since = self._window() - 1
        self._calls.inquire(BACKEND, epoch, (since,), lambda reply: self._told(epoch, reply))

    def stop(self) -> None:
        """Admit nothing more."""
        self._ready = None
        self._calls.drop()
        self._work.drop()

    def _told(self, epoch: int, reply: EffectReply) -> None:
        if reply.accepted:
            self._admitted = Counter(dict(reply.result))
            self._ready = epoch

    def _window(self) -> int:
        return self.host.wall() // self._parameters.window

    def on_request(self, client: NodeId, request: Request) -> None:
        """Check belief and counter, then act: now, or when the work is done."""
        epoch = self.node.leads()
        if epoch is None or epoch != self._ready:
            self._reply(request, "not_leader", None, -1)
            return
        window = self._window()
        if self._admitted[window] >= self._parameters.limit:
            self._windows.refused(window)
            self._reply(request, "ok", False, epoch)
            return
        self._admitted[window] += 1
        self._work.add((epoch, window, request))

    def _serve(self, item: tuple[int, int, Request]) -> None:
        epoch, window, request = item
        self._calls.effect(BACKEND, epoch, (window,), lambda reply: self._served(epoch, request, reply))

    def _served(self, epoch: int, request: Request, reply: EffectReply) -> None:
        if reply.accepted:
            self._reply(request, "ok", True, epoch)
        else:
            self._reply(request, "not_leader", None, -1)

    def _reply(self, request: Request, outcome: Any, value: Any, epoch: int) -> None:
        number = self.node.epoch_of(epoch)
        self.host.send(request.client, Reply(request.client, request.serial, outcome, value, None, number))


class Asker(Client):
    """A client: asks for admission."""

    def _draw_command(self) -> tuple[Any, ...]:
        return ("admit",)


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    windows = Windows(cluster, parameters.limit)
    Applications(cluster, lambda node: Limiter(node, cluster, parameters, windows))

    def client(host: Host, image: Storage) -> Client:
        return Asker(host, cluster, parameters)

    def backend(host: Host, image: BackendImage) -> Backend:
        return Backend(host, cluster, parameters.fenced, image, windows)

    clients = {name: Added(client) for name in cluster.plan.group.clients}
    return {BACKEND: Added(backend, BackendImage()), **clients}


def _resources(parameters: Parameters, protocol: ProtocolSpec) -> tuple[str, ...]:
    return (BACKEND,)


SPEC = WorkloadSpec(
    name="rate-limiter",
    summary="the leader admits requests against one counter; harm: admitted over, refused below the limit",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: tuple(f"c{number}" for number in range(1, parameters.clients + 1)),
    resources=_resources,
    attach=_attach,
    damage=("admitted_over_limit", "refused_below_limit"),
)
