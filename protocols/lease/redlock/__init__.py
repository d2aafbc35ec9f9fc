"""Redlock: a lock on a majority of independent Redis nodes.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.lease.empty import EmptyStorage
from protocols.lease.redlock.contender import RedlockContender
from protocols.lease.redlock.parameters import RedlockParameters, assume, check
from protocols.lease.redlock.server import RedisNode, RedisStorage


def make_spec(
    name: str = "redlock",
    contender: type[RedlockContender] = RedlockContender,
    server: type[RedisNode] = RedisNode,
) -> ProtocolSpec:
    """Return the specification of Redlock, or of a variant with another client or server."""
    return ProtocolSpec(
        name=name,
        summary="Redlock: a lock on a majority of independent Redis nodes, without ordered tokens",
        parameters=RedlockParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            Role("server", "s", lambda parameters: parameters.servers, server, RedisStorage),
        ),
        check=check,
        epoch_name="value",
        assume=assume,
        exclusive_belief=True,
        ordered_epochs=False,
        independent_servers=True,
    )


SPEC = make_spec()
