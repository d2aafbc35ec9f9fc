"""The nemesis: applies the faults of a scenario when their time comes, and undoes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.distributions import Exponential
from sim.faults import actions
from sim.faults.claims import Claims
from sim.faults.ongoing import Ongoing
from sim.faults.targets import Moment
from sim.faults.triggers import watch
from sim.network.draws import Lengths
from sim.records import FaultEnded, FaultStarted, Served
from sim.sampling import Sampler
from sim.scenario.faults import At, AtRandom, Every, Fault, When

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.rng import Stream


class Nemesis:
    """Applies the faults of one run. Each fault draws from a stream of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kernel = cluster.kernel
        self._ongoing: list[Ongoing] = []
        self._claims = Claims()
        for fault in cluster.plan.faults:
            self._schedule(fault, cluster.seed.stream(f"fault {fault.index}"))
        if cluster.plan.stop_when is not None:
            stream = cluster.seed.stream("stop when")
            watch(cluster, cluster.plan.stop_when, stream, lambda node: cluster.stop("stop_when"))
        if cluster.plan.converge_at_ns is not None:
            self._kernel.call_at(cluster.plan.converge_at_ns, self._converge)

    # When ---------------------------------------------------------------------------------------

    def _schedule(self, fault: Fault, stream: Stream) -> None:
        timing = fault.timing
        if isinstance(timing, At):
            self._kernel.call_at(timing.at_ns, lambda _: self._apply(fault, stream, ""))
        elif isinstance(timing, Every):
            self._every(fault, timing, stream)
        elif isinstance(timing, AtRandom):
            self._at_random(fault, timing, stream)
        else:
            self._when(fault, timing, stream)

    def _every(self, fault: Fault, timing: Every, stream: Stream) -> None:
        until = self._until(timing.until_ns)
        for base in range(timing.first_ns, until, timing.every_ns):
            time_ns = base + (stream.randrange(0, timing.jitter_ns) if timing.jitter_ns else 0)
            self._kernel.call_at(time_ns, lambda _: self._apply(fault, stream, ""))

    def _at_random(self, fault: Fault, timing: AtRandom, stream: Stream) -> None:
        key = self._cluster.seed.key(f"fault {fault.index} gaps")
        gaps = Lengths(Sampler(Exponential(timing.rate.period_ns), key))
        until = self._until(timing.until_ns)
        time_ns = timing.from_ns + gaps.draw()
        while time_ns < until:
            self._kernel.call_at(time_ns, lambda _: self._apply(fault, stream, ""))
            time_ns += gaps.draw()

    def _when(self, fault: Fault, timing: When, stream: Stream) -> None:
        left = timing.times

        def triggered(node: str) -> None:
            nonlocal left
            if left > 0:
                left -= 1
                # As an event of its own: the step in which the trigger happened ends first.
                jitter_ns = stream.randrange(0, timing.jitter_ns) if timing.jitter_ns else 0
                time_ns = self._cluster.now + timing.delay_ns + jitter_ns
                self._kernel.call_at(time_ns, lambda _: self._apply(fault, stream, node))

        watch(self._cluster, timing.trigger, stream, triggered)

    def _until(self, until_ns: int | None) -> int:
        return self._cluster.plan.duration_ns if until_ns is None else until_ns

    # What ---------------------------------------------------------------------------------------

    def _apply(self, fault: Fault, stream: Stream, event_node: str) -> None:
        cluster = self._cluster
        converging = cluster.plan.converge_at_ns
        if converging is not None and cluster.now >= converging:
            return
        moment = Moment(cluster, stream, event_node)
        ongoing = actions.prepare(fault, moment, self._claims)
        name, about = fault.action.name, fault.about
        cluster.trace.milestone(FaultStarted(cluster.now, fault.index, name, ongoing.targets, about))
        if name == "heal":
            self._end_all(lambda other: actions.healable(other.fault))
            return
        actions.begin(ongoing)
        length = actions.length_ns(fault)
        if actions.lasts(fault):
            self._ongoing.append(ongoing)
            if length is not None:
                self._kernel.call_at(cluster.now + length, lambda _: self._end(ongoing))

    def _end(self, ongoing: Ongoing) -> None:
        if ongoing in self._ongoing:
            self._ongoing.remove(ongoing)
            ongoing.end()
            fault, targets = ongoing.fault, ongoing.targets
            self._cluster.trace.milestone(
                FaultEnded(self._cluster.now, fault.index, fault.action.name, targets)
            )

    def _end_all(self, chosen: Callable[[Ongoing], bool]) -> None:
        for ongoing in [other for other in self._ongoing if chosen(other)]:
            self._end(ongoing)

    # Convergence --------------------------------------------------------------------------------

    def _converge(self, _: Any) -> None:
        """Heal and restart everything; a leader must serve within the time that the scenario says."""
        cluster = self._cluster
        self._end_all(lambda other: True)
        for node in cluster.nodes.values():
            node.start()
        Convergence(cluster, cluster.now + cluster.plan.converge_within_ns)


class Convergence:
    """Watches, after the heal, that a leader serves in time."""

    def __init__(self, cluster: Cluster, deadline_ns: int) -> None:
        self._cluster = cluster
        self._served = False
        # Without clients a leader commits once, when it is elected, and that may have been before.
        self._idle = not cluster.plan.group.clients
        cluster.trace.listen("committed", self._committed)
        cluster.trace.listen("effect", self._effect)
        # The end of the run, which may be the same instant, must not come first.
        cluster.kernel.call_at(min(deadline_ns, cluster.plan.duration_ns - 1), self._check)

    def _committed(self, node: str, index: int, epoch: int) -> None:
        if self._cluster.believes(node) == epoch and node == self._cluster.leader():
            self._served = True

    def _effect(self, resource: str, node: str, epoch: int, accepted: bool, fenced: bool) -> None:
        if accepted and self._cluster.believes(node) == epoch and node == self._cluster.leader():
            self._served = True

    def _check(self, _: Any) -> None:
        if not (self._served or (self._idle and self._cluster.leader() in self._servers_before())):
            evidence = "no leader served after everything was healed"
            self._cluster.report("convergence", self._cluster.servers, evidence)

    def _servers_before(self) -> set[str]:
        """Return who committed something in the epoch under which it believes now."""
        cluster = self._cluster
        served = [record for record in cluster.trace.milestones if type(record) is Served]
        return {record.node for record in served if cluster.believes(record.node) == record.epoch}
