"""Mutants in which it is not the lease that fails but the machine, and nobody tells the lease (L18, L27)."""

from __future__ import annotations

from typing import Any, ClassVar

from protocols.api import Group, Host
from protocols.lease import lock_server
from protocols.lease.lock_server.contender import LockContender
from protocols.lease.lock_server.parameters import LeaseParameters
from protocols.script import Script, Sleep
from tests.unit.lease_mutant import Mutant, idles, same_epoch

SECOND = 1_000_000_000
STRUCK_AT = 40 * SECOND


class OutlivesItsWorker(LockContender):
    """L18: the worker of whoever leads deadlocks; what renews the lease is another thread, and goes on.

    The worker never comes out of the question whether it leads, and so acts no more.
    """

    hung = False

    def start(self) -> None:
        super().start()
        self.host.timer("deadlock", self._deadlock).set(STRUCK_AT)

    def leads(self) -> int | None:
        return None if self.hung else super().leads()

    def _deadlock(self) -> None:
        self.hung = self.epoch is not None


class RenewedByItsWorker(OutlivesItsWorker):
    """The same deadlock where the worker itself renews, and acquires: its lease ends with it."""

    def _acquire(self) -> Script:
        while self.hung:
            yield Sleep(3600 * SECOND)
        yield from super()._acquire()

    def _renew(self, token: int) -> Script:
        if self.hung:
            return False
        return (yield from super()._renew(token))


class ResumedFromASnapshot(LockContender):
    """L27: a second machine is resumed from a snapshot of the holder, with its identity, lease and token."""

    machines: ClassVar[dict[str, ResumedFromASnapshot]] = {}

    def __init__(self, host: Host, group: Group, parameters: LeaseParameters, image: Any) -> None:
        super().__init__(host, group, parameters, image)
        self.machines[host.id] = self

    def start(self) -> None:
        super().start()
        self.host.timer("resumed", self._on_resumed).set(STRUCK_AT)

    def _on_resumed(self) -> None:
        """The first machine that does not lead is the one."""
        leader = next(machine for machine in self.machines.values() if machine.epoch is not None)
        clone = next(name for name, machine in self.machines.items() if machine.epoch is None)
        if self.host.id == clone:
            self.resume(leader)

    def resume(self, snapshot: ResumedFromASnapshot) -> None:
        """Go on where the other one was."""
        assert snapshot.epoch is not None
        self.hold(snapshot.epoch, snapshot.valid_until)


class AsksWhichMachineItIs(ResumedFromASnapshot):
    """The same clone, which finds that its VM generation ID is another one, and forgets what it has."""

    def resume(self, snapshot: ResumedFromASnapshot) -> None:
        """Start anew; so it does already."""


_WRITES = {"workload": {"name": "external-store", "rate": "2/s", "fenced": True}, "duration": "120s"}

MACHINES: dict[str, Mutant] = {
    "L18": Mutant(
        "a heartbeat that outlives its hung worker keeps the lease of a leader that does nothing",
        "lock-server",
        idles(45),  # a lease, its poll, and half as much again
        _WRITES,
        lock_server.make_spec("L18", OutlivesItsWorker),
        lock_server.make_spec("renewed by its worker", RenewedByItsWorker),
    ),
    "L27": Mutant(
        "a machine resumed from a snapshot leads on as another one, and no fence can tell them apart",
        "lock-server",
        same_epoch,
        _WRITES,
        lock_server.make_spec("L27", ResumedFromASnapshot),
        lock_server.make_spec("asks which machine it is", AsksWhichMachineItIs),
    ),
}
