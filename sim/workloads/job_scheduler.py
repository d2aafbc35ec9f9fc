"""Job scheduler: the leader starts jobs on a schedule, each of which shall run once.

Job k is due k intervals after the start of the run. The leader goes by its wall clock, as cron does, and
has a resource (the executor, "r1") start the job. A new leader asks the executor which job ran last, and
catches up with what is overdue, unless it is so by more than `catch_up`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.api import Host, NodeId, ProtocolSpec, parameter, record
from sim.clock import WALL_EPOCH_NS
from sim.workloads.application import Application, Applications, Calls, Work
from sim.workloads.damage import Ledger
from sim.workloads.fence import NOBODY, Admitted
from sim.workloads.registry import Added, WorkloadSpec
from sim.workloads.resource import Effect, EffectReply, Inquiry, Resource, ResourceImage

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

MS = 1_000_000
EXECUTOR = "r1"


@dataclass(frozen=True, slots=True)
class Parameters:
    """When jobs are due, and what the leader does about it."""

    interval: int = parameter(500 * MS, "duration", "time from one job to the next", 1)
    work: int = parameter(0, "duration", "from the check of the belief to the start of the job", 0)
    catch_up: int = parameter(60_000 * MS, "duration", "a job that is overdue by more is left out", 0)
    late_after: int = parameter(100 * MS, "duration", "a job that starts so long after its time is late", 0)
    retry: int = parameter(300 * MS, "duration", "a request unanswered for so long is repeated", 1)
    fenced: bool = parameter(False, "flag", "the executor rejects what comes under a lower epoch")


def check(parameters: Parameters) -> Iterable[str]:
    """Return the rules that the parameters break."""
    if parameters.work >= parameters.interval:
        yield "work takes as long as the interval between two jobs, or longer"


@record
class JobStarted:
    """What the executor must not forget: that this job ran, and on whose behalf."""

    job: int
    node: NodeId
    epoch: int


class ExecutorImage(ResourceImage):
    """The disk of the executor: the jobs that ran, each with those who started it."""

    def __init__(
        self, admitted: Admitted = NOBODY, ran: dict[int, list[tuple[NodeId, int]]] | None = None
    ) -> None:
        super().__init__(admitted)
        self.ran = {} if ran is None else ran
        self.last = max(self.ran, default=0)

    def apply(self, record: Any) -> None:
        """Fold one record."""
        if type(record) is JobStarted:
            self.ran.setdefault(record.job, []).append((record.node, record.epoch))
            self.last = max(self.last, record.job)
        else:
            super().apply(record)

    def copy(self) -> ExecutorImage:
        """Return an independent copy."""
        return ExecutorImage(self.admitted, {job: list(by) for job, by in self.ran.items()})


class Executor(Resource):
    """Runs jobs; a request that comes twice from one leader is one request."""

    image: ExecutorImage

    def __init__(
        self, host: Host, cluster: Cluster, fenced: bool, image: ExecutorImage, schedule: Schedule
    ) -> None:
        super().__init__(host, cluster, fenced, image)
        self._schedule = schedule

    def perform(self, source: NodeId, effect: Effect) -> bool:
        """Start a job; return whether this is not a repetition."""
        job = effect.action[0]
        if (source, effect.epoch) in self.image.ran.get(job, ()):
            return False
        self.write(JobStarted(job, source, effect.epoch))
        return True

    def answer(self, source: NodeId, inquiry: Inquiry) -> int:
        """Return the number of the last job that ran."""
        return self.image.last

    def happened(self, source: NodeId, epoch: int, effect: Effect, result: Any) -> None:
        """Count it."""
        if result:
            self._schedule.ran(effect.action[0], source, epoch)


class Schedule:
    """The truth about the jobs: which ran when, and how often."""

    def __init__(self, cluster: Cluster, parameters: Parameters) -> None:
        self._cluster = cluster
        self._parameters = parameters
        self._ran: dict[int, tuple[NodeId, int]] = {}
        cluster.closing.append(self._close)
        self._ledger = Ledger(cluster, SPEC.damage)

    def ran(self, job: int, node: NodeId, epoch: int) -> None:
        """A job runs now."""
        first = self._ran.setdefault(job, (node, epoch))
        if first != (node, epoch):
            detail = f"job {job} ran before, started by {first[0]} in epoch {first[1]}"
            self._ledger.count("jobs_run_twice", EXECUTOR, node, epoch, detail)
            return
        late_ns = self._cluster.now - job * self._parameters.interval
        self._ledger.measure("late_start", max(0, late_ns))
        if late_ns > self._parameters.late_after:
            detail = f"job {job} started {late_ns / 1e6:g} ms after its time"
            self._ledger.count("late_starts", EXECUTOR, node, epoch, detail)

    def _close(self) -> None:
        """Count the jobs that never ran, of those that could not have been on time any more."""
        last = (self._cluster.now - self._parameters.late_after) // self._parameters.interval
        for job in range(1, last + 1):
            if job not in self._ran:
                self._ledger.count("jobs_missed", EXECUTOR, "", -1, f"job {job} never ran")


class Scheduler(Application):
    """The leader: has each job started when its wall clock says so."""

    def __init__(self, node: Node, cluster: Cluster, parameters: Parameters) -> None:
        super().__init__(node, cluster)
        self._parameters = parameters
        self._calls = Calls(node, parameters.retry, self.claim)
        self._work: Work[tuple[int, int]] = Work(
            cluster, self.host, (parameters.work, parameters.work), self._begin
        )
        self._tick = self.host.timer("next job", self._check)
        self._next = 0
        self.handlers = self._calls.handlers

    def start(self, epoch: int) -> None:
        """Ask which job ran last."""
        self._calls.inquire(EXECUTOR, epoch, ("last job",), self._told)

    def stop(self) -> None:
        """Leave the schedule to somebody else."""
        self._tick.cancel()
        self._calls.drop()
        self._work.drop()

    def _told(self, reply: EffectReply) -> None:
        if reply.accepted:
            overdue = (self._local_ns() - self._parameters.catch_up) // self._parameters.interval
            self._next = max(reply.result + 1, overdue + 1, 1)
            self._wait()

    def _local_ns(self) -> int:
        return self.host.wall() - WALL_EPOCH_NS

    def _wait(self) -> None:
        self._tick.set(max(0, self._next * self._parameters.interval - self._local_ns()))

    def _check(self) -> None:
        """Check the belief, then act on it: now, or when the work is done."""
        if self._next * self._parameters.interval > self._local_ns():
            self._wait()  # the wall clock stepped back meanwhile
            return
        epoch = self.node.leads()
        if epoch is not None:
            self._work.add((epoch, self._next))
            self._next += 1
            self._wait()

    def _begin(self, item: tuple[int, int]) -> None:
        epoch, job = item
        self._calls.effect(EXECUTOR, epoch, (job,), lambda reply: None)


def _attach(parameters: Parameters, cluster: Cluster) -> dict[str, Added]:
    schedule = Schedule(cluster, parameters)
    Applications(cluster, lambda node: Scheduler(node, cluster, parameters))

    def create(host: Host, image: ExecutorImage) -> Executor:
        return Executor(host, cluster, parameters.fenced, image, schedule)

    return {EXECUTOR: Added(create, ExecutorImage())}


def _resources(parameters: Parameters, protocol: ProtocolSpec) -> tuple[str, ...]:
    return (EXECUTOR,)


SPEC = WorkloadSpec(
    name="job-scheduler",
    summary="the leader starts jobs on a schedule; harm: run twice, missed, late",
    parameters=Parameters,
    check=check,
    clients=lambda parameters: (),
    resources=_resources,
    attach=_attach,
    damage=("jobs_run_twice", "jobs_missed", "late_starts", "late_start.max"),
)
