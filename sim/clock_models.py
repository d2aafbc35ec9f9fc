"""What happens to clocks by themselves: rates that wander, and NTP that corrects the wall clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.clock import BILLION, Clock
from sim.network.draws import Lengths
from sim.plan import NtpPlan
from sim.sampling import Sampler

if TYPE_CHECKING:
    from sim.cluster import Cluster


def start_clock_models(cluster: Cluster) -> None:
    """Set going what the plan says about clocks."""
    clocks = cluster.plan.clocks
    for name, node in cluster.nodes.items():
        if clocks.walk_every_ns:
            RandomWalk(cluster, name, node.clock)
        for at_ns, rate_ppb in clocks.pieces:
            cluster.kernel.call_at(at_ns, node.clock.set_rate, rate_ppb)
        if clocks.ntp is not None:
            Ntp(cluster, name, node.clock, clocks.ntp)


class RandomWalk:
    """Every so often the rate error moves up or down by one step, within a limit."""

    def __init__(self, cluster: Cluster, name: str, clock: Clock) -> None:
        self._plan = cluster.plan.clocks
        self._kernel = cluster.kernel
        self._clock = clock
        self._stream = cluster.seed.stream(f"{name} clock walk")
        self._kernel.call_at(self._plan.walk_every_ns, self._step)

    def _step(self, _: Any) -> None:
        plan, limit = self._plan, self._plan.walk_limit_ppb
        change = plan.walk_step_ppb if self._stream.chance(0.5) else -plan.walk_step_ppb
        self._clock.set_rate(max(-limit, min(limit, self._clock.own_ppb + change)))
        self._kernel.call_at(self._kernel._now + plan.walk_every_ns, self._step)


class Ntp:
    """Measures the wall clock's error now and then, and steps or slews it away.

    Slewing changes the rate of both clocks, as on Linux, until the error that was measured is gone.
    """

    def __init__(self, cluster: Cluster, name: str, clock: Clock, plan: NtpPlan) -> None:
        self._plan = plan
        self._kernel = cluster.kernel
        self._clock = clock
        self._errors = Lengths(Sampler(plan.error, cluster.seed.key(f"{name} ntp error")))
        self._slews = 0
        self._kernel.call_at(plan.every_ns, self._poll)

    def _poll(self, _: Any) -> None:
        measured = self._clock.error_ns() + self._errors.draw()
        if self._plan.step:
            self._clock.step(-measured)
        else:
            self._slew(measured)
        self._kernel.call_at(self._kernel._now + self._plan.every_ns, self._poll)

    def _slew(self, error_ns: int) -> None:
        self._slews += 1
        slew_ppb = self._plan.slew_ppb
        self._clock.slew(-slew_ppb if error_ns > 0 else slew_ppb if error_ns < 0 else 0)
        length = abs(error_ns) * BILLION // slew_ppb
        self._kernel.call_at(self._kernel._now + length, self._end_slew, self._slews)

    def _end_slew(self, slew: int) -> None:
        # A newer measurement may have taken its place.
        if slew == self._slews:
            self._clock.slew(0)
