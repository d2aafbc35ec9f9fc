"""The classic elections with one thing wrong at a time: known mistakes, each of which a check must see.

The numbers are those of the list of known bugs that the project works from. Some of its entries are not
mistakes of an implementation but what the algorithm is like, and have a scenario or a setting: B01
(`bully-partition`), B02 (`bully-slow-answer`), B04 (`bully-crash`: who comes back with a higher rank
takes over), B05 (`ring-no-repair`), B12 (`quorum-loss-multi-paxos`), B17 (`quorum_connected: false` of
Omni-Paxos). Others need what these protocols do not carry here: B09 and B13 are about which log or value a
new leader takes over; B11, a duel of proposers, about phases 2 that refuse each other, while here the first
majority of promises makes a leader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from protocols.api import Group, Host, NodeId, Process, ProtocolSpec
from protocols.classic import bully, paxos, ring, viewstamped
from protocols.classic.storage import HighestStorage


def _mutant(spec: ProtocolSpec, process: Callable[[Host, Group, Any, Any], Process]) -> ProtocolSpec:
    return replace(spec, name=f"{spec.name}-mutant", roles=(replace(spec.roles[0], create=process),))


class WithoutEpochs(bully.Bully):
    """B03: whichever announcement comes last is believed, and be it a late one."""

    def on_coordinator(self, source: NodeId, message: bully.Coordinator | bully.Alive) -> None:
        """Forget what is known, so that nothing is of the past."""
        self.leader_epoch = min(self.leader_epoch, message.epoch)
        self.round = min(self.round, self.round_of(message.epoch))
        super().on_coordinator(source, message)


class RoundForEver(ring.RingMember):
    """B06: an identity whose owner died is passed on and on."""

    def on_probe(self, source: NodeId, message: ring.Probe) -> None:
        """Take every probe for a fresh one."""
        super().on_probe(source, replace(message, hops=0))


class SameIdentity(ring.RingMember):
    """B07: identities are not unique; whoever sees its own take it for having won."""

    @property
    def identity(self) -> int:
        """Be like everybody else, whatever was given."""
        return 7

    @identity.setter
    def identity(self, given: int) -> None:
        pass


class ForgottenPromise(paxos.MultiPaxos):
    """B08: what an acceptor promised is not on its disk."""

    def __init__(
        self, host: Host, group: Group, parameters: paxos.PaxosParameters, storage: HighestStorage
    ) -> None:
        super().__init__(host, group, parameters, storage)
        self.promised = 0


class SharedBallots(paxos.MultiPaxos):
    """B10: ballots are plain numbers, the same for every proposer."""

    def epoch(self, round_: int) -> int:
        """Leave the rank out."""
        return round_ * len(self.members)

    def owner(self, epoch: int) -> NodeId:
        """Take every ballot that is as high as the own one for the own one."""
        return self.id if epoch == self.trying else self.members[0]


class AnyTwoOfFive(paxos.MultiPaxos):
    """B16: quorums that need not intersect: of n promises, n // 2 are enough."""

    def on_promise(self, source: NodeId, message: paxos.Promise) -> None:
        """Count somebody who promised nothing as well."""
        if len(self.promises) + 1 == len(self.members) // 2:
            self.promises.add(next(member for member in self.peers if member != source))
        super().on_promise(source, message)


class VotesWhileRecovering(viewstamped.Viewstamped):
    """B14: a replica that has lost its state takes part in view changes."""

    def _is_late(self, view: int) -> bool:
        return view < self.view


class JoinsMajoritiesOnly(viewstamped.Viewstamped):
    """B15: a replica wants a view only when it has seen a majority want it, so that nobody ever begins."""

    def on_start_view_change(self, source: NodeId, message: viewstamped.StartViewChange) -> None:
        """Ignore whoever is first."""
        if message.view <= self.view:
            super().on_start_view_change(source, message)


MUTANTS: dict[str, ProtocolSpec] = {
    "B03": _mutant(bully.SPEC, WithoutEpochs),
    "B06": _mutant(ring.SPEC, RoundForEver),
    "B07": _mutant(ring.SPEC, SameIdentity),
    "B08": _mutant(paxos.SPEC, ForgottenPromise),
    "B10": _mutant(paxos.SPEC, SharedBallots),
    "B14": _mutant(viewstamped.SPEC, VotesWhileRecovering),
    "B15": _mutant(viewstamped.SPEC, JoinsMajoritiesOnly),
    "B16": _mutant(paxos.SPEC, AnyTwoOfFive),
}
"""Number -> the specification with that mistake."""
