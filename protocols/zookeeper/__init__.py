"""ZooKeeper 3.8: an ensemble that elects its leader and replicates a tree, and election recipes on it.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.zookeeper.parameters import ZabParameters, check_ensemble
from protocols.zookeeper.requests import RequestServer
from protocols.zookeeper.storage import ZooKeeperStorage


def make_ensemble(
    name: str = "zookeeper-ensemble",
    server: type[RequestServer] = RequestServer,
    storage: type[ZooKeeperStorage] = ZooKeeperStorage,
) -> ProtocolSpec:
    """Return the specification of an ensemble alone, or of a variant of it."""
    return ProtocolSpec(
        name=name,
        summary="ZooKeeper's servers alone: fast leader election and Zab",
        parameters=ZabParameters,
        roles=(Role("contender", "n", lambda parameters: parameters.nodes, server, storage),),
        check=check_ensemble,
    )


ENSEMBLE = make_ensemble()
