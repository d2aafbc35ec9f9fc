"""The Bully algorithm: whoever is up and has the highest rank leads.

Garcia-Molina, "Elections in a Distributed Computing System", IEEE Transactions on Computers C-31(1), 1982;
in the form of Coulouris, Dollimore, Kindberg, "Distributed Systems: Concepts and Design", chapter on
coordination. It assumes that messages arrive, and within a known time. Across a partition each side
has a coordinator, by design.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocols.api import Assumptions, Group, Handler, Host, NodeId, ProtocolSpec, Role, message, parameter
from protocols.classic.member import Member
from protocols.classic.storage import Highest, HighestStorage

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class BullyParameters:
    """The settings of a group."""

    nodes: int = parameter(5, "count", "Number of members, ranked by their number.", minimum=1)
    heartbeat_interval: int = parameter(
        100 * MS, "duration", "The coordinator tells everybody that it lives at least this often.", minimum=1
    )
    failure_timeout: int = parameter(
        500 * MS,
        "duration",
        "A member that hears nothing from the coordinator for so long calls an election.",
    )
    answer_timeout: int = parameter(
        200 * MS,
        "duration",
        "Nobody higher is up if none answers within this: two messages and their handling.",
    )
    coordinator_timeout: int = parameter(
        400 * MS, "duration", "After an answer, wait so long for a coordinator before calling again."
    )


def check(parameters: BullyParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    if parameters.failure_timeout <= parameters.heartbeat_interval:
        yield "failure_timeout must be longer than heartbeat_interval, or coordinators are taken for dead"
    if parameters.answer_timeout <= 0:
        yield "answer_timeout must be longer than 0"
    if parameters.coordinator_timeout <= parameters.answer_timeout:
        yield "coordinator_timeout must be longer than answer_timeout: the highest waits that long itself"


@message
class Election:
    """To all of higher rank: is anybody there? `round` is one more than the sender has seen."""

    round: int


@message
class Answer:
    """From somebody of higher rank: yes, leave it to me."""

    round: int


@message
class Coordinator:
    """To all: I lead, in this epoch."""

    epoch: int


@message
class Alive:
    """To all, again and again: I still lead."""

    epoch: int


@message
class Outdated:
    """To a coordinator of an older epoch than the sender knows."""

    epoch: int


class Bully(Member):
    """One incarnation of one member."""

    def __init__(
        self, host: Host, group: Group, parameters: BullyParameters, storage: HighestStorage
    ) -> None:
        super().__init__(host, group)
        self.parameters = parameters
        self.higher = self.members[self.rank + 1 :]
        self.round = storage.number  # the highest seen
        self.electing = False
        self._failure = host.timer("coordinator is silent", self.call_election)
        self._answer = host.timer("no answer", self.become_coordinator)
        self._coordinator = host.timer("no coordinator", self.call_election)
        self._heartbeat = host.timer("heartbeat", self._on_heartbeat)
        self.handlers: Mapping[type, Handler] = {
            Election: self.on_election,
            Answer: self.on_answer,
            Coordinator: self.on_coordinator,
            Alive: self.on_coordinator,
            Outdated: self.on_outdated,
        }

    def start(self) -> None:
        """Call an election: whoever recovers may be the highest."""
        self.call_election()

    def campaign(self) -> None:
        """Stand for election now, as if the coordinator were silent."""
        self.call_election()

    def call_election(self) -> None:
        """Ask those of higher rank whether they are there; lead if there are none."""
        self.electing = True
        self._failure.cancel()
        self._coordinator.cancel()
        self.host.note("campaigned", self.epoch(self.round + 1))
        if self.higher:
            self.send_all(Election(self.round + 1), self.higher)
            self._answer.set(self.parameters.answer_timeout)
        else:
            self.become_coordinator()

    def on_election(self, source: NodeId, message: Election) -> None:
        """Answer, and say who leads, or call an election of one's own unless one is under way."""
        self._observe(message.round - 1)
        self.host.send(source, Answer(self.round))
        if self.leading is not None:
            self.host.send(source, Coordinator(self.leading))
        elif not self.electing:
            self.call_election()

    def on_answer(self, source: NodeId, message: Answer) -> None:
        """Leave it to those of higher rank, for a while."""
        self._observe(message.round)
        if self.electing:
            self._answer.cancel()
            self._coordinator.set(self.parameters.coordinator_timeout)

    def become_coordinator(self) -> None:
        """Lead: nobody of higher rank is there."""
        self.electing = False
        self._observe(self.round + 1)
        epoch = self.epoch(self.round)
        self.lead(epoch)
        self.send_all(Coordinator(epoch))
        self._heartbeat.set(self.parameters.heartbeat_interval)

    def on_coordinator(self, source: NodeId, message: Coordinator | Alive) -> None:
        """Follow, unless the sender is of the past, or of lower rank: then bully it."""
        # In a round that this member has seen somebody led, itself perhaps, before a crash.
        known = max(self.leader_epoch, self.round * len(self.members))
        if message.epoch < known:
            self.host.send(source, Outdated(known))
            return
        self._observe(self.round_of(message.epoch))
        if self.members.index(source) < self.rank:
            if not self.electing:
                self.call_election()
            return
        self.electing = False
        for timer in (self._answer, self._coordinator, self._heartbeat):
            timer.cancel()
        self.know_leader(source, message.epoch, "deposed")
        self._failure.set(self.parameters.failure_timeout)

    def on_outdated(self, source: NodeId, message: Outdated) -> None:
        """Somebody knows a later coordinator: it has to be settled who leads."""
        self._observe(self.round_of(message.epoch))
        if self.leading is not None and message.epoch > self.leading and not self.electing:
            self.call_election()

    def _on_heartbeat(self) -> None:
        if self.leading is not None:
            self.send_all(Alive(self.leading))
            self._heartbeat.set(self.parameters.heartbeat_interval)

    def _observe(self, round_: int) -> None:
        """Remember the highest round, on the disk too: a later epoch must never be used again."""
        if round_ > self.round:
            self.round = round_
            self.host.save(Highest(round_))


SPEC = ProtocolSpec(
    name="bully",
    summary="Bully: the highest member that is up leads; each side of a partition has its own",
    parameters=BullyParameters,
    roles=(Role("contender", "n", lambda parameters: parameters.nodes, Bully, HighestStorage),),
    check=check,
    assumptions=Assumptions(),
    assume=lambda parameters: Assumptions(
        pause_ns=parameters.answer_timeout // 2, delay_ns=parameters.answer_timeout // 2
    ),
)
