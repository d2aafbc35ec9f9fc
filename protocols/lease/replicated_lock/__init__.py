"""The lock service replicated on this project's Raft: the lock survives its server.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.lease.empty import EmptyStorage
from protocols.lease.replicated_lock.contender import ReplicatedLockContender
from protocols.lease.replicated_lock.machine import LockMachine
from protocols.lease.replicated_lock.parameters import ReplicatedLockParameters, assume, check
from protocols.lease.replicated_lock.service import LockService
from protocols.raft import server_role


def make_spec(
    name: str = "replicated-lock",
    contender: type[ReplicatedLockContender] = ReplicatedLockContender,
    service: type[LockService] = LockService,
    machine: type[LockMachine] = LockMachine,
) -> ProtocolSpec:
    """Return the specification of the replicated lock, or of a variant of it."""
    return ProtocolSpec(
        name=name,
        summary="The lock service on Raft: leases under fencing tokens that survive the crash of a server",
        parameters=ReplicatedLockParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            server_role(machine, service, lambda parameters: parameters.servers, contend=False),
        ),
        check=check,
        epoch_name="token",
        assume=assume,
        exclusive_belief=True,
    )


SPEC = make_spec()
