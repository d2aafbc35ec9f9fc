"""Multi-Paxos: whoever gets a majority to promise its ballot leads.

Lamport, "The Part-Time Parliament", TOCS 16(2), 1998, and "Paxos Made Simple", SIGACT News 32(4), 2001:
phase 1 for all instances at once. When to try is left open there; here, as in the comparison of the
Omni-Paxos paper (EuroSys 2023), a member tries when it suspects the owner of the highest ballot to be
dead, and does not ask whether that one still has a majority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocols.api import Group, Handler, Host, NodeId, ProtocolSpec, Role, message, parameter
from protocols.classic.member import Member
from protocols.classic.storage import Highest, HighestStorage
from protocols.quorum import has_majority

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class PaxosParameters:
    """The settings of a group."""

    nodes: int = parameter(5, "count", "Number of members, all of them proposers and acceptors.", minimum=1)
    election_timeout: tuple[int, int] = parameter(
        (150 * MS, 300 * MS),
        "duration_range",
        "A member tries after so long without a sign of the highest ballot's owner; drawn at each reset.",
    )
    heartbeat_interval: int = parameter(
        50 * MS, "duration", "Every member tells everybody that it lives this often.", minimum=1
    )


def check(parameters: PaxosParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    shortest, longest = parameters.election_timeout
    if longest < shortest:
        yield f"election_timeout ends ({longest} ns) before it begins ({shortest} ns)"
    if parameters.heartbeat_interval >= shortest:
        yield "heartbeat_interval must be shorter than the shortest election_timeout"


@message
class Alive:
    """A sign of life from a member, whether it leads or not."""


@message
class Prepare:
    """Phase 1a: promise this ballot (Paxos Made Simple §2.2)."""

    ballot: int


@message
class Promise:
    """Phase 1b: nothing below this ballot will be accepted any more."""

    ballot: int


@message
class Accept:
    """Phase 2a of a no-op: the leader's own sign that its ballot is still the highest."""

    ballot: int


@message
class Nack:
    """A higher ballot was promised."""

    promised: int


class MultiPaxos(Member):
    """One incarnation of one member: proposer, acceptor and failure detector."""

    def __init__(
        self, host: Host, group: Group, parameters: PaxosParameters, storage: HighestStorage
    ) -> None:
        super().__init__(host, group)
        self.parameters = parameters
        self.promised = storage.number
        self.trying = 0  # the ballot of a phase 1 under way
        self.promises: set[NodeId] = set()
        self._suspicion = host.timer("the owner of the highest ballot is silent", self.campaign)
        self._beat = host.timer("heartbeat", self._on_beat)
        self.handlers: Mapping[type, Handler] = {
            Alive: self.on_alive,
            Prepare: self.on_prepare,
            Promise: self.on_promise,
            Accept: self.on_accept,
            Nack: self.on_nack,
        }

    def start(self) -> None:
        """Wait for a sign of life, and give one."""
        self._reset()
        self._beat.set(self.parameters.heartbeat_interval)

    def campaign(self) -> None:
        """Phase 1 with a ballot above all that were seen."""
        self.step_down("campaigns")
        self.trying = self.epoch(self.round_of(self.promised) + 1)
        self.promises = set()
        self.host.note("campaigned", self.trying)
        self._reset()
        for member in self.members:
            self.host.send(member, Prepare(self.trying))

    def on_prepare(self, source: NodeId, message: Prepare) -> None:
        """Promise, durably, what is higher than all before (Paxos Made Simple §2.2, phase 1b)."""
        if message.ballot < self.promised:
            self.host.send(source, Nack(self.promised))
            return
        self._see(message.ballot)
        self.host.save(Highest(message.ballot))
        self.host.send(source, Promise(message.ballot))

    def on_promise(self, source: NodeId, message: Promise) -> None:
        """Lead with the promises of a majority."""
        if message.ballot != self.trying or self.leading == message.ballot:
            return
        self.promises.add(source)
        if has_majority(self.members, self.promises):
            self.lead(message.ballot)
            self._suspicion.cancel()
            self.send_all(Accept(message.ballot))

    def on_accept(self, source: NodeId, message: Accept) -> None:
        """Take the leader's word for it, or tell it of a higher ballot."""
        if message.ballot < self.promised:
            self.host.send(source, Nack(self.promised))
            return
        if message.ballot > self.promised:
            self._see(message.ballot)
            self.host.save(Highest(message.ballot))
        self.know_leader(source, message.ballot, "preempted")
        self._reset()

    def on_nack(self, source: NodeId, message: Nack) -> None:
        """Give way to a higher ballot; its owner is watched from now on."""
        if message.promised > self.promised:
            self._see(message.promised)
            self.host.save(Highest(message.promised))

    def on_alive(self, source: NodeId, message: Alive) -> None:
        """The owner of the highest ballot lives: do nothing, whether it gets anywhere or not."""
        watched = self.promised and self.trying != self.promised
        if self.leading is None and watched and source == self.owner(self.promised):
            self._reset()

    def _see(self, ballot: int) -> None:
        """Take the ballot for the highest."""
        if ballot == self.promised:
            return
        self.promised = ballot
        if self.owner(ballot) != self.id:
            self.trying = 0
            self.step_down("preempted")
            self._reset()

    def _on_beat(self) -> None:
        self._beat.set(self.parameters.heartbeat_interval)
        self.send_all(Alive())
        if self.leading is not None:
            self.send_all(Accept(self.leading))

    def _reset(self) -> None:
        shortest, longest = self.parameters.election_timeout
        self._suspicion.set(self.host.random.randrange(shortest, max(longest, shortest + 1)))


SPEC = ProtocolSpec(
    name="multi-paxos",
    summary="Multi-Paxos: a majority promises a ballot; who tries is left to a failure detector",
    parameters=PaxosParameters,
    roles=(Role("contender", "n", lambda parameters: parameters.nodes, MultiPaxos, HighestStorage),),
    check=check,
    epoch_name="ballot",
)
