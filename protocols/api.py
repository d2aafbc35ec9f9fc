"""The contract between a protocol and whatever runs it.

A protocol is a class whose methods are called one at a time with what happened, and which acts only
through the narrow `Host` that it was given. It reads no clock, no randomness and no network of its
own, so that it can be unit-tested with a `RecordingHost` (`protocols.recording`) and would run
unchanged over real sockets.

The outbox is one FIFO per process and a save is a barrier: what is sent after a `save` leaves only
once that save is durable, what is sent before it does not wait. "Persist before replying" is thus
the order of two lines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar, dataclass_transform

from protocols.notes import NOTES as NOTES
from protocols.presets import Preset

NodeId = str
Handler = Callable[[NodeId, Any], None]
T = TypeVar("T")

# Freezing costs a third of a whole run, so it is on under `python -X dev` only; the tests run every
# scenario once in that mode, which proves that nobody mutates a message.
_FROZEN = sys.flags.dev_mode


@dataclass_transform(frozen_default=True)
def message(cls: type[T]) -> type[T]:
    """Make `cls` a slotted dataclass that must not be changed once it was built."""
    return dataclass(slots=True, frozen=_FROZEN)(cls)


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Do the same to what is written to disk: a record given to `Host.save`."""
    return message(cls)


class Timer(Protocol):
    """A named alarm of one process; `set` replaces what was set before."""

    def set(self, after_ns: int) -> None:
        """Fire once, `after_ns` nanoseconds from now on the node's *local* clock."""

    def cancel(self) -> None:
        """Do not fire; harmless when nothing is set."""


class Random(Protocol):
    """The node's own stream; the same draws for the same seed on every machine and version."""

    def random(self) -> float:
        """Return a float in [0, 1)."""

    def randrange(self, start: int, stop: int) -> int:
        """Return an integer in [start, stop)."""

    def choice(self, items: Sequence[T]) -> T:
        """Return one of `items`."""


class Host(Protocol):
    """All that a process can do."""

    @property
    def id(self) -> NodeId:
        """This node's name."""

    @property
    def random(self) -> Random:
        """This node's own stream."""

    def send(self, to: NodeId, message: Any) -> None:
        """Send; unreliable. To itself: delivered at once after the barrier, never re-entrantly."""

    def save(self, record: Any) -> None:
        """Write to the log of this node; a barrier for everything sent afterwards."""

    def timer(self, name: str, callback: Callable[[], None]) -> Timer:
        """Return this process's timer of that name, not set yet."""

    def now(self) -> int:
        """Return the local monotonic clock, in nanoseconds since an arbitrary start."""

    def wall(self) -> int:
        """Return the local wall clock, in nanoseconds since 1970; it may step."""

    def connect(self, to: NodeId) -> None:
        """Be told, by a `Refused`, when the process that runs at `to` now ends and its machine stays up.

        What the operating system tells the other end of a TCP connection. It holds for these two
        incarnations; a process that handles no `Refused` is not told.
        """

    def lead(self, epoch: int) -> None:
        """Say that this node believes from now on that it leads, under `epoch`."""

    def follow(self, reason: str) -> None:
        """Say that this node no longer believes that it leads, and why."""

    def note(self, kind: str, *values: Any) -> None:
        """Report a protocol event, one of the kinds in `NOTES`, for traces and checkers."""

    def noter(self, kind: str) -> Callable[..., None]:
        """Return a function of the values that reports events of that kind, for what is reported often."""


@record
class Entry:
    """One slot of a replicated log: the epoch (term) of the leader that made it, and its command."""

    epoch: int
    command: Any


class ReplicatedLog(Protocol):
    """What checkers may look at, from outside: the attribute `log` of a process or image that keeps one."""

    @property
    def first_index(self) -> int:
        """Index of the oldest entry still there; `last_index + 1` when there is none."""

    @property
    def last_index(self) -> int:
        """Index of the newest entry, or of the snapshot when there is none."""

    def entry(self, index: int) -> Entry:
        """Return the entry at `index`, first_index <= index <= last_index."""


class Storage(Protocol):
    """What survives a crash: the records saved so far, folded into an image."""

    def apply(self, record: Any) -> None:
        """Fold one record, in the order of saving; called when it is durable."""

    def copy(self) -> Storage:
        """Return an independent copy, which a restarted process may keep and change."""


class Process(Protocol):
    """One incarnation of one node; it may have `resign()`: give up the leadership, its work is done."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """For each class of message: what to call with (source, message). Others are ignored."""

    def start(self) -> None:
        """Begin; called once, before anything else."""


class Predicate(Protocol):
    """A process that can be asked whether it leads, as its own code would ask before it acts.

    A process without this method is taken to believe what it last said by `Host.lead` and `Host.follow`.
    """

    def leads(self) -> int | None:
        """Return the epoch under which it leads, judged now by its local clock; None: it does not."""


@dataclass(frozen=True, slots=True)
class Group:
    """Who is who: node names by role, in order.

    Contenders want to lead. Servers are the members of a service that decides who does; where the
    contenders decide among themselves, as in Raft, they are the servers too.
    """

    contenders: tuple[NodeId, ...]
    servers: tuple[NodeId, ...]
    clients: tuple[NodeId, ...] = ()
    resources: tuple[NodeId, ...] = ()


# Parameters ------------------------------------------------------------------------------------

Unit = Literal["duration", "duration_range", "count", "flag", "ratio", "text", "rate"]


def parameter(default: Any, unit: Unit, doc: str, minimum: int | float | None = None) -> Any:
    """Declare a field of a parameters dataclass.

    `unit` says how a scenario writes it: "duration" 150ms -> int ns; "duration_range" [150ms,
    300ms] -> (int, int) ns; "count" 3 -> int; "flag" true -> bool; "ratio" 1.2 or 5% -> float;
    "text" -> str; "rate" 100/s -> the mean gap, int ns. `minimum` is inclusive, in the unit of the
    stored value.
    """
    return field(default=default, metadata={"unit": unit, "doc": doc, "minimum": minimum})


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of node of a protocol, and how to make its processes."""

    name: Literal["contender", "server"]
    prefix: str  # names are prefix + number, from 1
    count: Callable[[Any], int]  # from the parameters
    create: Callable[[Host, Group, Any, Any], Process]  # host, group, parameters, stored image
    storage: Callable[[], Storage]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a protocol needs to be safe; None: it needs nothing of the kind."""

    clock_rate_ppm: int | None = None  # no clock runs faster or slower by more
    pause_ns: int | None = None  # no process stands still for longer
    stable_storage: bool = True
    clock_error_ns: int | None = None  # no wall clock is further from the truth
    delay_ns: int | None = None  # no message takes longer


@dataclass(frozen=True, slots=True)
class ProtocolSpec:
    """Everything that a scenario and a cluster need to know of a protocol."""

    name: str
    summary: str
    parameters: type  # a frozen dataclass of `parameter` fields
    roles: tuple[Role, ...]  # contenders are servers too where no role "server" is declared
    check: Callable[[Any], Iterable[str]]  # parameters -> broken rules, one sentence each
    epoch_name: str = "epoch"
    assumptions: Assumptions = Assumptions()
    assume: Callable[[Any], Assumptions] | None = None  # parameters -> assumptions, where they depend on them
    exclusive_belief: bool = False  # True: two believers at once are a bug (leases), not Raft
    # False: epochs tell acquisitions apart and no more (a random value); see sim.epochs. The contenders note
    # `acquiring` before each attempt, with the epoch that it is for, and have a method `resign`: so they can
    # be fenced all the same (sim.workloads.fence).
    ordered_epochs: bool = True
    # True: the servers know nothing of each other, and a contender needs a majority of them (Redlock).
    independent_servers: bool = False
    presets: tuple[Preset, ...] = ()  # what `preset:` in a scenario may name
    promises: tuple[str, ...] = ()  # properties of its own, by name, beside the generic ones

    def assumed(self, parameters: Any) -> Assumptions:
        """Return what the protocol needs to be safe when it is set so."""
        return self.assumptions if self.assume is None else self.assume(parameters)


# Clients ---------------------------------------------------------------------------------------
# A command is a tuple: ("put", key, value), ("get", key), ("cas", key, old, new).


@message
class Request:
    """A client's command. (client, serial) names it; a server executes it at most once (Raft §8).

    Clients number their commands from 1 and may have several open at a time; `oldest` is the lowest
    serial that is still open, so that servers may forget the replies below it.
    """

    client: NodeId
    serial: int
    oldest: int
    command: tuple[Any, ...]


@message
class Reply:
    """The answer to a `Request`.

    outcome: "ok" done, `value` is the result; "not_leader" certainly not done here and `leader` may
    be a hint; "unknown" the server cannot tell (it lost its leadership meanwhile).
    """

    client: NodeId
    serial: int
    outcome: Literal["ok", "not_leader", "unknown"]
    value: Any
    leader: NodeId | None
    epoch: int


@message
class Refused:
    """Told to a sender that handles it: the target's machine is up but its process is not running."""

    target: NodeId

    kind: ClassVar[str] = "refused"
