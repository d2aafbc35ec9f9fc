"""What an administrator orders, as data: actions of faults that processes are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sim.scenario.selectors import Selector


@dataclass(frozen=True, slots=True)
class Stop:
    """The processes are told to end (SIGTERM), which they may do in an orderly way; they start again
    `restart_after_ns` after they were told (None: not by themselves)."""

    name: ClassVar[str] = "stop"
    targets: Selector
    restart_after_ns: int | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A leader is told to hand its leadership over, to a node or (None) to whoever is best fit."""

    name: ClassVar[str] = "transfer"
    targets: Selector
    to: Selector | None


@dataclass(frozen=True, slots=True)
class Members:
    """A leader is told to change who the members are."""

    name: ClassVar[str] = "members"
    targets: Selector
    voters: Selector | None
    learners: Selector | None
    removed: Selector | None
