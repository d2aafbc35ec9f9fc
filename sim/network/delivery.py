"""The receiving end of a link: what happens when a message arrives, per trace level."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.detail import plain_fields
from sim.network.link import DEFAULT_SIZE_BYTES
from sim.records import Message
from sim.tally import Costs
from sim.trace import Trace, code_of

if TYPE_CHECKING:
    from sim.kernel import Kernel
    from sim.node import Node

Deliver = Callable[[Any], None]


class Arrival:
    """What a link does with a message in the end: `deliver` it or `lose` it, and record that.

    `stamped`: what travels is (message, time of sending), since a full trace wants to know it, or `took`,
    which is called with the delay of each message that arrives. `flush`
    is to be called now and then: it hashes what has gathered for the digest.
    """

    __slots__ = ("deliver", "flush", "kernel", "lose", "stamp", "stamped")

    def __init__(
        self,
        trace: Trace,
        source: str,
        target: Node,
        costs: Costs,
        took: Callable[[int], None] | None = None,
    ) -> None:
        self.kernel: Kernel = trace.kernel
        full = trace.level == "full"
        self.stamped = full or took is not None
        self.stamp: Callable[[Any], Any] = self._stamp if self.stamped else _unstamped
        self.flush: Callable[[], None] = _nothing if trace.digest is None else trace.digest.flush_if_large
        self.deliver: Deliver
        self.lose: Callable[[Any, str], None]
        if trace.level == "off":
            self.deliver, self.lose = _untraced(source, target)
        elif full:
            self.deliver, self.lose = _full(trace, source, target, costs)
        else:
            self.deliver, self.lose = _digested(trace, source, target, costs)
        if took is not None:
            self.deliver = _timed(self.deliver if full else _unpacking(self.deliver), took, self.kernel)

    def _stamp(self, message: Any) -> Any:
        return message, self.kernel._now


def _timed(deliver: Deliver, took: Callable[[int], None], kernel: Kernel) -> Deliver:
    """Return what also tells how long each message took."""

    def timed(parcel: tuple[Any, int]) -> None:
        took(kernel._now - parcel[1])
        deliver(parcel)

    return timed


def _unpacking(deliver: Deliver) -> Deliver:
    return lambda parcel: deliver(parcel[0])


def _unstamped(message: Any) -> Any:
    return message


def _nothing() -> None:
    """Without a digest there is nothing to hash."""


def _untraced(source: str, target: Node) -> tuple[Deliver, Callable[[Any, str], None]]:
    def deliver(message: Any) -> None:
        try:
            handler = target.handlers[type(message)]
        except KeyError:  # it is ignored there
            return
        handler(source, message)

    def lose(message: Any, outcome: str) -> None:
        pass

    return deliver, lose


def _digested(
    trace: Trace, source: str, target: Node, costs: Costs
) -> tuple[Deliver, Callable[[Any, str], None]]:
    kernel, codec, digest = trace.kernel, trace.codec, trace.digest
    assert digest is not None
    add = digest.add
    link = code_of(f"{source}>{target.name}")

    def deliver(message: Any) -> None:
        cls = type(message)
        code, values = codec[cls]
        add((kernel._now, link, code))
        add(values(message))
        try:
            handler = target.handlers[cls]
        except KeyError:  # it is ignored there
            return
        handler(source, message)

    def lose(message: Any, outcome: str) -> None:
        add((kernel._now, link, code_of(outcome)))

    if not costs.weigh:
        return deliver, lose

    def deliver_weighed(message: Any) -> None:
        costs.bytes += size_of(message)
        deliver(message)

    def lose_weighed(message: Any, outcome: str) -> None:
        costs.bytes += size_of(message)
        lose(message, outcome)

    return deliver_weighed, lose_weighed


def _full(
    trace: Trace, source: str, target: Node, costs: Costs
) -> tuple[Deliver, Callable[[Any, str], None]]:
    digested, digested_lose = _digested(trace, source, target, costs)
    kernel = trace.kernel

    def keep(message: Any, sent_at: int, outcome: str) -> None:
        shown = getattr(message, "carried", message)
        name = type(shown).__name__
        trace.detail(Message(kernel._now, sent_at, source, target.name, name, outcome, plain_fields(shown)))

    def deliver(parcel: tuple[Any, int]) -> None:
        message, sent_at = parcel
        keep(message, sent_at, target.reception(message.__class__))
        digested(message)

    def lose(message: Any, outcome: str) -> None:
        keep(message, kernel._now, outcome)
        digested_lose(message, outcome)

    return deliver, lose


def size_of(message: Any) -> int:
    """Return the bytes that a message weighs, by its own estimate."""
    size: int = getattr(message, "size_bytes", DEFAULT_SIZE_BYTES)
    return size
