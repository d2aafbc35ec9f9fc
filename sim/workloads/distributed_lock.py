"""Distributed lock: whoever leads holds a lock, and only the holder is in the critical section.

The holder enters a section at a resource ("r1"), reads what it protects, holds on for a while, writes
and leaves; then it resigns, if its protocol can, so that a waiter is told. The write replaces what was
read: if somebody else wrote in between, that update is lost (the set of Jepsen's etcd 3.4.3 lock tests).

A holder that learns that it lost the lock leaves at once and writes nothing. One that is paused cannot
learn it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, ProtocolSpec, parameter, record
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.fence import NOBODY, Admitted
from sim.workloads.registry import Added, WorkloadSpec
from sim.workloads.resource import Effect, EffectReply, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

MS = 1_000_000
SECTION = "r1"
VISITS = 1_000_000
"""Each incarnation of a process has so many numbers for its visits."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How long the lock is held, and how soon it is wanted again."""

    hold: tuple[int, int] = parameter(
        (100 * MS, 100 * MS), "duration_range", "time in the critical section, uniform between two ends", 0
    )
    gap: int = parameter(100 * MS, "duration", "the next section of a holder that cannot resign", 1)
    resign: bool = parameter(True, "flag", "give up the lock after each section, if the protocol can")
    told_within: int = parameter(
        10_000 * MS, "duration", "a lock that is free for so long has waiters that were never told", 1
    )
    retry: int = parameter(300 * MS, "duration", "a request unanswered for so long is repeated", 1)
    fenced: bool = parameter(False, "flag", "the section rejects what comes under a lower epoch")


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.told_within <= parameters.gap:
        yield "told_within is not longer than gap"


@record
class Written:
    """What the resource must not forget: how often it was written, and in which visit of a node."""

    version: int
    node: NodeId
    visit: int


class SectionImage(ResourceImage):
    """The disk of the resource that the section protects."""

    def __init__(
        self, admitted: Admitted = NOBODY, version: int = 0, left: dict[NodeId, int] | None = None
    ) -> None:
        super().__init__(admitted)
        self.version = version
        self.left = {} if left is None else left  # the last visit that each node ended

    def apply(self, record: Any) -> None:
        """Fold one record."""
        if type(record) is Written:
            self.version = record.version
            self.left[record.node] = record.visit
        else:
            super().apply(record)

    def copy(self) -> SectionImage:
        """Return an independent copy."""
        return SectionImage(self.admitted, self.version, dict(self.left))


class Section(Resource):
    """The resource: is entered (and read), and left (and written)."""

    image: SectionImage

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: SectionImage, visits: Visits
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._visits = visits

    def perform(self, source: NodeId, effect: Effect) -> int | None:
        """Enter, or write and leave; return the version before, None if that visit is over already."""
        kind, visit = effect.action[:2]
        before = self.image.version
        if visit <= self.image.left.get(source, -1):
            return None
        if kind == "leave":
            self.write(Written(before + 1, source, visit))
        return before

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Take note of it."""
        kind, visit, *read = effect.action
        if result is None:
            return
        if kind == "enter":
            self._visits.enter(source, epoch, visit, self.fence.fenced)
        else:
            self._visits.write(source, epoch, visit, read[0], result)


class Visits:
    """The truth about the section: who is in it, what was overwritten, and how long nobody was."""

    def __init__(self, cluster: Cluster, parameters: Parameters) -> None:
        self._cluster = cluster
        self._told_within = parameters.told_within
        self._inside: dict[NodeId, tuple[int, int]] = {}  # epoch and visit
        self._over: dict[NodeId, int] = {}  # the last visit that each node ended
        self._holder = ""  # who entered last
        self._free_since: int | None = None
        cluster.closing.append(self._close)
        self._ledger = Ledger(cluster, SPEC.damage)
        cluster.trace.listen("followed", self._followed)
        cluster.trace.listen("crashed", self._crashed)

    def enter(self, node: NodeId, epoch: int, visit: int, fenced: bool) -> None:
        """A node is in the section from here on, unless it gave up waiting."""
        if visit <= self._over.get(node, -1) or visit == self._inside.get(node, (0, -1))[1]:
            return
        self._hand_over(node, epoch)
        if fenced:  # those of lower epochs can do nothing there any more
            self._inside = {other: who for other, who in self._inside.items() if who[0] >= epoch}
        for other, (others_epoch, _) in self._inside.items():
            if other != node:
                detail = f"{other} is in it, under epoch {others_epoch}"
                self._ledger.count("two_in_critical_section", SECTION, node, epoch, detail)
        self._inside[node] = (epoch, visit)

    def write(self, node: NodeId, epoch: int, visit: int, read: int, before: int) -> None:
        """A node wrote what it made of version `read`, in place of version `before`, and left."""
        self.leave(node, visit)
        if read != before:
            detail = f"wrote over version {before}, having read version {read}"
            self._ledger.count("updates_lost", SECTION, node, epoch, detail, before - read)

    def leave(self, node: NodeId, visit: int) -> None:
        """That visit of a node is over, if it ever began."""
        self._over[node] = visit
        self._inside.pop(node, None)

    def _crashed(self, node: NodeId) -> None:
        if node in self._over or node in self._inside:
            self.leave(node, (self._cluster.nodes[node].incarnation + 1) * VISITS - 1)

    def _followed(self, node: NodeId, reason: str) -> None:
        if node == self._holder:
            self._free_since = self._cluster.now

    def _hand_over(self, node: NodeId, epoch: int) -> None:
        if self._free_since is not None:
            length = self._cluster.now - self._free_since
            if node != self._holder:
                self._ledger.measure("hand_over", length)
            self._never_told(node, epoch, length)
        self._holder, self._free_since = node, None

    def _never_told(self, node: NodeId, epoch: int, length_ns: int) -> None:
        if length_ns > self._told_within:
            detail = f"free for {length_ns / 1e9:g} s after {self._holder} held it"
            self._ledger.count("waiters_never_told", SECTION, node, epoch, detail)

    def _close(self) -> None:
        if self._free_since is not None:
            self._never_told("", -1, self._cluster.now - self._free_since)


class Holder(Application):
    """The holder of the lock: enters, holds on, writes and leaves, and resigns."""

    def __init__(self, node: Node, cluster: Cluster, parameters: Parameters, visits: Visits) -> None:
        super().__init__(node, cluster)
        self._parameters = parameters
        self._visits = visits
        self._calls = Calls(node, parameters.retry, self.claim)
        self._work: Work[tuple[int, int, int]] = Work(cluster, self.host, parameters.hold, self._write)
        self._next = self.host.timer("next section", self._check)
        self._visit = node.incarnation * VISITS
        self.handlers = self._calls.handlers

    def start(self, epoch: int) -> None:
        """Enter as soon as possible."""
        self._next.set(0)

    def stop(self) -> None:
        """Be out of the section, with nothing written."""
        self._next.cancel()
        self._calls.drop()
        self._work.drop()
        self._visits.leave(self.host.id, self._visit)

    def _check(self) -> None:
        epoch = self.node.leads()
        if epoch is not None:
            self._visit += 1
            visit = self._visit
            self._calls.effect(SECTION, epoch, ("enter", visit), lambda r: self._entered(epoch, visit, r))

    def _entered(self, epoch: int, visit: int, reply: EffectReply) -> None:
        if reply.accepted and reply.result is not None:
            self._work.add((epoch, visit, reply.result))
        else:
            self._next.set(self._parameters.gap)

    def _write(self, item: tuple[int, int, int]) -> None:
        """Act on what was checked before: a pause may lie in between."""
        epoch, visit, read = item
        self._calls.effect(SECTION, epoch, ("leave", visit, read), lambda reply: self._left())

    def _left(self) -> None:
        self._next.set(self._parameters.gap)  # unless it leads no longer by then
        resign = getattr(self.node.process, "resign", None)
        if resign is not None and self._parameters.resign:
            resign()


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    visits = Visits(cluster, parameters)
    Applications(cluster, lambda node: Holder(node, cluster, parameters, visits))

    def create(host: Host, image: SectionImage) -> Section:
        return Section(host, cluster, parameters.fenced, image, visits)

    return {SECTION: Added(create, SectionImage())}


def _resources(parameters: Parameters, protocol: ProtocolSpec) -> tuple[str, ...]:
    return (SECTION,)


SPEC = WorkloadSpec(
    name="distributed-lock",
    summary="the leader holds a lock; harm: two in the critical section, updates lost, waiters never told",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: (),
    resources=_resources,
    attach=_attach,
    damage=(
        "two_in_critical_section",
        "updates_lost",
        "waiters_never_told",
        "hand_over.mean",
        "hand_over.max",
    ),
)
