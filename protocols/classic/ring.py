"""Election on a ring: the largest identity that comes back to its owner wins.

Chang and Roberts, "An Improved Algorithm for Decentralized Extrema-Finding in Circular Configurations of
Processes", CACM 22(5), 1979. The ring has one direction, loses nothing, and nobody crashes: one lost
message, or one dead member, and the election never ends. `fault_tolerant` adds what has to be added in
practice: acknowledgements, skipping who does not acknowledge, and another round when no leader is heard of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from protocols.api import Assumptions, Group, Handler, Host, NodeId, ProtocolSpec, Role, message, parameter
from protocols.classic.member import Member
from protocols.classic.storage import Highest, HighestStorage

MS = 1_000_000
IDENTITIES = 1 << 48
"""Identities are drawn from so many numbers, so that two are hardly ever alike."""


@dataclass(frozen=True, slots=True)
class RingParameters:
    """The settings of a ring."""

    nodes: int = parameter(5, "count", "Number of members; each sends to the next, the last to the first.", 1)
    heartbeat_interval: int = parameter(
        100 * MS, "duration", "The leader tells everybody that it lives this often.", minimum=1
    )
    failure_timeout: int = parameter(
        500 * MS, "duration", "A member that hears nothing from a leader for so long starts an election."
    )
    fault_tolerant: bool = parameter(
        True, "flag", "Skip members that do not acknowledge; without, one crash ends all elections."
    )
    hop_timeout: int = parameter(
        50 * MS, "duration", "A message that is not acknowledged within this goes to the next member.", 1
    )


def check(parameters: RingParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    if parameters.failure_timeout <= parameters.heartbeat_interval:
        yield "failure_timeout must be longer than heartbeat_interval, or a live leader is taken for dead"
    if parameters.fault_tolerant and parameters.failure_timeout <= parameters.hop_timeout:
        yield "failure_timeout must be longer than hop_timeout: an election must get round the dead first"


@message
class Probe:
    """An identity on its way round the ring, in some round of elections."""

    round: int
    identity: int
    hops: int
    serial: int


@message
class Elected:
    """The winner on its way round the ring."""

    epoch: int
    hops: int
    serial: int


@message
class Received:
    """The acknowledgement of a hop."""

    serial: int


@message
class Alive:
    """From the leader to all: it still leads."""

    epoch: int


class RingMember(Member):
    """One incarnation of one member."""

    def __init__(self, host: Host, group: Group, parameters: RingParameters, storage: HighestStorage) -> None:
        super().__init__(host, group)
        self.parameters = parameters
        self.identity = host.random.randrange(0, IDENTITIES)
        self.round = storage.number
        self.participant = False  # in this round
        self._successors = tuple((self.members * 2)[self.rank + 1 : self.rank + len(self.members)])
        self._serial = 0
        self._hops: dict[
            int, tuple[int, Probe | Elected]
        ] = {}  # unacknowledged: place of the receiver, message
        self._failure = host.timer("leader is silent", self.campaign)
        self._heartbeat = host.timer("heartbeat", self._on_heartbeat)
        self._hop = host.timer("hop", self._on_hop_timeout)
        self.handlers: Mapping[type, Handler] = {
            Probe: self.on_probe,
            Elected: self.on_elected,
            Received: self.on_received,
            Alive: self.on_alive,
        }

    def start(self) -> None:
        """Start an election."""
        self.campaign()

    def campaign(self) -> None:
        """Send the own identity round the ring, in a new round."""
        self._enter(self.round + 1)
        self._launch()

    def on_probe(self, source: NodeId, message: Probe) -> None:
        """Pass on a larger identity, swallow a smaller one; the own one has won (Chang and Roberts, §2)."""
        self._acknowledge(source, message.serial)
        if message.round < self.round:
            return
        self._enter(message.round)
        if message.identity == self.identity:
            self._win()
        elif message.identity > self.identity and message.hops < 2 * len(self.members):
            self.participant = True
            self._pass_on(Probe(message.round, message.identity, message.hops + 1, 0))
        elif message.identity < self.identity and not self.participant:
            self._launch()

    def on_elected(self, source: NodeId, message: Elected) -> None:
        """Learn who has won, and pass it on."""
        self._acknowledge(source, message.serial)
        if message.epoch < self.leader_epoch or self.owner(message.epoch) == self.id:
            return
        self._follow(message.epoch)
        if message.hops < len(self.members):
            self._pass_on(Elected(message.epoch, message.hops + 1, 0))

    def on_alive(self, source: NodeId, message: Alive) -> None:
        """Go on following; two leaders find out about each other so, and the later one stays."""
        if message.epoch >= self.leader_epoch and self.owner(message.epoch) != self.id:
            self._follow(message.epoch)
        elif self.leading is not None and source != self.id:
            self.host.send(source, Alive(self.leading))

    def _win(self) -> None:
        epoch = self.epoch(self.round)
        self.participant = False
        if self.leading != epoch:
            self.lead(epoch)
            self._failure.cancel()
            self._pass_on(Elected(epoch, 1, 0))
            self._on_heartbeat()

    def _follow(self, epoch: int) -> None:
        self._enter(self.round_of(epoch))
        self.participant = False
        self._heartbeat.cancel()
        self.know_leader(self.owner(epoch), epoch, "deposed")
        self._failure.set(self.parameters.failure_timeout)

    def _enter(self, round_: int) -> None:
        """Take part in a later round, on the disk too: a later epoch must never be used again."""
        if round_ > self.round:
            self.round = round_
            self.participant = False
            self.host.save(Highest(round_))

    def _launch(self) -> None:
        self.participant = True
        self.host.note("campaigned", self.epoch(self.round))
        if self.parameters.fault_tolerant:
            self._failure.set(self.parameters.failure_timeout)
        self._pass_on(Probe(self.round, self.identity, 1, 0))

    def _on_heartbeat(self) -> None:
        if self.leading is not None:
            self.send_all(Alive(self.leading))
            self._heartbeat.set(self.parameters.heartbeat_interval)

    # Hops -----------------------------------------------------------------------------------------

    def _pass_on(self, message: Probe | Elected) -> None:
        self._serial += 1
        self._send_hop(0, replace(message, serial=self._serial))

    def _send_hop(self, place: int, message: Probe | Elected) -> None:
        """Send to the successor at a place, counted from the next one; to nobody, back to this member."""
        if place >= len(self._successors):
            self.host.send(self.id, message)
            return
        if self.parameters.fault_tolerant:
            self._hops[message.serial] = place, message
            self._hop.set(self.parameters.hop_timeout)
        self.host.send(self._successors[place], message)

    def _acknowledge(self, source: NodeId, serial: int) -> None:
        if self.parameters.fault_tolerant and source != self.id:
            self.host.send(source, Received(serial))

    def on_received(self, source: NodeId, message: Received) -> None:
        """A hop has arrived."""
        self._hops.pop(message.serial, None)
        if not self._hops:
            self._hop.cancel()

    def _on_hop_timeout(self) -> None:
        """Skip whoever did not acknowledge; the ring closes over the gap."""
        waiting, self._hops = self._hops, {}
        for place, unheard in waiting.values():
            self._send_hop(place + 1, unheard)


SPEC = ProtocolSpec(
    name="ring",
    summary="Chang-Roberts: the largest identity that comes back round the ring to its owner leads",
    parameters=RingParameters,
    roles=(Role("contender", "n", lambda parameters: parameters.nodes, RingMember, HighestStorage),),
    check=check,
    assume=lambda parameters: Assumptions(delay_ns=parameters.hop_timeout // 2),
)
