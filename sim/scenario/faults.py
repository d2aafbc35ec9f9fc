"""Faults as data: when, what, to whom, and for how long. What they do is `sim.faults`' business.

Times are true nanoseconds since the start of the run. A fault with an end (`for_ns`, a crash with
`restart_after_ns`) is undone there; without one it lasts until a `heal` or the end of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from sim.conditions import OPERATORS
from sim.distributions import Distribution
from sim.network.spec import Loss
from sim.scenario.network import Reorder
from sim.scenario.orders import Members, Stop, Transfer
from sim.scenario.selectors import Selector, Several, Single
from sim.scenario.units import Rate

# When --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class At:
    """Once, at a time."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Every:
    """Periodically from `first_ns` until before `until_ns` (None: the end of the run).

    Each time is later by a uniform draw from [0, jitter_ns); delays do not add up.
    """

    every_ns: int
    first_ns: int
    until_ns: int | None
    jitter_ns: int


@dataclass(frozen=True, slots=True)
class AtRandom:
    """With exponential gaps of mean `rate.period_ns`, from `from_ns` until before `until_ns`."""

    rate: Rate
    from_ns: int
    until_ns: int | None


@dataclass(frozen=True, slots=True)
class EpochCondition:
    """`>= 3`: what the epoch of an event must be; `operator` is a key of `sim.conditions.OPERATORS`."""

    operator: str
    value: int

    def holds(self, epoch: int) -> bool:
        """Return whether `epoch` satisfies it."""
        return OPERATORS[self.operator](epoch, self.value)


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that happens: one of `EVENTS`, at one of the nodes if given.

    Only events that match `node`, `epoch` and `record` count; it triggers at every `nth` of them.
    `record` is the class of what is saved, in snake_case ("hard_state"). `lasting_ns`: it happens so
    much later, if what began then lasts until then (a leader still leads, in the same epoch).
    """

    event: str
    node: Selector | None = None
    epoch: EpochCondition | None = None
    nth: int = 1
    record: str | None = None
    lasting_ns: int = 0


@dataclass(frozen=True, slots=True)
class When:
    """`delay_ns` after the trigger, the first `times` times that it happens.

    Each time is later by a uniform draw from [0, jitter_ns).
    """

    trigger: Trigger
    delay_ns: int
    times: int
    jitter_ns: int = 0


Timing = At | Every | AtRandom | When

# What --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crash:
    """The processes die; they start again after `restart_after_ns` (None: not by themselves)."""

    name: ClassVar[str] = "crash"
    targets: Selector
    restart_after_ns: int | None
    host_up: bool


@dataclass(frozen=True, slots=True)
class Restart:
    """Processes that are down start again."""

    name: ClassVar[str] = "restart"
    targets: Selector


@dataclass(frozen=True, slots=True)
class Campaign:
    """The processes stand for election at once, as an operator may order (etcd's `Campaign`)."""

    name: ClassVar[str] = "campaign"
    targets: Selector


@dataclass(frozen=True, slots=True)
class Pause:
    """The processes stand still; their clocks go on."""

    name: ClassVar[str] = "pause"
    targets: Selector


@dataclass(frozen=True, slots=True)
class Slow:
    """Everything that the processes do takes `factor` times as long."""

    name: ClassVar[str] = "slow"
    targets: Selector
    factor: float


@dataclass(frozen=True, slots=True)
class Partition:
    """Nodes in different groups do not reach each other. `hold`: messages wait until it is healed."""

    name: ClassVar[str] = "partition"
    groups: tuple[Selector, ...]
    hold: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """Nothing gets from the sources to the targets; the other direction works."""

    name: ClassVar[str] = "cut"
    sources: Selector
    targets: Selector
    hold: bool


@dataclass(frozen=True, slots=True)
class Isolate:
    """Each target is cut off from everybody else; `in`: it receives nothing, `out`: it is not heard.

    `silent_after_ns`: so long after, the other direction is cut as well.
    """

    name: ClassVar[str] = "isolate"
    targets: Selector
    direction: Literal["both", "in", "out"]
    hold: bool
    silent_after_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """Two halves see each other through the targets only."""

    name: ClassVar[str] = "bridge"
    targets: Selector
    hold: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """Every server sees a majority, and no two see the same (Jepsen's majorities ring)."""

    name: ClassVar[str] = "ring"
    hold: bool


@dataclass(frozen=True, slots=True)
class Flap:
    """Links between the two sides are up for `up_ns`, then down for `down_ns`, and so on; down first."""

    name: ClassVar[str] = "flap"
    ones: Selector
    others: Selector
    up_ns: int
    down_ns: int
    hold: bool


@dataclass(frozen=True, slots=True)
class Degrade:
    """Links from the sources to the targets behave differently; None: as before."""

    name: ClassVar[str] = "degrade"
    sources: Selector
    targets: Selector
    latency: Distribution | None
    loss: Loss | None
    duplicate: float | None
    reorder: Reorder | None
    bandwidth: int | None


@dataclass(frozen=True, slots=True)
class DiskFault:
    """What happens to the disks. `fsync` is the new length, for kind "fsync" only."""

    name: ClassVar[str] = "disk"
    targets: Selector
    kind: Literal["stall", "fsync", "full", "lying", "corrupt", "torn"]
    fsync: Distribution | None


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clocks jump."""

    name: ClassVar[str] = "clock"
    targets: Selector
    by_ns: int


@dataclass(frozen=True, slots=True)
class ClockRate:
    """The clocks' rate error becomes this, in parts per billion."""

    name: ClassVar[str] = "clock"
    targets: Selector
    rate_ppb: int


@dataclass(frozen=True, slots=True)
class ClockFreeze:
    """The clocks stand still."""

    name: ClassVar[str] = "clock"
    targets: Selector


@dataclass(frozen=True, slots=True)
class Heal:
    """Undoes all partitions, cuts and degradations."""

    name: ClassVar[str] = "heal"


Action = (
    Crash | Stop | Restart | Campaign | Transfer | Members | Pause | Slow | Partition | Cut | Isolate
    | Bridge | Ring | Flap | Degrade | DiskFault | ClockStep | ClockRate | ClockFreeze | Heal
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `faults:`; `index` from 0, `line` in the file (0: not in a file)."""

    timing: Timing
    action: Action
    for_ns: int | None = None
    about: str = ""
    line: int = 0
    index: int = 0


def selectors_of(action: Action) -> list[Selector]:
    """Return every selector in an action, in order."""
    found: list[Selector] = []
    for each in fields(action):
        value = getattr(action, each.name)
        parts = value if isinstance(value, tuple) else (value,)
        found += [part for part in parts if isinstance(part, Selector)]
    return found


def words_of(action: Action) -> set[str]:
    """Return the text of every single selector in an action."""
    singles: list[Single] = []
    for selector in selectors_of(action):
        singles += selector.parts if isinstance(selector, Several) else (selector,)
    return {str(single) for single in singles}
