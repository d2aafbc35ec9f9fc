"""Leases on one member: renewals, which go to the Raft leader's lessor, and revoking what has expired.

Source: `server/etcdserver/v3_server.go` (LeaseRenew), `server/etcdserver/server.go` (run,
revokeExpiredLeases), `server/lease/lessor.go` (runLoop, Renew, Promote, Demote).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocols.api import NodeId
from protocols.etcd.leases import Leases, Lessor
from protocols.etcd.operations import LeaseCheckpoint, LeaseId, LeaseRevoke
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.rpc import Renew, RenewReply
from protocols.raft.service import Member

MS = 1_000_000
SCAN_INTERVAL = 500 * MS
RETRY_INTERVAL = 50 * MS
"""A renewal is handed on again after so long when the leader is not one, or not known."""
NOT_FOUND, NOT_PRIMARY = 0, -1

Answer = Callable[[int], None]
"""Called with the TTL in ns, `NOT_FOUND` or `NOT_PRIMARY`."""


@dataclass(slots=True)
class Forwarded:
    """A renewal that waits for the leader; `leader`: who was asked, None: nobody yet."""

    lease: LeaseId
    answer: Answer
    deadline: int  # on the local clock
    leader: NodeId | None = None


class Leasing:
    """The lessor of one member, and what it does all the time."""

    __slots__ = (
        "_forwarded",
        "_leases",
        "_member",
        "_parameters",
        "_phase",
        "_retry",
        "_retry_at",
        "_revoking",
        "_scan",
        "_scan_at",
        "_ticket",
        "lessor",
    )  # fmt: skip

    def __init__(self, member: Member, parameters: EtcdParameters, leases: Leases) -> None:
        self._member = member
        self._parameters = parameters
        self._leases = leases
        host = member.host
        self.lessor = Lessor(
            leases, host.now, parameters.member_timeout, parameters.lease_checkpoint_interval
        )
        self._forwarded: dict[int, Forwarded] = {}
        self._retry_at = 0  # 0: not set
        self._phase = 0
        self._ticket = host.now()  # answers to an earlier incarnation must not be taken for ours
        self._revoking: dict[LeaseId, list[Answer]] = {}  # renewals of expired leases wait for the end
        self._scan = host.timer("lease scan", self._on_scan)
        self._scan_at = 0  # not before then is anything to do; 0: not set
        self._retry = host.timer("renewal retry", self._on_retry)

    def start(self) -> None:
        """Draw the phase of the loop that looks for expired leases, which a process keeps all its life."""
        self._phase = self._member.host.random.randrange(0, SCAN_INTERVAL)

    # Renewals ------------------------------------------------------------------------------------

    def renew(self, lease: LeaseId, answer: Answer) -> None:
        """Renew a lease here or at the leader; `answer` is called, at the latest at the timeout."""
        if self.lessor.primary:
            self._renew_as_primary(lease, answer)
        else:
            self._ticket += 1
            deadline = self._member.host.now() + self._parameters.member_timeout
            self._forwarded[self._ticket] = Forwarded(lease, answer, deadline)
            self._forward(self._ticket)
            self._arm()

    def on_renew(self, source: NodeId, message: Renew) -> None:
        """Renew for another member."""
        ticket = message.ticket

        def answer(ttl_ns: int) -> None:
            self._member.host.send(source, RenewReply(ticket, ttl_ns))

        if self.lessor.primary:
            self._renew_as_primary(message.lease, answer)
        else:
            answer(NOT_PRIMARY)

    def on_renew_reply(self, source: NodeId, message: RenewReply) -> None:
        """Answer who asked; try again if that was not the primary."""
        forwarded = self._forwarded.get(message.ticket)
        if forwarded is None:
            return
        if message.ttl_ns == NOT_PRIMARY:
            forwarded.leader = None
            self._arm()
        else:
            del self._forwarded[message.ticket]
            forwarded.answer(message.ttl_ns)

    def on_refused(self, leader: NodeId) -> None:
        """Ask again whoever leads then: that process is gone."""
        for forwarded in self._forwarded.values():
            if forwarded.leader == leader:
                forwarded.leader = None
                self._arm()

    def _renew_as_primary(self, lease: LeaseId, answer: Answer) -> None:
        """Renew if we still lead, and what was committed before is applied (`ensureLeadership`)."""
        if not self._parameters.ensure_leadership:
            self._renew_here(lease, answer)
            return

        def then(certain: bool) -> None:
            if certain and self.lessor.primary:
                self._renew_here(lease, answer)
            else:
                answer(NOT_PRIMARY)

        self._member.read_index(then)

    def _renew_here(self, lease: LeaseId, answer: Answer) -> None:
        if lease not in self._leases.all:
            answer(NOT_FOUND)
        elif self.lessor.expired(lease):
            self._revoking.setdefault(lease, []).append(answer)
        elif self._leases.all[lease].remaining_ns:
            # What remains is no longer true for the next leader. The lease may go meanwhile.
            self._revoking.setdefault(lease, []).append(answer)
            self._member.propose(LeaseCheckpoint(((lease, 0),)))
        else:
            answer(self.lessor.renew(lease))
            self._scan_from(self.lessor.due_at(lease))

    def _forward(self, ticket: int) -> None:
        forwarded, leader = self._forwarded[ticket], self._member.leader_id
        if leader is not None and leader != self._member.id:
            forwarded.leader = leader
            self._member.host.send(leader, Renew(ticket, forwarded.lease))

    def _on_retry(self) -> None:
        now, self._retry_at = self._member.host.now(), 0
        for ticket, forwarded in list(self._forwarded.items()):
            if forwarded.deadline <= now:
                del self._forwarded[ticket]
                forwarded.answer(NOT_PRIMARY)
            elif forwarded.leader is None:
                self._again(ticket, forwarded)
        self._arm()

    def _arm(self) -> None:
        """Look soon at renewals that are with no leader, and now and then at all, for their deadlines."""
        if not self._forwarded:
            return
        homeless = any(forwarded.leader is None for forwarded in self._forwarded.values())
        length = RETRY_INTERVAL if homeless else SCAN_INTERVAL
        at = self._member.host.now() + length
        if not self._retry_at or at < self._retry_at:
            self._retry_at = at
            self._retry.set(length)

    def _again(self, ticket: int, forwarded: Forwarded) -> None:
        if self.lessor.primary:
            del self._forwarded[ticket]
            self._renew_as_primary(forwarded.lease, forwarded.answer)
        else:
            self._forward(ticket)

    # Expiry --------------------------------------------------------------------------------------

    def granted(self, lease: LeaseId) -> None:
        """Start the deadline of a lease."""
        self.lessor.granted(lease)
        if self.lessor.primary:
            self._scan_from(self.lessor.due_at(lease))

    def promote(self) -> None:
        """Become the primary, with all leases extended by an election timeout."""
        self.lessor.promote(self._parameters.election)
        self._scan_next()

    def demote(self) -> None:
        """Be the primary no longer; renewals that waited are for another one."""
        self.lessor.demote()
        self._scan.cancel()
        self._scan_at = 0
        waiting, self._revoking = self._revoking, {}
        for answers in waiting.values():
            for answer in answers:
                answer(NOT_PRIMARY)

    def revoked(self, lease: LeaseId) -> None:
        """A lease is gone, and so is what waited for it."""
        self.lessor.revoked(lease)
        for answer in self._revoking.pop(lease, ()):
            answer(NOT_FOUND)

    def checkpointed(self, lease: LeaseId) -> None:
        """What remains of a lease was recorded; a renewal may have waited for that."""
        if self._leases.all[lease].remaining_ns:
            self.lessor.schedule_checkpoint(lease)
            if self.lessor.primary:
                self._scan_from(self.lessor.due_at(lease))
            return
        for answer in self._revoking.pop(lease, ()):
            self._renew_here(lease, answer)

    def _scan_next(self) -> None:
        lessor = self.lessor
        if lessor.expiry:
            self._scan_from(min(map(lessor.due_at, lessor.expiry)))

    def _scan_from(self, at: int) -> None:
        """Look at the first turn of the loop that is not before `at`, unless it looks before that.

        The loop of a real member turns all the time, and finds nothing in the turns that are left out.
        """
        if self._scan_at and self._scan_at <= at:
            return
        self._scan_at = at
        now = self._member.host.now()
        first = SCAN_INTERVAL - (now - self._phase) % SCAN_INTERVAL
        later = max(0, at - now - first)
        self._scan.set(first - (-later // SCAN_INTERVAL) * SCAN_INTERVAL)

    def _on_scan(self) -> None:
        self._scan_at = 0
        due = self.lessor.due()
        if due:
            self._revoke(due)
        checkpoints = self.lessor.due_checkpoints()
        if checkpoints:
            self._member.propose(LeaseCheckpoint(checkpoints))
        self._scan_next()

    def _revoke(self, leases: list[LeaseId]) -> None:
        """Revoke through Raft, after making sure that we lead (`revokeExpiredLeases`)."""

        def then(certain: bool) -> None:
            if certain and self.lessor.primary:
                for lease in leases:
                    self._member.propose(LeaseRevoke(lease))

        if self._parameters.ensure_leadership:
            self._member.read_index(then)
        else:
            for lease in leases:
                self._member.propose(LeaseRevoke(lease))
