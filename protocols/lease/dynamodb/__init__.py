"""The DynamoDB lock client: a lock is held by whoever keeps changing its record version number.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import Assumptions, ProtocolSpec, Role
from protocols.lease.dynamodb.contender import LockClient
from protocols.lease.dynamodb.parameters import DynamoDbParameters, check
from protocols.lease.dynamodb.server import Table, TableStorage
from protocols.lease.empty import EmptyStorage


def make_spec(
    name: str = "dynamodb", contender: type[LockClient] = LockClient, server: type[Table] = Table
) -> ProtocolSpec:
    """Return the specification of the lock client, or of a variant with another client or table."""
    return ProtocolSpec(
        name=name,
        summary="DynamoDB lock client: a record version that must keep changing, time on the own clock",
        parameters=DynamoDbParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            Role("server", "s", lambda parameters: 1, server, TableStorage),
        ),
        check=check,
        epoch_name="version",
        # Holder and contender count the same length: there is no margin for clocks that differ in rate.
        assumptions=Assumptions(clock_rate_ppm=0, pause_ns=0),
        exclusive_belief=True,
        ordered_epochs=False,
    )


SPEC = make_spec()
