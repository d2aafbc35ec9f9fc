"""Omni-Paxos: ballot leader election by members that know whether they reach a majority.

Ng, Haridi, Carbone, "Omni-Paxos: Breaking the Barriers of Partial Connectivity", EuroSys 2023: ballot leader
election, and the prepare phase of Sequence Paxos that a leader has to go through, without
the log. A member that is connected to a majority leads if its ballot is the highest of such members; what
the others have in their logs, or believe of who leads, plays no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocols.api import Group, Handler, Host, NodeId, ProtocolSpec, Role, message, parameter
from protocols.classic.member import Member
from protocols.classic.storage import Highest, HighestStorage
from protocols.quorum import has_majority, majority

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class OmniPaxosParameters:
    """The settings of a group."""

    nodes: int = parameter(5, "count", "Number of members.", minimum=1)
    election_timeout: int = parameter(
        150 * MS, "duration", "The length of a round of heartbeats: how long to wait for answers.", minimum=1
    )
    quorum_connected: bool = parameter(
        True, "flag", "Members say whether they reach a majority; without, one that does not may stay leader."
    )


def check(parameters: OmniPaxosParameters) -> Iterator[str]:
    """Yield nothing: any setting makes sense."""
    return iter(())


@message
class HeartbeatRequest:
    """To all, at the beginning of each round."""

    round: int


@message
class HeartbeatReply:
    """The sender's ballot, and whether it reached a majority in its latest round."""

    round: int
    ballot: int
    quorum_connected: bool


@message
class Prepare:
    """From whoever was elected: promise this ballot (Sequence Paxos)."""

    ballot: int


@message
class Promise:
    """Nothing below this ballot will be accepted any more."""

    ballot: int


@message
class PrepareRequest:
    """To a leader that this member had not heard of: send me your Prepare."""


class OmniPaxos(Member):
    """One incarnation of one member."""

    def __init__(
        self, host: Host, group: Group, parameters: OmniPaxosParameters, storage: HighestStorage
    ) -> None:
        super().__init__(host, group)
        self.parameters = parameters
        self.promised = storage.number
        self.elected = storage.number  # l: the ballot of the leader, as far as this member knows
        self.ballot = self.epoch(1)  # b: the own one; 0 is nobody's
        self.round = 0  # r
        self.quorum_connected = True  # qc
        self.replies: dict[NodeId, HeartbeatReply] = {}
        self.promises: set[NodeId] = set()
        self._timer = host.timer("round", self._on_round)
        self.handlers: Mapping[type, Handler] = {
            HeartbeatRequest: self.on_heartbeat_request,
            HeartbeatReply: self.on_heartbeat_reply,
            Prepare: self.on_prepare,
            Promise: self.on_promise,
            PrepareRequest: self.on_prepare_request,
        }

    def start(self) -> None:
        """Begin the first round; after a crash, ask whoever leads to begin again."""
        self.send_all(PrepareRequest())
        self._begin_round()

    def campaign(self) -> None:
        """Raise the own ballot above the leader's, as if that had no majority."""
        self._raise_ballot()

    def _on_round(self) -> None:
        """Look at who has answered at the end of the round."""
        if len(self.replies) + 1 >= majority(len(self.members)):
            self._check_leader()
        else:
            self.quorum_connected = False
        if self.owner(self.elected) == self.id and self.elected:
            self._ask_for_promises()
        self._begin_round()

    def _begin_round(self) -> None:
        self.replies = {}
        self.round += 1
        self.send_all(HeartbeatRequest(self.round))
        self._timer.set(self.parameters.election_timeout)

    def on_heartbeat_request(self, source: NodeId, message: HeartbeatRequest) -> None:
        """Say what the own ballot is, and whether this member reaches a majority."""
        self.host.send(source, HeartbeatReply(message.round, self.ballot, self.quorum_connected))

    def on_heartbeat_reply(self, source: NodeId, message: HeartbeatReply) -> None:
        """Keep the answers of this round; later ones do not count."""
        if message.round == self.round:
            self.replies[source] = message

    def _check_leader(self) -> None:
        """Elect the highest ballot that reaches a majority; raise the own if that is not the leader's."""
        ignore = not self.parameters.quorum_connected
        candidates = [r.ballot for r in self.replies.values() if r.quorum_connected or ignore]
        if self.quorum_connected or ignore:
            candidates.append(self.ballot)
        highest = max(candidates, default=-1)
        if highest < self.elected:
            self._raise_ballot()
        elif highest > self.elected:
            self._elect(highest)

    def _raise_ballot(self) -> None:
        self.quorum_connected = True
        self.ballot = self.epoch(self.round_of(max(self.elected, self.promised)) + 1)
        self.host.note("campaigned", self.ballot)

    def _elect(self, ballot: int) -> None:
        self.elected = ballot
        if self.owner(ballot) == self.id:
            self._prepare()
        else:
            self.step_down("another was elected")

    # Sequence Paxos -------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Ask all for a promise."""
        self.promises = set()
        self._ask_for_promises()

    def _ask_for_promises(self) -> None:
        """Ask whoever has not promised, again and again: either message may be lost.

        Source: the omnipaxos crate, `SequencePaxos::resend_message_timeout`.
        """
        for member in self.members:
            if member not in self.promises:
                self.host.send(member, Prepare(self.elected))

    def on_prepare(self, source: NodeId, message: Prepare) -> None:
        """Promise, durably, and follow."""
        if message.ballot < self.promised:
            return
        if message.ballot > self.promised:
            self.promised = message.ballot
            self.host.save(Highest(message.ballot))
        if source != self.id:
            self.know_leader(source, message.ballot, "promised a higher ballot")
        self.host.send(source, Promise(message.ballot))

    def on_promise(self, source: NodeId, message: Promise) -> None:
        """Lead with the promises of a majority."""
        if message.ballot != self.elected or self.owner(message.ballot) != self.id:
            return
        self.promises.add(source)
        if self.leading != message.ballot and has_majority(self.members, self.promises):
            self.lead(message.ballot)

    def on_prepare_request(self, source: NodeId, message: PrepareRequest) -> None:
        """Let a member that was away catch up."""
        if self.owner(self.elected) == self.id and self.elected:
            self.host.send(source, Prepare(self.elected))


SPEC = ProtocolSpec(
    name="omni-paxos",
    summary="Omni-Paxos: the highest ballot among the members that reach a majority leads",
    parameters=OmniPaxosParameters,
    roles=(Role("contender", "n", lambda parameters: parameters.nodes, OmniPaxos, HighestStorage),),
    check=check,
    epoch_name="ballot",
)
