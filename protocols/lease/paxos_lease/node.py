"""One node: acceptor and proposer.

Source: Trencseni, Gazso and Reinhardt, "PaxosLease: Diskless Paxos for Leases", 2012 (arXiv:1209.4187).
"""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host, NodeId
from protocols.lease.holder import LeaseHolder
from protocols.lease.paxos_lease.messages import (
    Accepted,
    Ballot,
    Prepare,
    Promise,
    Propose,
    ProposeAccepted,
    Rejected,
    Release,
    Restarted,
)
from protocols.lease.paxos_lease.parameters import PaxosLeaseParameters
from protocols.quorum import majority
from protocols.script import Gather, Script, Sleep

RUN = 1_000_000


class PaxosLeaseStorage:
    """How often the node was started: all that PaxosLease writes to a disk."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def apply(self, record: Restarted) -> None:
        """Fold one record."""
        self.count = record.count

    def copy(self) -> PaxosLeaseStorage:
        """Return an independent copy."""
        image = PaxosLeaseStorage()
        image.count = self.count
        return image


class PaxosLeaseNode(LeaseHolder):
    """Owns the lease from the moment when a majority accepted, until its own timer ends."""

    replies = (Promise, ProposeAccepted, Rejected)

    def __init__(
        self, host: Host, group: Group, parameters: PaxosLeaseParameters, image: PaxosLeaseStorage
    ) -> None:
        self.parameters = parameters
        self.nodes = group.contenders
        self.majority = majority(len(group.contenders))
        self.promised: Ballot = 0
        self.accepted: Accepted | None = None
        self._restarts = image.count
        self._number = group.contenders.index(host.id) + 1
        self._run = 0  # of the highest ballot heard of
        self._silent_until = 0
        self._giving_way = False  # after a release: others first
        self._lease_over = host.timer("accepted lease", self._on_lease_over)
        super().__init__(host, host.now)
        self.handlers = {
            **self.handlers,
            Prepare: self.on_prepare,
            Propose: self.on_propose,
            Release: self.on_release,
        }

    def start(self) -> None:
        """Count the start, be silent for the longest lease if it is a restart, and propose."""
        self.host.save(Restarted(self._restarts + 1))
        if self._restarts and self.parameters.silent_restart:
            self._silent_until = self.host.now() + self.parameters.max_lease
        super().start()

    # Acceptor -----------------------------------------------------------------------------------

    def on_prepare(self, source: NodeId, message: Prepare) -> None:
        """Promise, unless a higher ballot was promised."""
        if self._answers(source, message.ballot):
            self.host.send(source, Promise(message.ballot, self.accepted))

    def on_propose(self, source: NodeId, message: Propose) -> None:
        """Accept for the length of the lease, unless a higher ballot was promised."""
        if self._answers(source, message.ballot):
            self.accepted = message.proposal
            self._lease_over.set(message.lease)
            self.learn(message.proposal.owner, message.proposal.epoch)
            self.host.send(source, ProposeAccepted(message.ballot))

    def on_release(self, source: NodeId, message: Release) -> None:
        """Forget the lease that its owner gives up."""
        if self.accepted is not None and self.accepted.epoch == message.epoch:
            self._lease_over.cancel()
            self._on_lease_over()

    def _answers(self, source: NodeId, ballot: Ballot) -> bool:
        if self.host.now() < self._silent_until:
            return False
        self._run = max(self._run, ballot // RUN)
        if ballot < self.promised:
            self.host.send(source, Rejected(ballot, self.promised))
            return False
        self.promised = ballot
        return True

    def _on_lease_over(self) -> None:
        """Forget what was accepted; a proposer that waits for that tries its luck."""
        self.accepted = None
        if self.epoch is None and not self._giving_way:
            self._script.wake()

    # Proposer -----------------------------------------------------------------------------------

    def run(self) -> Script:
        """Get the lease, extend it, and start again when it is lost."""
        while True:
            yield from self.stagger(self.parameters.backoff)
            if self.accepted is not None and self.accepted.owner != self.host.id:
                yield Sleep(self.parameters.max_lease)  # woken when the accepted lease is over
            elif (yield from self._propose()):
                yield from self._extend()

    def _extend(self) -> Script:
        parameters = self.parameters
        pause = parameters.renew_interval
        self.begin_tenure(parameters.hold_for)
        while self.epoch is not None:
            yield from self.rest(pause)
            if self.is_tenure_over():
                yield from self._release(self.epoch)
            elif self.epoch is not None:
                extended = yield from self._propose()
                pause = parameters.renew_interval if extended else self._backoff()

    def _release(self, epoch: Ballot | None) -> Script:
        """Stop acting, then tell all acceptors that the lease is free, and let others have it first."""
        self.lose("released")
        if epoch is not None:
            for node in self.nodes:
                self.host.send(node, Release(epoch))
        self._giving_way = True
        yield Sleep(self.parameters.lease)
        self._giving_way = False

    def _propose(self) -> Script:
        """Prepare and propose once; return whether a majority accepted in time."""
        ballot = self._next_ballot()
        if self.epoch is None:
            self.host.note("campaigned", ballot)
        promises = yield self._gather(Prepare(ballot), ballot, Promise)
        if sum(self._is_open(reply) for reply in promises.values()) < self.majority:
            return False
        return (yield from self._propose_open(ballot))

    def _propose_open(self, ballot: Ballot) -> Script:
        # The own timer starts before any acceptor's can.
        start = self.clock()
        epoch = ballot if self.epoch is None else self.epoch
        proposal = Propose(ballot, Accepted(ballot, self.host.id, epoch), self.parameters.lease)
        replies = yield self._gather(proposal, ballot, ProposeAccepted)
        agreed = sum(type(reply) is ProposeAccepted for reply in replies.values())
        # A lease that ran out meanwhile is a new one, under a ballot of its own.
        if agreed < self.majority or epoch not in (ballot, self.epoch):
            return False
        self.hold(epoch, start + self.parameters.validity)
        return self.epoch is not None

    def _is_open(self, reply: Promise | Rejected) -> bool:
        """Return whether the acceptor would take a proposal: it holds none, or one of this node."""
        if isinstance(reply, Rejected):
            self._run = max(self._run, reply.promised // RUN)
            return False
        return reply.accepted is None or reply.accepted.owner == self.host.id

    def _gather(self, message: Prepare | Propose, ballot: Ballot, good: type) -> Gather:
        """Ask all; enough are a majority of good answers, or one too many of others."""

        def enough(replies: dict[NodeId, object]) -> bool:
            agreed = sum(type(reply) is good for reply in replies.values())
            return agreed >= self.majority or len(replies) == len(self.nodes)

        def matches(source: NodeId, reply: Any) -> bool:
            # Late promises arrive while acceptances are awaited.
            return type(reply) in (good, Rejected) and reply.ballot == ballot

        return Gather(self.nodes, message, self.parameters.round_timeout, matches, enough)

    def _next_ballot(self) -> Ballot:
        self._run += 1
        return self._run * RUN + self._restarts * 100 + self._number

    def _backoff(self) -> int:
        return self.host.random.randrange(1, self.parameters.backoff + 1)
