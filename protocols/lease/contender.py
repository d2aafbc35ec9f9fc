"""What the contenders of all lease protocols have in common: a script, and a belief."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from protocols.api import Handler, Host, NodeId, Refused
from protocols.script import Call, Script, ScriptRunner, Sleep


class Contender:
    """Runs a script that calls `lead` and `lose`.

    A subclass writes `run`. `replies` are the classes of messages that its calls wait for.
    """

    replies: ClassVar[tuple[type, ...]] = ()

    def __init__(self, host: Host, clock: Callable[[], int]) -> None:
        self.host = host
        self.clock = clock
        self.epoch: int | None = None
        self._release_at: int | None = None
        self._resignation = host.timer("resignation", self._on_resignation)
        self._known: tuple[NodeId, int] | None = None
        self._serial = 0
        # Tells the requests of this incarnation from those of earlier ones, which may still arrive.
        self._session = host.random.randrange(0, 1 << 62)
        self._script = ScriptRunner(host, self.run())
        self.handlers: Mapping[type, Handler] = {
            **dict.fromkeys(self.replies, self._script.on_reply),
            Refused: self._on_refused,
        }

    def start(self) -> None:
        """Run the script up to its first wait."""
        self._script.start()

    def run(self) -> Script:
        """Acquire, keep, and start again when the leadership is lost."""
        raise NotImplementedError

    def leads(self) -> int | None:
        """Return the epoch under which this contender would say now that it leads; None: it would not."""
        return self.epoch

    def lead(self, epoch: int) -> None:
        """Believe from now on, under `epoch`."""
        if epoch != self.epoch:
            self.epoch = epoch
            self._release_at = None
            self.host.lead(epoch)
            self.learn(self.host.id, epoch)

    def lose(self, reason: str) -> None:
        """Believe no longer; harmless if the belief is over already."""
        if self.epoch is not None:
            self.epoch = None
            self.host.follow(reason)

    def resign(self) -> None:
        """Give the leadership up as soon as possible, in the way that the protocol has for it."""
        if self.epoch is not None:
            self._release_at = self.host.now()
            self._resignation.set(0)  # not from within the script, which may be running

    def begin_tenure(self, hold_for_ns: int) -> None:
        """Remember when to give the leadership up; 0: never, unless asked to resign."""
        if hold_for_ns and self._release_at is None:
            self._release_at = self.host.now() + hold_for_ns

    def rest(self, length_ns: int) -> Script:
        """Sleep, but not beyond the end of the tenure."""
        if self._release_at is not None:
            length_ns = min(length_ns, max(self._release_at - self.host.now(), 0))
        yield Sleep(length_ns)

    def is_tenure_over(self) -> bool:
        """Return whether it is time to give the leadership up."""
        return self._release_at is not None and self.host.now() >= self._release_at

    def learn(self, leader: NodeId, epoch: int) -> None:
        """Note who leads, when this is news."""
        if (leader, epoch) != self._known:
            self._known = leader, epoch
            self.host.note("leader_known", leader, epoch)

    def next_request(self) -> tuple[int, int]:
        """Return a name for a request that no other request of this contender has."""
        self._serial += 1
        return self._session, self._serial

    def stagger(self, interval_ns: int) -> Script:
        """Wait for a random part of an interval: processes that poll do not start in step."""
        yield Sleep(self.host.random.randrange(0, max(interval_ns, 1)))

    def call(self, to: NodeId, message: Any, timeout_ns: int, but: type | None = None) -> Call:
        """Return a call whose reply is the one that carries the `request` of `message`, but not of `but`."""
        request = message.request

        def matches(source: NodeId, reply: Any) -> bool:
            return reply.request == request and type(reply) is not but

        return Call(to, message, timeout_ns, matches)

    def _on_resignation(self) -> None:
        if self.epoch is not None:
            self._script.wake()

    def _on_refused(self, source: NodeId, refused: Refused) -> None:
        self._script.on_refused(refused.target)
