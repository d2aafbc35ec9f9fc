"""One lock server with leases and fencing tokens: acquire a lease, renew it, act while you hold it.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import Assumptions, ProtocolSpec, Role
from protocols.lease.empty import EmptyStorage
from protocols.lease.holder import PPM
from protocols.lease.lock_server.contender import LockContender
from protocols.lease.lock_server.parameters import LockServerParameters, check
from protocols.lease.lock_server.server import LockServer
from protocols.lease.lock_server.storage import LockStorage


def make_spec(
    name: str = "lock-server",
    contender: type[LockContender] = LockContender,
    server: type[LockServer] = LockServer,
) -> ProtocolSpec:
    """Return the specification of the lock server, or of a variant with another client or server."""
    return ProtocolSpec(
        name=name,
        summary="One lock server: leases under rising fencing tokens, counted from the send",
        parameters=LockServerParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            Role("server", "s", lambda parameters: 1, server, LockStorage),
        ),
        check=check,
        epoch_name="token",
        assume=assume,
        exclusive_belief=True,
    )


def assume(parameters: LockServerParameters) -> Assumptions:
    """Return the bounds within which no two clients believe at once that they hold the lock.

    A pause may begin at the last instant of a lease, so that none is allowed unless the lease is shortened
    for it.
    """
    return Assumptions(
        clock_rate_ppm=round(parameters.rate_bound * PPM),
        pause_ns=parameters.pause_bound,
        stable_storage=parameters.durable != "nothing",
    )


SPEC = make_spec()
