"""Any state machine, and a service on top of it: applied results, proposals, leadership told.

Raft §2 (replicated state machines); proposals of any server go through the leader as in etcd (MsgProp).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from protocols.api import Entry, Group, Host, NodeId, Request
from protocols.kv import NOOP
from protocols.quorum import has_majority
from protocols.raft.messages import InstallSnapshot
from protocols.raft.parameters import RaftParameters
from protocols.raft.server import Raft
from protocols.raft.service import PLAIN, NoService, Proposal, Propose, Proposed, Seam, Service
from protocols.raft.state import LEADER
from protocols.raft.storage import RaftStorage
from protocols.sessions import Machine


class Hosting(Raft):
    """Hosts a state machine of any kind and a service; implements `protocols.raft.service.Member`."""

    __slots__ = ("_alone", "_make_machine", "_number", "_proposed", "service")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        self._make_machine = seam.machine
        super().__init__(host, group, parameters, storage)
        self._number = 0
        # Who is to be told of a proposal, and to which leader it was handed.
        self._proposed: dict[int, tuple[Proposed, NodeId]] = {}
        self.service: Service = seam.service(self)
        self._alone = type(self.service) is NoService
        self.handlers = {**self.handlers, Propose: self.on_propose}

    @property
    def is_leader(self) -> bool:
        """Return whether this server believes that it leads."""
        return self.role == LEADER

    @property
    def members(self) -> tuple[NodeId, ...]:
        """Return the servers, this one among them."""
        return self.servers

    def start(self) -> None:
        """Begin, and let the service begin."""
        super().start()
        self.service.start()

    # Who decides; membership changes override these ---------------------------------------------

    def _is_quorum(self, acks: Container[NodeId]) -> bool:
        """Return whether these are enough to win an election, or to confirm a leader."""
        return has_majority(self.servers, acks)

    def _voting_peers(self) -> tuple[NodeId, ...]:
        """Return the other servers that have a vote."""
        return self.peers

    # Proposals ----------------------------------------------------------------------------------

    def propose(self, command: Any, then: Proposed | None = None) -> int:
        """Replicate `command`, through the leader if that is another; see `Member.propose`."""
        number, leader = self._next_number(), self.leader_id
        if leader is None:
            if then is not None:
                then("not_leader", None)
            return number
        if then is not None:
            self._proposed[number] = then, leader
        proposal = Proposal(self.id, number, command)
        if leader == self.id:
            self._replicate(proposal)
        else:
            self.host.send(leader, Propose(proposal))
        return number

    def read_index(self, then: Callable[[bool], None]) -> int:
        """Call `then(True)` when a read of the machine is linearizable; see `Member.read_index`.

        The read goes through the log: what was committed before it is applied before it.
        """
        return self.propose(NOOP, lambda outcome, result: then(outcome == "ok"))

    def abandon(self, number: int) -> None:
        """Do not call back for that proposal any more."""
        self._proposed.pop(number, None)

    def on_propose(self, source: NodeId, message: Propose) -> None:
        """Append what another server proposes; what reaches a server that does not lead is lost."""
        if self.role == LEADER:
            self._replicate(message.proposal)

    def _next_number(self) -> int:
        # Never twice, in no incarnation: an entry of the last one may still be applied. The clock goes on.
        self._number = max(self._number + 1, self.host.now())
        return self._number

    def _give_up_proposals(self, leader: NodeId | None) -> None:
        """Tell whose proposals another leader than `leader` had: they may or may not be in a log."""
        lost = [number for number, (_, handed) in self._proposed.items() if handed != leader]
        for number in lost:
            then, _ = self._proposed.pop(number)
            then("unknown", None)

    # What happens to the log --------------------------------------------------------------------

    def make_machine(self) -> Machine:
        """Return a new state machine, of the kind that this server hosts."""
        return self._make_machine()

    def _commit(self, index: int) -> None:
        """Commit up to `index`, apply what that adds, in order and once, and let the service know."""
        host, first_index = self.host, self.last_applied + 1
        self.commit_index = index
        host.note("committed", index, self.current_term)
        entries = self.log.slice(first_index, index)
        host.note("applied", first_index, entries)
        if self._alone and self.role != LEADER:
            # What nearly every entry is, on nearly every server: a request that nobody here waits for.
            apply = self.machine.apply
            for at, entry in enumerate(entries, first_index):
                if type(entry.command) is Request:
                    apply(entry.command)
                else:
                    self.last_applied = at
                    self._apply(at, entry)
            self.last_applied = index
        else:
            self._apply_and_tell(first_index, entries)
        if self._snapshot_entries and index - self.log.snapshot_index >= self._snapshot_entries:
            self._take_snapshot()

    def _apply_and_tell(self, first_index: int, entries: tuple[Entry, ...]) -> None:
        for at, entry in enumerate(entries, first_index):
            self.last_applied = at
            self.service.applied(at, entry, self._apply(at, entry))

    def _apply(self, index: int, entry: Entry) -> Any:
        """Apply one entry, tell who waits for it, and return its result."""
        command = entry.command
        if type(command) is Request:
            result = self.machine.apply(command)
            self.accepted.pop((command.client, command.serial), None)
            source = self.waiting.pop(index, None)
            if source is not None:
                self._answer(source, command, result)
            return result
        if type(command) is Proposal:
            result = None if command.command == NOOP else self.machine.execute(command.command)
            if command.origin == self.id and command.serial in self._proposed:
                then, _ = self._proposed.pop(command.serial)
                then("ok", result)
            return result
        return None

    def _restore(self, message: InstallSnapshot) -> None:
        super()._restore(message)
        self.service.restored(message.last_included_index)

    # Who leads ----------------------------------------------------------------------------------

    def _become_leader(self) -> None:
        super()._become_leader()
        self._give_up_proposals(self.id)
        self.service.became_leader(self.current_term)

    def _become_follower(self, term: int, reason: str, voted_for: NodeId | None = None) -> None:
        led = self.role == LEADER
        super()._become_follower(term, reason, voted_for)
        if led:
            self.service.stopped_leading()

    def _recognise(self, source: NodeId, term: int) -> bool:
        recognised = super()._recognise(source, term)
        if recognised:
            self._give_up_proposals(source)
        return recognised
