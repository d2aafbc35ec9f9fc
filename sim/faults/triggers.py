"""Faults that wait for something to happen."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.api import NOTES
from sim.faults.targets import Moment, resolve
from sim.scenario.faults import Trigger

if TYPE_CHECKING:
    from sim.cluster import Cluster
    from sim.rng import Stream

# The names that scenarios use, where the switchboard has others.
_KINDS = {
    "leader_elected": "led",
    "leader_lost": "followed",
    "service_leader_elected": "service_led",
    "service_leader_lost": "service_followed",
    "restarted": "started",
}


def watch(cluster: Cluster, trigger: Trigger, stream: Stream, then: Callable[[str], None]) -> None:
    """Call `then(node)` each time the trigger's event happens (every nth that matches)."""
    kind = _KINDS.get(trigger.event, trigger.event)
    matches = _matcher(cluster, trigger, kind, stream)
    seen = 0

    def count(node: str) -> None:
        nonlocal seen
        seen += 1
        if seen % trigger.nth == 0:
            then(node)

    def happened(node: str, *values: Any) -> None:
        if not matches(node, values):
            return
        if trigger.lasting_ns:
            _if_it_lasts(cluster, node, values[0], trigger.lasting_ns, count)
        else:
            count(node)

    if kind == "saved":
        _each_record(cluster, happened)
    else:
        cluster.trace.listen(kind, happened)


def _if_it_lasts(
    cluster: Cluster, node: str, epoch: int, length_ns: int, then: Callable[[str], None]
) -> None:
    """Call `then(node)` so much later, if the node has led under that epoch without a break."""
    leader = cluster.nodes[node]
    incarnation = leader.incarnation

    def look(_: Any) -> None:
        if cluster.believes(node) == epoch and leader.incarnation == incarnation:
            then(node)

    cluster.kernel.call_at(cluster.now + length_ns, look)


def _each_record(cluster: Cluster, happened: Callable[[str, Any], None]) -> None:
    """Call `happened(node, record)` for every record that becomes durable: the disk only counts them."""
    waiting: defaultdict[str, deque[Any]] = defaultdict(deque)

    def saved(node: str, count: int) -> None:
        for _ in range(count):
            happened(node, waiting[node].popleft())

    cluster.trace.listen("saving", lambda node, record: waiting[node].append(record))
    cluster.trace.listen("saved", saved)
    # What was not durable when the process ended never will be.
    cluster.trace.listen("crashed", lambda node: waiting[node].clear())


def _matcher(
    cluster: Cluster, trigger: Trigger, kind: str, stream: Stream
) -> Callable[[str, tuple[Any, ...]], bool]:
    tests: list[Callable[[str, tuple[Any, ...]], bool]] = []
    if trigger.event == "restarted":
        tests.append(lambda node, values: values[0] > 0)
    if trigger.node is not None:
        selector = trigger.node
        tests.append(lambda node, values: node in resolve(selector, Moment(cluster, stream, node)))
    if trigger.epoch is not None:
        condition, position = trigger.epoch, _epoch_position(kind)
        tests.append(lambda node, values: condition.holds(values[position]))
    if trigger.record is not None:
        wanted = trigger.record
        tests.append(lambda node, values: snake_case(type(values[0]).__name__) == wanted)
    return lambda node, values: all(test(node, values) for test in tests)


def _epoch_position(kind: str) -> int:
    """Return where the values of an event have the epoch."""
    return NOTES[kind].index("epoch") if kind in NOTES else 0


def snake_case(name: str) -> str:
    """Return a class name as scenarios write it: HardState -> hard_state."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
