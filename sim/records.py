"""The vocabulary of a trace: what can happen in a run, one class per kind.

Times are true (not local) nanoseconds since the start of the run. *Milestones* are rare and kept in
memory at every trace level, so that analysis and verdict never depend on the level; the other kinds
exist only at the levels named in their docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sim.detail_records import Message as Message
from sim.detail_records import Noted as Noted
from sim.detail_records import Operation as Operation
from sim.detail_records import Saved as Saved
from sim.detail_records import Synced as Synced
from sim.detail_records import TimerFired as TimerFired
from sim.effect_records import Damaged as Damaged
from sim.effect_records import DamageTotal as DamageTotal
from sim.effect_records import EffectJudged as EffectJudged


@dataclass(frozen=True, slots=True)
class RunStarted:
    """First record of every trace: who takes part.

    `bound_ns`: a command must commit within it. `independent_servers`: they form no ensemble, and a
    contender needs a majority of them itself.
    """

    at_ns: int
    scenario: str
    protocol: str
    seed: int
    duration_ns: int
    contenders: tuple[str, ...]
    servers: tuple[str, ...]
    clients: tuple[str, ...]
    resources: tuple[str, ...]
    bound_ns: int
    independent_servers: bool = False


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Last record: when the run ended, and why (`duration`, `stopped`)."""

    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Led:
    """The node believes from here on that it leads, under that epoch."""

    at_ns: int
    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Followed:
    """The node no longer believes that it leads (also written when a leader crashes)."""

    at_ns: int
    node: str
    epoch: int  # the epoch under which it had led
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceLed:
    """A server that is no contender leads the members of its service from here on, under that epoch."""

    at_ns: int
    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ServiceFollowed:
    """It no longer does (also written when it crashes)."""

    at_ns: int
    node: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Campaigned:
    """The node started to campaign in that epoch."""

    at_ns: int
    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class LeaderKnown:
    """The node heard of that leader for the first time in that epoch."""

    at_ns: int
    node: str
    leader: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Served:
    """The node's first service as the leader of that epoch.

    Where it keeps a replicated log, the first command that it committed (a no-op counts); elsewhere its
    first effect that a resource accepted, or the belief itself in a world without resources.
    """

    at_ns: int
    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The first success that any client saw from that epoch."""

    at_ns: int
    client: str
    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Who decides from here on, as the newest leader has it; `outgoing`: a majority of them too."""

    at_ns: int
    node: str
    voters: tuple[str, ...]
    outgoing: tuple[str, ...]
    learners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stalled:
    """The leader's command took longer than the bound to commit; written when it did, or at the end."""

    at_ns: int
    node: str
    epoch: int
    since_ns: int  # when the command was issued


@dataclass(frozen=True, slots=True)
class Crashed:
    """The process is gone, with everything that was not durable. `host_up`: peers are refused."""

    at_ns: int
    node: str
    cause: str
    host_up: bool


@dataclass(frozen=True, slots=True)
class Started:
    """A process started; incarnation 0 is the first."""

    at_ns: int
    node: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class StartRefused:
    """A process would not start, since its disk is damaged (or full)."""

    at_ns: int
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The process runs nothing from here on; its clock goes on."""

    at_ns: int
    node: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The process runs again."""

    at_ns: int
    node: str


@dataclass(frozen=True, slots=True)
class LinksCut:
    """Directed links that carry nothing from here on, as (source, target) pairs."""

    at_ns: int
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LinksHealed:
    """Directed links that carry messages again, as (source, target) pairs."""

    at_ns: int
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FaultStarted:
    """A fault of the scenario was applied; `fault` is its number there, from 0."""

    at_ns: int
    fault: int
    action: str
    targets: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class FaultEnded:
    """That fault's effect was undone."""

    at_ns: int
    fault: int
    action: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """A clock was stepped (`step_ns`, wall only) or its rate error changed (`rate_ppm`)."""

    at_ns: int
    node: str
    step_ns: int
    rate_ppm: float


@dataclass(frozen=True, slots=True)
class BoundMeasured:
    """At the end of a run: the worst of a bound that the protocol assumes, or the scenario grants.

    clock_rate in parts per billion; clock_error, pause and delay in nanoseconds; None: not said.
    `worst_of` is the node, or the link ("n1>n2"), that it was measured on; "" if it was 0.
    """

    at_ns: int
    bound: str
    assumed: int | None
    granted: int | None
    measured: int
    worst_of: str


@dataclass(frozen=True, slots=True)
class Violated:
    """An invariant does not hold. `evidence` names the values; `nodes` those involved."""

    at_ns: int
    property: str
    nodes: tuple[str, ...]
    evidence: str
    outside_envelope: str  # "" or the assumption that the run had broken before


MILESTONES: tuple[type, ...] = (
    RunStarted, RunEnded, Led, Followed, ServiceLed, ServiceFollowed, Campaigned, LeaderKnown,
    Served, Answered, MembersChanged, Stalled, Crashed, Started, StartRefused, Paused, Resumed,
    LinksCut, LinksHealed, FaultStarted, FaultEnded, ClockChanged, EffectJudged,
    Damaged, DamageTotal, BoundMeasured, Violated,
)  # fmt: skip
DETAILS: tuple[type, ...] = (Operation, Message, Saved, Synced, TimerFired, Noted)

Record = Any  # an instance of one of the classes above


def kind_of(record_type: type) -> str:
    """Return the name of a record class in files: `LinksCut` -> "links_cut"."""
    name = record_type.__name__
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


BY_KIND: dict[str, type] = {kind_of(cls): cls for cls in MILESTONES + DETAILS}


def as_dict(record: Record) -> dict[str, Any]:
    """Return the record as one flat dict with its `kind`, as in a trace file."""
    return {"kind": kind_of(type(record)), **{f.name: getattr(record, f.name) for f in fields(record)}}
