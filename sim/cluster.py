"""The world of one run: kernel, network, nodes, workload, faults and checkers, wired together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import ReplicatedLog, Storage
from sim.clock import Clock
from sim.clock_models import start_clock_models
from sim.detail import record_details
from sim.disk import Disk
from sim.disk_models import start_stalls
from sim.distributions import Constant
from sim.envelope import Envelope
from sim.epochs import AcquisitionOrder
from sim.kernel import Kernel, seeded_keys
from sim.member_watch import MemberWatch
from sim.network.draws import Lengths
from sim.network.network import Network
from sim.node import Create, Node
from sim.plan import Plan
from sim.records import RunEnded, RunStarted, Violated
from sim.rng import Seed, Stream
from sim.sampling import Sampler
from sim.tally import Costs, OperationTally
from sim.trace import Level, Trace
from sim.watch import Watch

_ZERO = Constant(0)


class Cluster:
    """One world, built but not yet run; implements `sim.invariants.base.View`."""

    def __init__(self, plan: Plan, seed: int, level: Level) -> None:
        self.plan = plan
        self.seed = Seed(seed)
        self.kernel = Kernel(seeded_keys(self.seed.key("tie break")) if plan.seeded_ties else None)
        self.trace = Trace(self.kernel, level, plan.codec)
        self.tally = OperationTally(plan.bound_ns)
        self.costs = Costs(weigh=plan.weigh or level in ("summary", "full"))
        self.nodes: dict[str, Node] = {}
        self.network: Network
        self.effects_accepted = 0
        self.closing: list[Callable[[], None]] = []  # what is to be done at the end of the run
        self.torn: list[str] = []  # nodes whose crashes leave torn writes just now
        self.ended = ""
        self.drawn: dict[str, str] = {}
        if level == "full":
            record_details(self.trace)
        self._build()

    # Building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        plan = self.plan
        lengths = self._log_lengths()
        streams = self.seed.streams([f"{name} protocol" for name in plan.roles])
        for name, role in plan.roles.items():
            storage: Any = role.storage()
            if name in lengths:
                storage.preload(lengths[name])
            self._add(name, _creator(self, role), storage, streams[f"{name} protocol"])
        if plan.workload is not None:
            for name, added in plan.workload.attach(plan.workload_parameters, self).items():
                random = self.seed.stream(f"{name} protocol")
                self._add(name, added.create, added.storage.copy(), random)
        first = plan.first_draws(self.nodes).draw(self.seed)
        self.network = Network(self.trace, self.nodes, plan.link, self.seed, self.costs, first)
        group = plan.group
        numbering = None if plan.protocol.ordered_epochs else AcquisitionOrder()
        MemberWatch(self.trace)
        self.watch = Watch(self.trace, self.nodes, plan.bound_ns, group, numbering)
        for name, node in self.nodes.items():
            node.network = self.network
            node.contends = name not in group.servers or name in group.contenders
            node.numbering = numbering if node.contends else None
        self.envelope = Envelope(self)
        self.network.timed = self.envelope.timed

    def _log_lengths(self) -> dict[str, int]:
        """Return how long the log of each server is at the start; nothing if all are empty."""
        plan = self.plan
        if not plan.log_lengths:
            return {}
        left, stream = list(plan.log_lengths), self.seed.stream("initial logs")
        if plan.shuffle_logs:
            left = [left.pop(stream.randrange(0, len(left))) for _ in plan.log_lengths]
            self.drawn["log lengths"] = ", ".join(map(str, left))
        return dict(zip(plan.group.servers, left, strict=True))

    def _add(self, name: str, create: Create, storage: Storage, random: Stream) -> None:
        clock = Clock(self.kernel, self._drift(name), self._offset(name))
        disk = Disk(self.kernel, storage)
        node = Node(name, self.trace, clock, disk, create, random)
        self.nodes[name] = node
        self.set_usual_disk_speed(node, name)
        if self.plan.service_time != _ZERO:
            self.set_usual_service_time(node)

    def set_usual_disk_speed(self, node: Node, stream: str) -> None:
        """Let a disk be as fast as the plan says; draws come from streams of that name."""
        disk = self.plan.disk
        if disk.write != _ZERO or disk.fsync != _ZERO or not node.disk.instant:
            node.disk.set_speed(disk.write, disk.fsync, self.seed, stream)

    def set_usual_service_time(self, node: Node) -> None:
        """Let a node's processor be as fast as the plan says."""
        service = self.plan.service_time
        key = self.seed.key(f"{node.name} service")
        node.set_service_time(None if service == _ZERO else Lengths(Sampler(service, key)))

    def _drift(self, name: str) -> int:
        distribution = self.plan.clocks.drift.get(name)
        if distribution is None:
            return 0
        drift = Sampler(distribution, self.seed.key(f"{name} clock drift")).block()[-1]
        self.drawn[f"{name} clock drift"] = f"{drift / 1000:+g} ppm"
        return drift

    def _offset(self, name: str) -> int:
        if self.plan.clocks.offset == _ZERO:
            return 0
        offset = Sampler(self.plan.clocks.offset, self.seed.key(f"{name} clock offset")).block()[-1]
        self.drawn[f"{name} clock offset"] = f"{offset / 1e6:+g} ms"
        return offset

    # Running ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every process at time 0."""
        plan, group = self.plan, self.plan.group
        self.trace.milestone(
            RunStarted(
                0,
                plan.name,
                plan.protocol.name,
                self.seed.value,
                plan.duration_ns,
                group.contenders,
                group.servers,
                group.clients,
                group.resources,
                plan.bound_ns,
                plan.protocol.independent_servers,
            )
        )
        start_clock_models(self)
        if plan.disk.stall_every is not None:
            start_stalls(self)
        for node in self.nodes.values():
            node.start()

    def stop(self, reason: str) -> None:
        """End the run here."""
        if not self.ended:
            self.ended = reason
            self.kernel.stop()

    def finish(self) -> None:
        """Close the books at the end of the run."""
        self.watch.finish()
        for close in self.closing:
            close()
        self.tally.finish(self.now)
        self.costs.messages = self.network.messages
        self.costs.fsyncs = sum(node.disk.fsyncs for node in self.nodes.values())
        self.trace.milestone(RunEnded(self.now, self.ended or "duration"))

    def broken(self, assumption: str) -> None:
        """Remember that storage is not stable from here on."""
        self.envelope.broken(assumption)

    def report(self, property: str, nodes: tuple[str, ...], evidence: str) -> None:
        """Record a violation."""
        outside, granted = self.envelope.judge()
        if granted and not outside:
            evidence += f" (granted by the scenario, but more than the protocol bears: {granted})"
        self.trace.milestone(Violated(self.now, property, nodes, evidence, outside))

    # The god view -------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """True time."""
        return self.kernel._now

    @property
    def servers(self) -> tuple[str, ...]:
        """Those of whom a majority decides."""
        return self.plan.group.servers

    @property
    def contenders(self) -> tuple[str, ...]:
        """Those who may lead."""
        return self.plan.group.contenders

    def log(self, node: str) -> ReplicatedLog | None:
        """Return the replicated log of a live process, if it has one."""
        return getattr(self.nodes[node].process, "log", None)

    def durable_log(self, node: str) -> ReplicatedLog | None:
        """Return the replicated log on a node's disk, if it has one."""
        return getattr(self.nodes[node].disk.image, "log", None)

    def believes(self, node: str) -> int | None:
        """Return the epoch under which the node believes that it leads."""
        return self.nodes[node].belief

    def leader(self) -> str | None:
        """Return the live contender that believes under the highest epoch, paused or not."""
        return self._highest(self.contenders)

    def service_leader(self) -> str | None:
        """Return the same of the servers: who leads the members of the service."""
        return self._highest(self.servers)

    def _highest(self, names: tuple[str, ...]) -> str | None:
        beliefs = [(self.nodes[name].belief, name) for name in names]
        believers = [(epoch, name) for epoch, name in beliefs if epoch is not None]
        return max(believers)[1] if believers else None


def _creator(cluster: Cluster, role: Any) -> Create:
    group, parameters = cluster.plan.group, cluster.plan.parameters
    return lambda host, storage: role.create(host, group, parameters, storage)
