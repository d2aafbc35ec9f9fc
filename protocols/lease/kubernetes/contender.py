"""client-go's LeaderElector on a Lease, as one script that reads like the code that it models.

Source: kubernetes/client-go, tools/leaderelection/leaderelection.go; the names are that file's.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host
from protocols.lease.contender import Contender
from protocols.lease.kubernetes.messages import (
    CreateLease,
    GetLease,
    GetReply,
    LeaderElectionRecord,
    StoredLease,
    UpdateLease,
    WriteReply,
)
from protocols.lease.kubernetes.parameters import JITTER_FACTOR, SECOND, KubernetesParameters
from protocols.script import Script, Sleep


class LeaderElector(Contender):
    """A contender: acquires the Lease, renews it, and stops leading when that fails for too long.

    Its belief is that of the code between OnStartedLeading and the cancellation of its context: it
    has no time in it, so that a leader which slept goes on leading until its renewal loop notices.
    """

    replies = (GetReply, WriteReply)

    def __init__(self, host: Host, group: Group, parameters: KubernetesParameters, image: Any) -> None:
        self.parameters = parameters
        self.server = group.servers[0]
        self.identity = parameters.identity(group.contenders.index(host.id)) or host.id
        self.observed: StoredLease | None = None  # observedRecord, with its resourceVersion
        self.observed_time = 0
        super().__init__(host, host.wall if parameters.clock == "wall" else host.now)

    def run(self) -> Script:
        """Run, again and again: what restarts the process of a leader that stopped is part of this."""
        while True:
            yield from self._acquire()
            self._started_leading()
            cancelled = yield from self._renew()
            if cancelled:
                self._stopped_leading("cancelled")
            if self.parameters.release_on_cancel:
                yield from self._release()
            # The context of a leader that failed to renew is cancelled only here, after the release.
            self._stopped_leading("renewal failed")
            yield Sleep(self._jitter())

    def _acquire(self) -> Script:
        while not (yield from self._try_acquire_or_renew(None)):
            yield Sleep(self._jitter())

    def _renew(self) -> Script:
        """Renew until it fails for renew_deadline (false) or the context is cancelled (true).

        The deadline begins when the next renewal does, retry_period after the last success.
        """
        clock, parameters = self.host.now, self.parameters
        self.begin_tenure(parameters.hold_for)
        while True:
            yield from self.rest(parameters.retry_period)
            if self.is_tenure_over():
                return True
            if not (yield from self._renew_until(clock() + parameters.renew_deadline)):
                return self.is_tenure_over()

    def _renew_until(self, deadline: int) -> Script:
        """Try every retry_period, at once for a start; return whether it worked before `deadline`."""
        clock, period = self.host.now, self.parameters.retry_period
        tick = clock()
        while clock() < deadline and not self.is_tenure_over():
            if (yield from self._try_acquire_or_renew(deadline)):
                return True
            tick += period  # a ticker: a tick that passed during a slow try is not waited for
            tick = max(tick, clock())
            yield from self.rest(max(min(tick, deadline) - clock(), 0))
        return False

    def _try_acquire_or_renew(self, deadline: int | None) -> Script:
        """Return whether the Lease is the own one now; requests are given up at `deadline`."""
        now = self.clock()
        if self._is_leader() and self._is_lease_valid(now):
            # Optimistically: nobody has changed it since.
            if (yield from self._update(deadline)):
                return True
            if deadline is not None and self.host.now() >= deadline:
                return False
        reply = yield self._ask(GetLease(self.next_request()), deadline)
        if reply is None:
            return False
        if reply.lease is None:
            return (yield from self._create(deadline))
        self._observe(reply.lease)
        if self._is_held_by_another(now):
            return False
        self._note_takeover()
        return (yield from self._update(deadline))

    def _is_held_by_another(self, now: int) -> bool:
        assert self.observed is not None
        held = self.observed.record.holder_identity != "" and self._is_lease_valid(now)
        return held and not self._is_leader()

    def _create(self, deadline: int | None) -> Script:
        wall = self.host.wall()
        reply = yield self._ask(CreateLease(self.next_request(), self._record(wall, 0)), deadline)
        return self._written(reply)

    def _update(self, deadline: int | None) -> Script:
        """Write the own record over the one observed; a change of hands counts as a transition."""
        assert self.observed is not None
        old = self.observed.record
        if self._is_leader():
            record = self._record(old.acquire_time, old.leader_transitions)
        else:
            record = self._record(self.host.wall(), old.leader_transitions + 1)
        version = self.observed.resource_version
        reply = yield self._ask(UpdateLease(self.next_request(), record, version), deadline)
        return self._written(reply)

    def _release(self) -> Script:
        """Clear the holder, in a record that lasts a second, on the newest version of the Lease."""
        deadline = self.host.now() + self.parameters.renew_deadline
        reply = yield self._ask(GetLease(self.next_request()), deadline)
        if reply is None or reply.lease is None or not self._is_leader():
            return
        wall, transitions = self.host.wall(), reply.lease.record.leader_transitions
        record = LeaderElectionRecord("", 1, wall, wall, transitions)
        version = reply.lease.resource_version
        reply = yield self._ask(UpdateLease(self.next_request(), record, version), deadline)
        self._written(reply)

    def _written(self, reply: WriteReply | None) -> bool:
        if reply is None or reply.lease is None:
            return False
        self.observed = reply.lease
        self._observed_now()
        return True

    def _observe(self, lease: StoredLease) -> None:
        """Take note of the Lease; the time of observation moves only if the content has changed."""
        changed = self.observed is None or self.observed.record != lease.record
        self.observed = lease
        if changed:
            self._observed_now()
        record = lease.record
        if record.holder_identity != self.identity and record.holder_identity:
            self.learn(record.holder_identity, record.leader_transitions + 1)

    def _observed_now(self) -> None:
        self.observed_time = self.clock()
        if self.parameters.is_leader == "identity":
            self._believe_by_identity()

    def _is_leader(self) -> bool:
        """Return IsLeader(): whether the holder observed last has the own identity."""
        return self.observed is not None and self.observed.record.holder_identity == self.identity

    def _is_lease_valid(self, now: int) -> bool:
        """Return whether the length that is in the *record* has not passed since it was observed."""
        assert self.observed is not None
        return self.observed_time + self.observed.record.lease_duration_seconds * SECOND > now

    # Belief -------------------------------------------------------------------------------------

    def _started_leading(self) -> None:
        assert self.observed is not None
        if self.parameters.is_leader == "callbacks":
            self.lead(self.observed.record.leader_transitions + 1)

    def _stopped_leading(self, reason: str) -> None:
        if self.parameters.is_leader == "callbacks":
            self.lose(reason)

    def _believe_by_identity(self) -> None:
        assert self.observed is not None
        if self._is_leader():
            self.lead(self.observed.record.leader_transitions + 1)
        else:
            self.lose("observed another holder")

    def _note_takeover(self) -> None:
        assert self.observed is not None
        if not self._is_leader():
            self.host.note("campaigned", self.observed.record.leader_transitions + 2)

    # Requests -----------------------------------------------------------------------------------

    def _record(self, acquire_time: int, transitions: int) -> LeaderElectionRecord:
        lasts = self.parameters.lease_duration // SECOND
        return LeaderElectionRecord(self.identity, lasts, acquire_time, self.host.wall(), transitions)

    def _ask(self, message: Any, deadline: int | None) -> Any:
        timeout = self.parameters.request_timeout
        if deadline is not None:
            timeout = min(timeout, deadline - self.host.now())
        return self.call(self.server, message, max(timeout, 0))

    def _jitter(self) -> int:
        """Return retry_period x (1 + U(0, 1.2)), in ns: the gap between two tries to acquire."""
        period = self.parameters.retry_period
        return period + self.host.random.randrange(0, int(JITTER_FACTOR * period))
