"""Database primary: clients read and write through the leader.

The store is the replicated log of the contenders where they keep one, as in Raft. Otherwise, or with
`external: true`, it is a resource outside the group ("r1"), which the leader reads and writes; see
`sim.workloads.database_store` for that leader and what becomes of updates.

Clients are open-loop: commands arrive on schedule whether or not earlier ones are answered, since a
client that waits politely during an outage hides it ("coordinated omission").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Handler, Host, NodeId, ProtocolSpec, Refused, Reply, Request, Storage, parameter
from sim.distributions import Constant, Exponential
from sim.network.draws import Lengths
from sim.records import Operation
from sim.sampling import Sampler
from sim.workloads.alarms import Alarms
from sim.workloads.application import Applications
from sim.workloads.database_store import (
    DAMAGE,
    STORE,
    LostUpdates,
    Primary,
    Store,
    StoreImage,
    Updates,
)
from sim.workloads.registry import Added, WorkloadSpec, keeps_log

if TYPE_CHECKING:
    from sim.cluster import Cluster

MS = 1_000_000
SERIALS = 1_000_000_000  # so many numbers for its commands has each incarnation of a client


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the clients do."""

    rate: int = parameter(10 * MS, "rate", "commands per second, of all clients together", 1)
    clients: int = parameter(2, "count", "number of clients", 1)
    reads: float = parameter(0.0, "ratio", "share of commands that read", 0)
    keys: int = parameter(10, "count", "number of keys, each as likely as another", 1)
    attempt_timeout: int = parameter(300 * MS, "duration", "a request unanswered for so long is retried", 1)
    deadline: int = parameter(1000 * MS, "duration", "a command is given up after so long", 1)
    retry_interval: int = parameter(50 * MS, "duration", "pause after an answer that names no leader", 0)
    arrival: str = parameter("poisson", "text", "gaps between commands: poisson or steady")
    external: bool = parameter(False, "flag", "the store is outside of a group that could replicate it")
    fenced: bool = parameter(False, "flag", "a store outside rejects what comes under a lower epoch")
    work: int = parameter(0, "duration", "with a store outside: from reading a record to writing it", 0)


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.arrival not in ("poisson", "steady"):
        yield f"arrival is 'poisson' or 'steady', not {parameters.arrival!r}"
    if parameters.attempt_timeout > parameters.deadline:
        yield "attempt_timeout is longer than deadline"
    if parameters.reads > 1:
        yield "reads is a share of at most 100%"


class _Command:
    """A command on its way: what became of it so far."""

    __slots__ = ("attempts", "command", "doubtful", "invoked_at", "serial", "slot", "target", "waiting")

    def __init__(self, serial: int, command: tuple[Any, ...], invoked_at: int, slot: list[int]) -> None:
        self.serial = serial
        self.command = command
        self.invoked_at = invoked_at  # true time
        self.slot = slot
        self.attempts = 0
        self.doubtful = False  # an attempt may have taken effect
        self.target = ""
        self.waiting = False  # for the retry interval


class Client:
    """One client: sends commands to whom it takes for the leader, and retries elsewhere."""

    def __init__(
        self,
        host: Host,
        cluster: Cluster,
        parameters: Any,
        told: Callable[[NodeId, int], None] | None = None,
    ) -> None:
        self._host = host
        self._told = told  # called with each command that it was told is done
        self._cluster = cluster
        self._kernel = cluster.kernel
        self._parameters = parameters
        self._servers = cluster.contenders
        number = cluster.plan.group.clients.index(host.id)
        self._target = self._servers[number % len(self._servers)]
        mean = parameters.rate * parameters.clients
        steady = parameters.arrival == "steady"
        self._gaps = Lengths(
            Sampler(Constant(mean) if steady else Exponential(mean), cluster.seed.key(f"{host.id} arrivals"))
        )
        self._choices = cluster.seed.stream(f"{host.id} commands")
        self._duplicates = _may_duplicate(cluster, host.id)
        self._open: dict[int, _Command] = {}  # by serial, the oldest first
        # A client that starts again must not reuse numbers: its new commands would pass for old ones.
        self._serial = cluster.nodes[host.id].incarnation * SERIALS
        self._next = host.timer("next command", self._invoke)
        self._timeouts = Alarms(
            host, "attempt timeout", parameters.attempt_timeout, self._on_timeout, self._is_unanswered
        )
        self._retries = Alarms(host, "retry", parameters.retry_interval, self._on_retry)
        self.handlers: Mapping[type, Handler] = {Reply: self.on_reply, Refused: self.on_refused}
        # Of each incarnation: a crash of the client leaves commands open as well.
        cluster.closing.append(self._record_what_is_open)

    def start(self) -> None:
        """Schedule the first command."""
        self._next.set(self._gaps.draw())

    def _invoke(self) -> None:
        self._next.set(self._gaps.draw())
        self._serial += 1
        now: int = self._kernel._now
        command = _Command(self._serial, self._draw_command(), now, self._cluster.tally.invoked(now))
        self._open[self._serial] = command
        self._attempt(command)

    def _draw_command(self) -> tuple[Any, ...]:
        key = self._choices.randrange(0, self._parameters.keys)
        if self._choices.chance(self._parameters.reads):
            return ("get", key)
        return ("put", key, self._serial)

    def _attempt(self, command: _Command) -> None:
        command.attempts += 1
        command.waiting = False
        command.target = self._target
        self._timeouts.add((command, command.attempts))
        host = self._host
        host.send(self._target, Request(host.id, command.serial, next(iter(self._open)), command.command))

    def on_reply(self, source: NodeId, reply: Reply) -> None:
        """Take an answer: done, or try elsewhere."""
        command = self._open.get(reply.serial)
        if command is None:
            return
        if reply.outcome == "ok":
            self._target = source
            self._cluster.watch.answered(self._host.id, source, reply.epoch)
            if self._told is not None:
                self._told(self._host.id, reply.serial)
            self._complete(command, "ok", reply.value, source, reply.epoch)
            return
        # With duplicated messages another copy of this request may have been taken, and this one refused.
        command.doubtful |= reply.outcome == "unknown" or self._duplicates
        if source != command.target or command.waiting:
            return
        if reply.leader is not None and reply.leader != source:
            self._target = reply.leader
            self._attempt(command)
        else:
            self._wait(command, source)

    def on_refused(self, source: NodeId, refused: Refused) -> None:
        """Nobody listens there: try the next server.

        This says of one attempt that it had no effect, but not of which: others may have arrived
        before the process died.
        """
        for command in [c for c in self._open.values() if c.target == source and not c.waiting]:
            command.doubtful = True
            self._wait(command, source)

    def _wait(self, command: _Command, failed: NodeId) -> None:
        """Try the next server after the retry interval."""
        self._turn_from(failed)
        command.waiting = True
        self._retries.add(command)

    def _turn_from(self, failed: NodeId) -> None:
        if self._target == failed:
            self._target = self._servers[(self._servers.index(failed) + 1) % len(self._servers)]

    def _on_retry(self, command: _Command) -> None:
        if command.serial in self._open and command.waiting:
            self._attempt_or_give_up(command)

    def _is_unanswered(self, attempt: tuple[_Command, int]) -> bool:
        command, number = attempt
        return command.attempts == number and command.serial in self._open and not command.waiting

    def _on_timeout(self, attempt: tuple[_Command, int]) -> None:
        command, _ = attempt
        command.doubtful = True
        self._turn_from(command.target)
        self._attempt_or_give_up(command)

    def _attempt_or_give_up(self, command: _Command) -> None:
        if self._cluster.now - command.invoked_at >= self._parameters.deadline:
            self._give_up(command)
        else:
            self._attempt(command)

    def _give_up(self, command: _Command) -> None:
        # A read that was not answered has no effect: it failed for certain.
        certain = not command.doubtful or command.command[0] == "get"
        self._complete(command, "fail" if certain else "info", None, "", -1)

    def _complete(self, command: _Command, outcome: Any, value: Any, node: str, epoch: int) -> None:
        del self._open[command.serial]
        cluster = self._cluster
        now: int = self._kernel._now
        cluster.tally.completed(command.slot, now, outcome)
        cluster.tally.attempts += command.attempts
        self._record(command, now, outcome, value, node, epoch)

    def _record_what_is_open(self) -> None:
        """Record, at the end of the run, what was never completed: it may have taken effect, or not."""
        for command in self._open.values():
            self._record(command, -1, "info", None, "", -1)

    def _record(
        self, command: _Command, completed_at: int, outcome: Any, value: Any, node: str, epoch: int
    ) -> None:
        if self._cluster.trace.details is not None:
            done = Operation(
                command.invoked_at, completed_at, self._host.id, command.serial, command.command,
                outcome, value, command.attempts, node, epoch,
            )  # fmt: skip
            self._cluster.trace.detail(done)


def _may_duplicate(cluster: Cluster, client: NodeId) -> bool:
    """Return whether a message from `client` to a server may arrive twice, now or after some fault."""
    plan = cluster.plan
    faulty = any(getattr(fault.action, "duplicate", None) for fault in plan.faults)
    return faulty or any(plan.link(client, server).duplicate > 0 for server in plan.group.contenders)


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    updates = Updates(cluster) if cluster.plan.group.resources else None
    if updates is None and cluster.trace.level != "off":
        LostUpdates(cluster)
    told = None if updates is None else updates.told

    def client(host: Host, image: Storage) -> Client:
        return Client(host, cluster, parameters, told)

    clients = {name: Added(client) for name in cluster.plan.group.clients}
    return clients if updates is None else {**_store(parameters, cluster, updates), **clients}


def _store(parameters: Parameters, cluster: Cluster, updates: Updates) -> dict[str, Added]:
    """Return the store outside the group, and let the leaders use it."""

    def store(host: Host, image: StoreImage) -> Store:
        return Store(host, cluster, parameters.fenced, image, updates)

    Applications(cluster, lambda node: Primary(node, cluster, parameters.work, parameters.attempt_timeout))
    return {STORE: Added(store, StoreImage())}


def _resources(parameters: Parameters, protocol: ProtocolSpec) -> tuple[str, ...]:
    return (STORE,) if parameters.external or not keeps_log(protocol) else ()


SPEC = WorkloadSpec(
    name="database-primary",
    summary="clients read and write through the leader; harm: stale writes, updates overwritten and lost",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: tuple(f"c{number}" for number in range(1, parameters.clients + 1)),
    resources=_resources,
    attach=_attach,
    damage=DAMAGE,
)
