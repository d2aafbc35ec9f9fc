"""What the contenders of all lease protocols have in common: belief that ends on the own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from protocols.api import Handler, Host, NodeId, Refused
from protocols.script import Call, Script, ScriptRunner, Sleep

PPM = 1_000_000


def shortened(length_ns: int, rate_bound: float) -> int:
    """Return how long a holder may count on a lease of that length, in ns on its own clock.

    With all clocks within `rate_bound` of true time (0.001: 1,000 ppm) that time ends before the
    grantor, whose clock is the fastest, sees the end of `length_ns`, even if the holder's is the
    slowest: V / (1 - r) <= T / (1 + r).

    Source: Gray and Cheriton, Leases, §4 ("the term is shortened by the clock error").
    """
    ppm = round(rate_bound * PPM)
    return length_ns * (PPM - ppm) // (PPM + ppm)


class LeaseHolder:
    """A contender: runs a script, and believes until its lease ends on its own clock.

    A subclass writes `run`, which calls `hold` when it was granted or renewed and `lose` when it
    learns that it was not. `replies` are the classes of messages that its calls wait for.
    """

    replies: ClassVar[tuple[type, ...]] = ()

    def __init__(self, host: Host, clock: Callable[[], int]) -> None:
        self.host = host
        self.clock = clock
        self.epoch: int | None = None
        self.valid_until = 0
        self._known: tuple[NodeId, int] | None = None
        self._serial = 0
        # Tells the requests of this incarnation from those of earlier ones, which may still arrive.
        self._session = host.random.randrange(0, 1 << 62)
        self._end = host.timer("lease end", self._on_end)
        self._script = ScriptRunner(host, self.run())
        self.handlers: Mapping[type, Handler] = {
            **dict.fromkeys(self.replies, self._script.on_reply),
            Refused: self._on_refused,
        }

    def start(self) -> None:
        """Run the script up to its first wait."""
        self._script.start()

    def run(self) -> Script:
        """Acquire, keep, and start again when the lease is lost."""
        raise NotImplementedError

    def leads(self) -> int | None:
        """Return the epoch of the lease if it is valid at this moment on the own clock."""
        return self.epoch if self.epoch is not None and self.clock() < self.valid_until else None

    def hold(self, epoch: int, until_ns: int) -> None:
        """Believe, under `epoch`, until the own clock shows `until_ns`; not at all if it does."""
        left = until_ns - self.clock()
        if left <= 0:
            return
        self.valid_until = until_ns
        self._end.set(left)
        if epoch != self.epoch:
            self.epoch = epoch
            self.host.lead(epoch)
            self.learn(self.host.id, epoch)

    def learn(self, leader: NodeId, epoch: int) -> None:
        """Note who leads, when this is news."""
        if (leader, epoch) != self._known:
            self._known = leader, epoch
            self.host.note("leader_known", leader, epoch)

    def lose(self, reason: str) -> None:
        """Believe no longer; harmless if the belief is over already."""
        if self.epoch is not None:
            self.epoch = None
            self._end.cancel()
            self.host.follow(reason)

    def next_request(self) -> tuple[int, int]:
        """Return a name for a request that no other request of this contender has."""
        self._serial += 1
        return self._session, self._serial

    def stagger(self, interval_ns: int) -> Script:
        """Wait for a random part of an interval: processes that poll do not start in step."""
        yield Sleep(self.host.random.randrange(0, max(interval_ns, 1)))

    def call(self, to: NodeId, message: Any, timeout_ns: int) -> Call:
        """Return a call whose reply is the one that carries the `request` of `message`."""
        request = message.request
        return Call(to, message, timeout_ns, lambda source, reply: reply.request == request)

    def _on_end(self) -> None:
        left = self.valid_until - self.clock()
        if left > 0:  # the wall clock was set back meanwhile
            self._end.set(left)
        else:
            self.lose("expired")
            self._script.wake()

    def _on_refused(self, source: NodeId, refused: Refused) -> None:
        self._script.on_refused(source)
