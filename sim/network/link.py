"""One directed link: how a message gets from one node to another, or does not.

The functions that move messages are closures chosen when the link is built, so that what a run does
not use (tracing, bandwidth, faults) costs nothing. A cut swaps the route; nothing asks "is there a
partition?" per message.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any

from sim.network.draws import LOST, Block, Chances, LatencyDraws, Lengths
from sim.network.spec import LinkSpec
from sim.rng import Seed
from sim.sampling import Sampler

if TYPE_CHECKING:
    from sim.network.delivery import Arrival

Send = Callable[[Any], None]


class Lane:
    """A way to send over a link under one `LinkSpec`; a degraded link has a second one.

    `discard` makes the draws of a message that a cut swallows, so that those after the cut see the same
    network as without it.
    """

    __slots__ = ("discard", "draws", "send")

    def __init__(
        self, spec: LinkSpec, seed: Seed, name: str, arrival: Arrival, line: Line, first: Block | None = None
    ) -> None:
        self.draws = LatencyDraws(spec, seed, name, first)
        self.send: Send
        self.discard: Callable[[], object]
        if spec.plain and not arrival.stamped:
            self.send, self.discard = _plain_send(self.draws, arrival), self.draws.draw
        else:
            self.send, self.discard = _full_send(spec, seed, name, self.draws, arrival, line)


def _plain_send(draws: LatencyDraws, arrival: Arrival) -> Send:
    """Return the fast lane: latency and loss only."""
    kernel = arrival.kernel
    queue, next_key, push = kernel.queue, kernel.next_key, heappush
    pop, refill = draws.block.pop, draws.refill
    deliver, lose, flush = arrival.deliver, arrival.lose, arrival.flush

    def send(message: Any) -> None:
        try:
            delay = pop()
        except IndexError:
            delay = refill()
            flush()
        if delay < 0:
            lose(message, "lost")
        else:
            push(queue, (kernel._now + delay, next_key(), deliver, message))

    return send


def _full_send(
    spec: LinkSpec, seed: Seed, name: str, draws: LatencyDraws, arrival: Arrival, line: Line
) -> tuple[Send, Callable[[], object]]:
    """Return the lane that knows everything; every message draws alike, lost or not."""
    kernel, bytes_per_second, fifo = arrival.kernel, spec.bytes_per_second, spec.fifo
    duplicates = Chances(spec.duplicate, seed.key(f"link {name} duplicate"))
    alike = LinkSpec(latency=spec.latency, extra_latency=spec.extra_latency)
    second = LatencyDraws(alike, seed, f"{name} copy")
    held_back = Chances(spec.reorder, seed.key(f"link {name} reorder"))
    hold = Lengths(Sampler(spec.reorder_by, seed.key(f"link {name} reorder by")))

    def draw() -> tuple[int, int, int]:
        """Return the latency, what is added to hold the message back, and the latency of a copy."""
        delay = draws.draw()
        extra = hold.draw() if held_back.draw() else 0
        return delay, extra, second.draw() if duplicates.draw() else LOST

    def send(message: Any) -> None:
        now: int = kernel._now
        if not draws.block:
            arrival.flush()
        delay, extra, copy_delay = draw()
        queued = line.queueing(now, message, bytes_per_second)
        if delay == LOST:
            arrival.lose(message, "lost")
            return
        parcel = arrival.stamp(message)
        arrive = line.in_order(now + queued + delay + extra, fifo)
        heappush(kernel.queue, (arrive, kernel.next_key(), arrival.deliver, parcel))
        if copy_delay != LOST:
            arrive = line.in_order(now + queued + copy_delay, fifo)
            heappush(kernel.queue, (arrive, kernel.next_key(), arrival.deliver, parcel))

    return send, draw


class Line:
    """The sending end of a link: bandwidth and FIFO order, whatever lane is in use."""

    __slots__ = ("_free_at", "_last_arrival")

    def __init__(self) -> None:
        self._free_at = 0
        self._last_arrival = 0

    def queueing(self, now: int, message: Any, bytes_per_second: int | None) -> int:
        """Return how long the message takes to leave: what is before it, and its own bytes."""
        if bytes_per_second is None:
            return 0
        size = getattr(message, "size_bytes", DEFAULT_SIZE_BYTES)
        start = max(now, self._free_at)
        self._free_at = start + size * 1_000_000_000 // bytes_per_second
        return self._free_at - now

    def in_order(self, arrive: int, fifo: bool) -> int:
        """Return when it arrives if, for `fifo`, it must not overtake what was sent before."""
        if fifo and arrive <= self._last_arrival:
            arrive = self._last_arrival + 1
        self._last_arrival = max(arrive, self._last_arrival)
        return arrive


DEFAULT_SIZE_BYTES = 100
"""What a message without a `size_bytes` of its own is taken to weigh."""
