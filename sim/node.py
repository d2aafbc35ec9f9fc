"""A machine with one process: what it is doing, and what becomes of what arrives.

What a node does with an arriving message depends on its state. The state is a table of handlers:
links look up `node.handlers[type(message)]`, and a crash, a pause or a busy CPU swaps the table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from protocols.api import Handler, Process, Storage
from sim.clock import Clock, NodeTimer
from sim.cpu import Cpu
from sim.disk import Disk
from sim.handling import Alike, ignore
from sim.host import NodeHost
from sim.kernel import Call
from sim.network.network import loopback
from sim.records import (
    Crashed,
    Followed,
    Led,
    Paused,
    Resumed,
    ServiceFollowed,
    ServiceLed,
    Started,
    StartRefused,
    TimerFired,
)

if TYPE_CHECKING:
    from sim.epochs import AcquisitionOrder
    from sim.network.draws import Lengths
    from sim.network.network import Network
    from sim.rng import Stream
    from sim.trace import Trace

Create = Callable[["NodeHost", Storage], Process]


class Node:
    """A machine: its clock and disk stay, its process comes and goes."""

    __slots__ = (
        "_cpu", "_create", "_random", "_table", "belief", "clock", "contends", "disk", "down_table",
        "handlers", "host", "host_up", "inbox", "incarnation", "kernel", "late", "name",
        "network", "numbering", "paused", "process", "token", "trace",
    )  # fmt: skip

    def __init__(
        self, name: str, trace: Trace, clock: Clock, disk: Disk, create: Create, random: Stream
    ) -> None:
        self.name = name
        self.trace = trace
        self.kernel = trace.kernel
        self.clock = clock
        self.disk = disk
        self.network: Network
        self._create = create
        self._random = random
        self._cpu: Cpu | None = None
        self.process: Process | None = None
        self.host: NodeHost | None = None
        self.incarnation = -1
        self.contends = True  # False: its leadership is that of the members of a service
        self.numbering: AcquisitionOrder | None = None
        self.belief: int | None = None  # the epoch under which it leads
        self.token: int | None = None  # what its protocol has for it; the same where epochs are ordered
        self.paused = False
        self.host_up = True
        self.inbox: deque[tuple[str, Any]] = deque()  # arrivals during a pause
        self.late: list[NodeTimer] = []  # timers due during a pause
        self.down_table = Alike(self._refuse)
        self._table: dict[type, Handler] = {}  # what process and application do with messages
        # For each class of message: what to do with it. Others are ignored.
        self.handlers: dict[type, Handler] = self.down_table

    # Life ---------------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """True while a process exists, paused or not."""
        return self.process is not None

    @property
    def now(self) -> int:
        """True time."""
        return self.kernel._now

    def start(self) -> None:
        """Start a new incarnation from what is on the disk; refused if the disk is damaged or full."""
        if self.process is not None:
            return
        damage = "checksum mismatch" if self.disk.corrupt else "disk full" if self.disk.full else ""
        if damage:
            self.trace.milestone(StartRefused(self.now, self.name, damage))
            return
        self.incarnation += 1
        self.host_up = True
        routes = self.network.routes[self.name]
        routes[self.name] = loopback(self, self.kernel)
        self.host = host = NodeHost(self, routes, self._random)
        self.process = process = self._create(host, self.disk.image.copy())
        self._table = dict(process.handlers)
        self.handlers = self._running_table()
        self.trace.milestone(Started(self.now, self.name, self.incarnation))
        self.trace.emit("started", self.name, self.incarnation)
        process.start()

    def attach(self, handlers: Mapping[type, Handler]) -> None:
        """Give messages that are for an application, and not for the protocol, to `handlers`."""
        self._table |= handlers
        self.handlers = self._running_table()

    def crash(self, cause: str = "crash", host_up: bool = True, survivors: int = 0) -> int:
        """End the process at once; return how many records a lying disk lost."""
        if self.process is None:
            return 0
        self.disbelieve("crashed")
        self.process = None
        self.host = None
        self.host_up = host_up
        self.paused = False
        self.handlers = self.down_table
        for timer in self.clock.timers:
            timer.cancel()
        self.clock.timers.clear()
        self.inbox.clear()
        self.late.clear()
        if self._cpu is not None:
            self._cpu.clear()
        lost = self.disk.crash(survivors)
        self.trace.milestone(Crashed(self.now, self.name, cause, host_up))
        self.trace.emit("crashed", self.name)
        self.network.disconnect(self)
        return lost

    def dies(self, cause: str) -> None:
        """Crash from within, as soon as the step under way is over."""
        process = self.process
        self.handlers = self.down_table

        def die(_: Any) -> None:
            if self.process is process:
                self.crash(cause)

        self.kernel.call_at(self.now, die)

    def pause(self) -> None:
        """Run nothing until `resume`; arrivals queue up, timers fire late, the clock goes on."""
        if self.process is None or self.paused:
            return
        self.paused = True
        self.handlers = Alike(self._hold)
        self._divert_timers()
        self.trace.milestone(Paused(self.now, self.name))
        self.trace.emit("paused", self.name)

    def resume(self, timers_first: bool) -> None:
        """Run again: what queued up and the late timers, in one order or the other."""
        if not self.paused:
            return
        self.paused = False
        self.trace.milestone(Resumed(self.now, self.name))
        self.trace.emit("resumed", self.name)
        self.handlers = self._running_table()
        self._divert_timers()
        arrivals, self.inbox = self.inbox, deque()
        late, self.late = self.late, []
        process = self.process
        work = [lambda _, timer=timer: self._fire_late(process, timer) for timer in late]
        reading = [lambda _, pair=pair: self._receive_late(process, *pair) for pair in arrivals]
        # In this order also where ties are broken by the seed: a socket's buffer is a queue.
        steps: deque[Call] = deque([*work, *reading] if timers_first else [*reading, *work])
        for _ in range(len(steps)):
            self.kernel.call_at(self.now, lambda _: steps.popleft()(None))
        if self._cpu is not None:
            self._cpu.resume()

    def _fire_late(self, process: Process | None, timer: NodeTimer) -> None:
        # A message read before may have set or cancelled the timer; then it is no longer due.
        if self.process is process and timer.take_overdue():
            (timer.divert or self._trace_timer)(timer)

    def _receive_late(self, process: Process | None, source: str, message: Any) -> None:
        if self.process is process:
            self.receive(source, message)

    # Arrivals and timers ------------------------------------------------------------------------

    def receive(self, source: str, message: Any) -> None:
        """Do with a message what the state of the node says; links do the same by themselves."""
        try:
            handler = self.handlers[type(message)]
        except KeyError:
            return
        handler(source, message)

    def _running_table(self) -> dict[type, Handler]:
        assert self.process is not None
        if self._cpu is not None:
            return Alike(self._queue_up)
        return dict(self._table)  # a plain one: those of subclasses take twice as long

    def _hold(self, source: str, message: Any) -> None:
        self.inbox.append((source, message))

    def _queue_up(self, source: str, message: Any) -> None:
        assert self._cpu is not None
        self._cpu.add(lambda: self._handle(source, message))

    def _handle(self, source: str, message: Any) -> None:
        self._table.get(message.__class__, ignore)(source, message)

    def _refuse(self, source: str, message: Any) -> None:
        if self.host_up:
            self.network.refuse(source, self.name)

    def reception(self, cls: type) -> str:
        """Return what becomes of a message of that class which arrives now, for traces."""
        if self.process is None:
            return "down"
        return "delivered" if cls in self._table else "ignored"

    def timer(self, name: str, callback: Callable[[], None]) -> NodeTimer:
        """Return a new timer of this process."""
        timer = NodeTimer(name, self.kernel, self.clock, callback)
        timer.divert = self._diversion()
        return timer

    def _diversion(self) -> Callable[[NodeTimer], None] | None:
        """Return what timers that are due do as things are; None: they just call back."""
        if self.paused:
            return self._fire_later
        if self._cpu is not None:
            return self._queue_timer
        return self._trace_timer if self.trace.level == "full" else None

    def _divert_timers(self) -> None:
        diversion = self._diversion()
        for timer in self.clock.timers:
            timer.divert = diversion

    def _fire_later(self, timer: NodeTimer) -> None:
        timer.postpone()
        self.late.append(timer)

    def _queue_timer(self, timer: NodeTimer) -> None:
        assert self._cpu is not None
        timer.postpone()
        self._cpu.add(lambda: self._trace_timer(timer) if timer.take_overdue() else None)

    def _trace_timer(self, timer: NodeTimer) -> None:
        if self.trace.level == "full":
            self.trace.detail(TimerFired(self.now, self.name, timer.name))
        timer.callback()

    def set_service_time(self, service: Lengths | None, factor: float = 1) -> None:
        """Handle messages and timers one after the other, each taking a draw of `service` x factor."""
        if self._cpu is not None:
            self._cpu.set_speed(service, factor)  # what waits there is served in its turn
        elif service is not None:
            self._cpu = Cpu(self, service, factor)
            if self.process is not None and not self.paused:
                self.handlers = self._running_table()
                self._divert_timers()

    # Belief -------------------------------------------------------------------------------------

    def leads(self) -> int | None:
        """Return what the process says when it asks itself whether it leads: its token, or None."""
        ask = getattr(self.process, "leads", None)
        token: int | None = self.token if ask is None else ask()
        return token

    def believe(self, token: int) -> None:
        """Record that the process believes that it leads."""
        self.token = token
        self.belief = epoch = token if self.numbering is None else self.numbering.begin(token)
        record, event = (Led, "led") if self.contends else (ServiceLed, "service_led")
        self.trace.milestone(record(self.now, self.name, epoch))
        self.trace.emit(event, self.name, epoch)

    def epoch_of(self, token: int) -> int:
        """Return the epoch, as records have it, of what this node's protocol has for it."""
        return token if self.numbering is None else self.numbering.of(token)

    def disbelieve(self, reason: str) -> None:
        """Record that it no longer does; nothing if it did not."""
        epoch, self.belief, self.token = self.belief, None, None
        if epoch is not None:
            record, event = (Followed, "followed") if self.contends else (ServiceFollowed, "service_followed")
            self.trace.milestone(record(self.now, self.name, epoch, reason))
            self.trace.emit(event, self.name, reason)
