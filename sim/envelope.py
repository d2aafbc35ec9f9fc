"""What a run did to clocks, processes and messages, against what its protocol assumes.

A protocol assumes bounds (`protocols.api.Assumptions`); a scenario grants bounds within which the
protocol has to be safe. A violation is *outside the envelope* once something went beyond what the
protocol assumes, unless the scenario grants that much: then the protocol does not fit the scenario. A
protocol that assumes nothing of a kind has no excuse of that kind. Parameters that break a rule, and
disks that lie to a protocol which needs them, are outside too.

Looked at are the nodes of the protocol, contenders and servers, up to the moment of the violation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.records import BoundMeasured

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.node import Node

PPB_PER_PPM = 1000
Measured = tuple[int, str]
"""The worst so far, and who did it: a node, or a link as "n1>n2"; "" if nobody."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: what is assumed and granted of it (None: nothing), in ppb or nanoseconds."""

    name: str
    meaning: str
    assumed: int | None
    granted: int | None

    @property
    def of_interest(self) -> bool:
        """True if anybody has said something about it."""
        return self.assumed is not None or self.granted is not None

    def is_broken(self, measured: int) -> bool:
        """Return whether this is more than the protocol assumes."""
        return self.assumed is not None and measured > self.assumed

    def is_outside(self, measured: int) -> bool:
        """Return whether this is more than it assumes, and than the scenario grants."""
        return self.is_broken(measured) and (self.granted is None or measured > self.granted)


def bounds_of(cluster: Cluster) -> tuple[Bound, ...]:
    """Return the bounds of a cluster's protocol and scenario."""
    plan = cluster.plan
    assumed, granted = plan.protocol.assumed(plan.parameters), plan.grants
    rate = None if assumed.clock_rate_ppm is None else assumed.clock_rate_ppm * PPB_PER_PPM
    return (
        Bound("clock_rate", "the clock of {} was off by", rate, granted.clock_rate_ppb),
        Bound(
            "clock_error", "the wall clock of {} was wrong by", assumed.clock_error_ns, granted.clock_error_ns
        ),
        Bound("pause", "{} stood still for", assumed.pause_ns, granted.pause_ns),
        Bound("delay", "a message took, over {},", assumed.delay_ns, granted.delay_ns),
    )


class Envelope:
    """Watches one run."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        plan = cluster.plan
        self._nodes: list[Node] = [cluster.nodes[name] for name in plan.roles]
        self.bounds = bounds_of(cluster)
        self._stable_storage = plan.protocol.assumed(plan.parameters).stable_storage
        self._broken = f"the parameters break a rule: {plan.broken_rules[0]}" if plan.broken_rules else ""
        self._paused_at: dict[str, int] = {}
        self._pause: Measured = (0, "")
        self._delay: Measured = (0, "")
        self._measures: dict[str, Callable[[], Measured]] = {
            "clock_rate": lambda: max((node.clock.worst_ppb, node.name) for node in self._nodes),
            "clock_error": lambda: max((node.clock.worst_error_ns(), node.name) for node in self._nodes),
            "pause": self._longest_pause,
            "delay": lambda: self._delay,
        }
        cluster.closing.append(self._close)
        cluster.trace.listen("paused", self._paused)
        cluster.trace.listen("resumed", self._resumed)
        cluster.trace.listen("crashed", self._resumed)

    def broken(self, assumption: str) -> None:
        """Remember that disks did what no protocol that needs them survives."""
        if self._stable_storage:
            self._broken = self._broken or assumption

    def timed(self, source: str, target: str) -> Callable[[int], None] | None:
        """Return what to call with the delay of each message over a link; None: its delays matter to nobody.

        To time messages costs something, so it is done only where somebody speaks of delays.
        """
        roles, link = self._cluster.plan.roles, f"{source}>{target}"
        if source not in roles or target not in roles or not self.bounds[-1].of_interest:
            return None

        def took(delay_ns: int) -> None:
            if delay_ns > self._delay[0]:
                self._delay = delay_ns, link

        return took

    def judge(self) -> tuple[str, str]:
        """Return why a violation just now is outside the envelope, and what else is to be said of it.

        Each is "" if there is nothing. The second one tells of bounds that the protocol does not bear,
        but that the scenario grants.
        """
        measured = [(bound, *self._measures[bound.name]()) for bound in self.bounds]
        outside = [self._said(*found) for found in measured if found[0].is_outside(found[1])]
        granted = [self._said(*found) for found in measured if found[0].is_broken(found[1])]
        return "; ".join(filter(None, (self._broken, *outside))), "" if outside else "; ".join(granted)

    def _said(self, bound: Bound, measured: int, who: str) -> str:
        assert bound.assumed is not None
        show = ratio if bound.name == "clock_rate" else length
        protocol, more = self._cluster.plan.protocol.name, show(measured - bound.assumed)
        text = f"{bound.meaning.format(who)} {show(measured)}; {protocol} bears {show(bound.assumed)}"
        if bound.granted is not None:
            text += f", {show(bound.granted)} are granted"
        return f"{bound.name}: {text} ({more} too much)"

    def _paused(self, node: str) -> None:
        self._paused_at[node] = self._cluster.now

    def _resumed(self, node: str) -> None:
        if node in self._paused_at:
            length_ns = self._cluster.now - self._paused_at.pop(node)
            if node in self._cluster.plan.roles:
                self._pause = max(self._pause, (length_ns, node))

    def _longest_pause(self) -> Measured:
        now, roles = self._cluster.now, self._cluster.plan.roles
        lasting = [(now - since, node) for node, since in self._paused_at.items() if node in roles]
        return max([self._pause, *lasting])

    def _close(self) -> None:
        """Write what was measured of the bounds that somebody has said something about."""
        for bound in self.bounds:
            if bound.of_interest:
                worst, who = self._measures[bound.name]()
                record = BoundMeasured(
                    self._cluster.now, bound.name, bound.assumed, bound.granted, worst, who if worst else ""
                )
                self._cluster.trace.milestone(record)


def ratio(ppb: int) -> str:
    """Return a rate error as people write it.

    >>> ratio(250_000_000), ratio(100_000), ratio(1)
    ('25%', '100ppm', '0.001ppm')
    """
    return f"{ppb / 1e7:g}%" if ppb >= 1_000_000 else f"{ppb / 1000:g}ppm"


def length(ns: int) -> str:
    """Return a length of time as people write it.

    >>> length(2_500_000_000), length(1_500_000), length(0)
    ('2.5s', '1.5ms', '0s')
    """
    for unit, name in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")):
        if ns >= unit:
            return f"{ns / unit:.4g}{name}"
    return f"{ns}ns" if ns else "0s"
