"""What a mutant of a lease protocol is: the mistake, the world in which it shows, and the harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.api import ProtocolSpec
from sim.workloads.fence import ByOrder
from tests.unit.lease_testing import Outcome, outcome, plan_of

Harm = Callable[[Outcome], bool]


def dual_belief(found: Outcome) -> bool:
    """Two nodes believed at once that they lead."""
    return "exclusive_belief" in found.violated


def overlaps(seconds: float) -> Harm:
    """Two nodes believed so for longer than that: a shorter overlap belongs to the fault itself."""
    return lambda found: found.overlap_s > seconds


def dual_effect(found: Outcome) -> bool:
    """The store took a write of a deposed leader."""
    return "dual_effect" in found.violated


def stuck(found: Outcome) -> bool:
    """Nobody leads any more."""
    return not found.leader_at_end


def idles(seconds: float) -> Harm:
    """Nothing was done any more for longer than that at the end, although somebody leads."""
    return lambda found: found.leader_at_end and found.idle_s > seconds


def same_epoch(found: Outcome) -> bool:
    """Two nodes led under one epoch."""
    return "election_safety" in found.violated


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    `spec` is the protocol with the mistake, or `mistake` the settings that make it; `settings` and
    `world` (blocks of a scenario) are those of both, the wrong protocol and the right one, which is
    that without the mistake, or `right`.
    """

    about: str
    protocol: str
    harm: Harm
    world: Mapping[str, Any]
    spec: ProtocolSpec | None = None
    right: ProtocolSpec | None = None
    mistake: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (1,)

    def does_harm(self) -> bool:
        """Return whether the harm shows, with one of the seeds."""
        return self._shows(self.spec, {"unsafe": True, **self.mistake})

    def is_harmless_without(self) -> bool:
        """Return whether the right protocol does none, with any of the seeds."""
        return not self._shows(self.right, {})

    def _shows(self, spec: ProtocolSpec | None, more: Mapping[str, Any]) -> bool:
        plan = plan_of(self.protocol, spec, settings={**self.settings, **more}, **self.world)
        return any(self.harm(outcome(plan, seed)) for seed in self.seeds)


class AsNumbers(ByOrder):
    """L07, of a resource: compares tokens that have no order."""

    def token(self, epoch: int, claim: int | None) -> int:
        """Return the token itself."""
        return epoch
