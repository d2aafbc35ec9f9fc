"""What faults do to clocks."""

from __future__ import annotations

from sim.faults.ongoing import Ongoing
from sim.node import Node
from sim.records import ClockChanged
from sim.scenario.faults import ClockRate, ClockStep


def clock_step(ongoing: Ongoing) -> None:
    action: ClockStep = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        node.clock.step(action.by_ns)
        _clock_changed(ongoing, node, action.by_ns)


def clock_rate(ongoing: Ongoing) -> None:
    action: ClockRate = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        usual = node.clock.rate_ppb
        _set_rate(ongoing, node, action.rate_ppb)
        ongoing.at_end(lambda node=node, usual=usual: _set_rate(ongoing, node, usual))  # type: ignore[misc]


def _set_rate(ongoing: Ongoing, node: Node, rate_ppb: int) -> None:
    node.clock.set_rate(rate_ppb)
    _clock_changed(ongoing, node, 0)


def clock_freeze(ongoing: Ongoing) -> None:
    for node in ongoing.nodes:
        node.clock.freeze()
        _clock_changed(ongoing, node, 0)
        ongoing.at_end(node.clock.thaw)


def _clock_changed(ongoing: Ongoing, node: Node, step_ns: int) -> None:
    rate_ppm = node.clock.rate_ppb / 1000
    ongoing.cluster.trace.milestone(ClockChanged(ongoing.cluster.now, node.name, step_ns, rate_ppm))
