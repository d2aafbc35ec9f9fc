"""What faults do to clocks."""

from __future__ import annotations

from collections.abc import Callable

from sim.faults.ongoing import Ongoing
from sim.node import Node
from sim.records import ClockChanged
from sim.scenario.faults import ClockRate, ClockStep


def clock_step(ongoing: Ongoing) -> None:
    """Let the wall clocks jump; nothing undoes it."""
    action: ClockStep = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        node.clock.step(action.by_ns)
        _clock_changed(ongoing, node, action.by_ns)


def clock_rate(ongoing: Ongoing) -> None:
    """Let the clocks run at the rate of the newest fault that is on, and at their own after all of them."""
    action: ClockRate = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        key = ("rate", node.name, 0)
        others = ongoing.claims.newest(key)
        usual_ppb = node.clock.own_ppb if others is None else others[1]
        _set_rate(ongoing, node, action.rate_ppb)
        ongoing.replace(key, (action.rate_ppb, usual_ppb), _rate_again(ongoing, node, usual_ppb))


def _rate_again(ongoing: Ongoing, node: Node, usual_ppb: int) -> Callable[[tuple[int, int] | None], None]:
    return lambda left: _set_rate(ongoing, node, usual_ppb if left is None else left[0])


def _set_rate(ongoing: Ongoing, node: Node, rate_ppb: int) -> None:
    node.clock.set_rate(rate_ppb)
    _clock_changed(ongoing, node, 0)


def clock_freeze(ongoing: Ongoing) -> None:
    """Let the clocks stand still until the last such fault is over."""
    for node in ongoing.nodes:
        node.clock.freeze()
        _clock_changed(ongoing, node, 0)
        ongoing.hold(("frozen", node.name, 0), lambda node=node: _thaw(ongoing, node))  # type: ignore[misc]


def _thaw(ongoing: Ongoing, node: Node) -> None:
    node.clock.thaw()
    _clock_changed(ongoing, node, 0)


def _clock_changed(ongoing: Ongoing, node: Node, step_ns: int) -> None:
    rate_ppm = node.clock.rate_ppb / 1000
    ongoing.cluster.trace.milestone(ClockChanged(ongoing.cluster.now, node.name, step_ns, rate_ppm))
