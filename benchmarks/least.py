"""The least Raft: how fast interpreted code can be that does what the measured scenario asks for.

One flat module, made for this scenario and no other: nodes without clocks, disks or hosts, messages that
nobody counts or records, timers that are entries of the queue, a commit path without snapshots, no
retries, no faults but one crash, no trace, no invariants, no seam between world and protocol. What is left
is what no implementation can leave out: elections, the log with its durable copy, commitment, a key-value
store with client sessions, and clients that measure their latencies. What it costs, relative to the
floor of its own schedule, is a bound on what the simulator can reach without a compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

from benchmarks.least_server import MS, SERVERS, Handler, Reply, Request, Server
from sim.kernel import Kernel
from sim.network.draws import LatencyDraws
from sim.network.spec import LinkSpec
from sim.rng import Seed, Stream

_CLIENTS = ("c1", "c2")


class Client:
    """Sends a command every 20 ms on average, and repeats what nobody answered."""

    __slots__ = (
        "_kernel", "_open", "_random", "_target", "handlers", "latencies", "name", "routes", "serial",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, random: Stream, name: str) -> None:
        self._kernel, self._random, self.name = kernel, random, name
        self.handlers: dict[type, Handler] = {Reply: self._on_reply}
        self.routes: dict[str, Callable[[Any], None]] = {}
        self.latencies: dict[int, int] = {}
        self._open: dict[int, tuple[int, Request]] = {}
        self.serial, self._target = 0, SERVERS[0]
        for call in (self._invoke, self._repeat):
            heappush(kernel.queue, (random.randrange(0, 40 * MS), kernel.next_key(), call, None))

    @property
    def answered(self) -> int:
        """Number of commands that were answered."""
        return sum(self.latencies.values())

    def _invoke(self, _: Any) -> None:
        kernel, random = self._kernel, self._random
        now, serial = kernel._now, self.serial + 1
        heappush(kernel.queue, (now + random.randrange(0, 40 * MS), kernel.next_key(), self._invoke, None))
        self.serial = serial
        key = random.randrange(0, 200)
        command = ("put", key, serial) if key < 100 else ("get", key - 100)
        oldest = next(iter(self._open), serial)
        request = Request(self.name, serial, oldest, command)
        self._open[serial] = now, request
        self.routes[self._target](request)

    def _repeat(self, _: Any) -> None:
        kernel = self._kernel
        now = kernel._now
        heappush(kernel.queue, (now + 500 * MS, kernel.next_key(), self._repeat, None))
        for invoked_at, request in self._open.values():
            if now - invoked_at >= 500 * MS:
                self.routes[self._target](request)

    def _on_reply(self, source: str, reply: Reply) -> None:
        self._target = reply.leader or self._target
        found = self._open.pop(reply.serial, None)
        if found is not None:
            latency = (self._kernel._now - found[0]) // MS
            self.latencies[latency] = self.latencies.get(latency, 0) + 1


def _link(
    kernel: Kernel, draws: LatencyDraws, source: str, handlers: dict[type, Handler]
) -> Callable[[Any], None]:
    queue, next_key = kernel.queue, kernel.next_key
    pop, refill = draws.block.pop, draws.refill

    def deliver(message: Any) -> None:
        try:
            handler = handlers[type(message)]
        except KeyError:  # it crashed
            return
        handler(source, message)

    def send(message: Any) -> None:
        try:
            delay = pop()
        except IndexError:
            delay = refill()
        if delay >= 0:
            heappush(queue, (kernel._now + delay, next_key(), deliver, message))

    return send


def build(
    spec: LinkSpec, seed_number: int, clients: bool, crash_at: int | None
) -> tuple[Kernel, list[Client]]:
    """Return a world of five servers, ready to run; the leader crashes at `crash_at`."""
    kernel, seed = Kernel(), Seed(seed_number)
    names = (*SERVERS, *(_CLIENTS if clients else ()))
    streams = seed.streams(names)
    servers = [Server(kernel, streams[name], name) for name in SERVERS]
    users = [Client(kernel, streams[name], name) for name in names[len(SERVERS) :]]
    for source in (*servers, *users):
        for target in (*servers, *users):
            if source is not target and (source in servers or target in servers):
                draws = LatencyDraws(spec, seed, f"{source.name}>{target.name}")
                source.routes[target.name] = _link(kernel, draws, source.name, target.handlers)
    if crash_at is not None:
        kernel.call_at(crash_at, lambda _: _crash_leader(servers))
    return kernel, users


def _crash_leader(servers: list[Server]) -> None:
    for server in servers:
        if server.leader == server.name:
            server.crash()
