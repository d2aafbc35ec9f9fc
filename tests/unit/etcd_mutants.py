"""etcd and its recipes with one thing wrong at a time: known mistakes, each of which a test must see.

The numbers are those of the list of known bugs that the project works from; each docstring says what
is wrong and where it was seen. E04, E05, E07 and E17 are settings, since they are or were the product's; E18,
effects without a guard, is what `fenced: false` of a workload means (`etcd-lock-unfenced`).
"""

from __future__ import annotations

from typing import Any

from protocols.api import ProtocolSpec
from protocols.etcd import make_spec
from protocols.etcd.concurrency import COMPACTED, LOST, Election, Mutex
from protocols.etcd.contender import PREFIX, Contender
from protocols.etcd.leases import Leases, Lessor
from protocols.etcd.leasing import NOT_FOUND, Answer, Leasing
from protocols.etcd.operations import Get, LeaseId, Put
from protocols.etcd.parameters import EtcdParameters
from protocols.etcd.service import EtcdService
from protocols.etcd.task import Changed, Deleted, Do, Script
from protocols.raft.service import Member


def of_recipe(recipe: type[Election]) -> ProtocolSpec:
    """Return etcd whose contenders run that recipe."""

    class Mistaken(Contender):
        def recipe_for(self, lease: LeaseId) -> Election:
            return recipe(lease, PREFIX, self.parameters.recheck_key)

    return make_spec("etcd-mutant", contender=Mistaken)


def of_service(leasing: type[Leasing]) -> ProtocolSpec:
    """Return etcd whose members lease that way."""

    class Mistaken(EtcdService):
        LEASING = leasing

    return make_spec("etcd-mutant", service=Mistaken)


class ByChange(Election):
    """E03: who was changed last is behind, so that Proclaim loses the place."""

    def _wait(self) -> Script:
        while True:
            response = yield Do(Get(self._prefix, True))
            before = [kv for kv in response.kvs if kv.mod_revision < self.revision]
            if not before:
                return ""
            yield Deleted(max(before, key=lambda kv: kv.mod_revision).key, response.revision)


class UncheckedMutex(Mutex):
    """E04: Lock does not look for its own key after waiting (Jepsen etcd 3.4.3, fixed in b14c7cd44)."""

    def _still_there(self) -> Script:
        return ""
        yield  # a script, though it waits for nothing


class WithoutLease(Election):
    """E06: the key is put without the lease, and outlives whoever put it."""

    def _put(self, key: str, value: str) -> Put:
        return Put(key, value)


class NotDemoted(Leasing):
    """E08: a lessor that is not the leader's any more goes on to revoke leases (etcd 12528, 15247)."""

    def demote(self) -> None:
        """Do nothing."""


class FullTtl(Lessor):
    """E09: a new primary ignores what a checkpoint said remained (etcd PR 13508)."""

    def _refresh(self, id: LeaseId, extend_ns: int) -> None:
        self._leases.all[id].remaining_ns = 0
        super()._refresh(id, extend_ns)


class ForgetsCheckpoints(Leasing):
    """E09, in a member."""

    def __init__(self, member: Member, parameters: EtcdParameters, leases: Leases) -> None:
        super().__init__(member, parameters, leases)
        every = parameters.lease_checkpoint_interval
        self.lessor = FullTtl(leases, member.host.now, parameters.member_timeout, every)


class RenewsTheRevoked(Leasing):
    """E10: a renewal that waited says yes, though the lease was revoked meanwhile (etcd PR 20616)."""

    def revoked(self, lease: LeaseId) -> None:
        """Say yes."""
        for answer in self._revoking.pop(lease, ()):
            answer(self._parameters.ttl)
        super().revoked(lease)


class LooksAtItself(Leasing):
    """E11: a member says of a lease whose grant it has not applied that it is gone (etcd fe3a57976)."""

    def renew(self, lease: LeaseId, answer: Answer) -> None:
        """Look at the own table first."""
        if lease in self._leases.all:
            super().renew(lease, answer)
        else:
            answer(NOT_FOUND)


class WatchesFromNow(Election):
    """E12: the watch begins when it gets there, and not at the revision that was read."""

    def _wait(self) -> Script:
        while True:
            response = yield Do(Get(self._prefix, True, "last_create", self.revision - 1))
            if response is None:
                return LOST
            if not response.kvs:
                return ""
            yield Deleted(response.kvs[0].key, 0)


class IgnoresCompaction(Election):
    """E13: a watch that failed is watched again from where it failed."""

    def _wait(self) -> Script:
        response = yield Do(Get(self._prefix, True, "last_create", self.revision - 1))
        while response is not None and response.kvs:
            if (yield Deleted(response.kvs[0].key, response.revision)):
                response = yield Do(Get(self._prefix, True, "last_create", self.revision - 1))
        return "" if response is not None else COMPACTED


class ReadsAnything(Election):
    """E14: a serializable read decides who leads."""

    def _wait(self) -> Script:
        while True:
            response = yield Do(Get(self._prefix, True, "last_create", self.revision - 1), serializable=True)
            if response is None:
                return LOST
            if not response.kvs:
                return ""
            yield Deleted(response.kvs[0].key, response.revision)


class Unguarded(Election):
    """E15: Proclaim and Resign do not ask whose key it is."""

    def _guard(self) -> tuple[Any, ...]:
        return ()


class Herd(Election):
    """E16: everybody waits for any change of the whole prefix."""

    def _wait(self) -> Script:
        while True:
            response = yield Do(Get(self._prefix, True, "last_create", self.revision - 1))
            if response is None:
                return LOST
            if not response.kvs:
                return ""
            yield Changed(self._prefix, response.revision + 1, True)


class ShortLeases(EtcdService):
    """E19: a lease may be shorter than it takes to elect a leader of etcd."""

    def __init__(self, member: Member, parameters: EtcdParameters) -> None:
        super().__init__(member, parameters)
        self._minimum_ttl = 0
