"""The floor: a bare `heapq` loop that replays a run's schedule of events without doing anything.

It is what CPython can do at best with the same number of events at the same times: each event pushes
the events that it pushed in the real run, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from sim.kernel import Kernel
from sim.plan import Plan
from sim.run import build

# An event of the schedule: the (delay, event) pairs that it pushes.
Event = list[tuple[int, Any]]


def record(plan: Plan, seed: int) -> list[tuple[int, Event]]:
    """Run once and return the schedule: the events that were queued at the start, with their times."""
    cluster = build(plan, seed, "off")
    cluster.start()
    return record_kernel(cluster.kernel, plan.duration_ns, lambda: bool(cluster.ended))


def record_kernel(
    kernel: Kernel, until_ns: int, ended: Callable[[], bool] = lambda: False
) -> list[tuple[int, Event]]:
    """Run what is queued, up to some time, and return the schedule."""
    queue = kernel.queue
    events: dict[int, Event] = {}
    roots = [(time_ns, events.setdefault(key, [])) for time_ns, key, _, _ in sorted(queue)]
    while queue and queue[0][0] < until_ns and not ended():
        time_ns, key, function, argument = heappop(queue)
        kernel._now = time_ns
        before = kernel.next_key()
        function(argument)
        pushed = kernel.next_key() - before - 1
        if pushed:
            children = sorted((e for e in queue if e[1] > before), key=lambda e: e[1])
            mine = events.setdefault(key, [])
            mine += [(child[0] - time_ns, events.setdefault(child[1], [])) for child in children]
    return roots


def replay(roots: list[tuple[int, Event]]) -> int:
    """Replay a schedule; return the number of events."""
    queue: list[tuple[int, int, Any, Event]] = []
    next_key = count().__next__
    now = 0
    done = 0

    def fire(children: Event) -> None:
        for delay, child in children:
            heappush(queue, (now + delay, next_key(), fire, child))

    for time_ns, event in roots:
        heappush(queue, (time_ns, next_key(), fire, event))
    while queue:
        now, _, function, argument = heappop(queue)
        function(argument)
        done += 1
    return done
