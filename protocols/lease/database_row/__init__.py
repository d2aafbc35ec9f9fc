"""A row in a database as a lease: UPDATE ... WHERE expires_at < now, its epoch as the token.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.lease.database_row.contender import RowContender
from protocols.lease.database_row.parameters import DatabaseRowParameters, assume, check
from protocols.lease.database_row.server import Database, DatabaseStorage
from protocols.lease.empty import EmptyStorage
from protocols.presets import Preset, Setting

_MEASURED = "the measured fail-overs of experiment pg in failover.csv: 3 contenders on PostgreSQL"

POSTGRES_ROW = Preset(
    "postgres-row",
    "The row lease that was measured on PostgreSQL",
    {
        "nodes": Setting(3, _MEASURED),
        "ttl": Setting(3_000_000_000, _MEASURED),
        "renew_interval": Setting(1_000_000_000, _MEASURED),
        "poll_interval": Setting(250_000_000, _MEASURED),
    },
)


def make_spec(
    name: str = "database-row",
    contender: type[RowContender] = RowContender,
    server: type[Database] = Database,
) -> ProtocolSpec:
    """Return the specification of the row lease, or of a variant with another client or server."""
    return ProtocolSpec(
        name=name,
        summary="A row in a database: UPDATE ... WHERE expires_at < now, its epoch as the token",
        parameters=DatabaseRowParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            Role("server", "s", lambda parameters: 1 + parameters.replicas, server, DatabaseStorage),
        ),
        check=check,
        assume=assume,
        exclusive_belief=True,
        presets=(POSTGRES_ROW,),
    )


SPEC = make_spec()
