"""ZooKeeper 3.8: an ensemble that elects its leader and replicates a tree, and election recipes on it.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host, ProtocolSpec, Role
from protocols.lease.empty import EmptyStorage
from protocols.zookeeper.parameters import ZabParameters, ZooKeeperParameters, check, check_ensemble
from protocols.zookeeper.presets import ENSEMBLE_PRESETS, PRESETS
from protocols.zookeeper.recipe import Contender
from protocols.zookeeper.recipes import RECIPES
from protocols.zookeeper.requests import RequestServer
from protocols.zookeeper.server import ZooKeeperServer
from protocols.zookeeper.storage import ZooKeeperStorage
from protocols.zookeeper.tutorial import CreateWatch, NaiveCreate


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
        presets=ENSEMBLE_PRESETS,
        promises=("primary_order",),
    )


def make_spec(
    name: str = "zookeeper",
    summary: str = "Ephemeral sequential nodes in ZooKeeper: the first leads, each watches the one before it",
    contender: Any = None,
    server: type[ZooKeeperServer] = ZooKeeperServer,
) -> ProtocolSpec:
    """Return the specification of contenders on an ensemble; without a `contender` the recipe decides."""
    return ProtocolSpec(
        name=name,
        summary=summary,
        parameters=ZooKeeperParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender or _recipe, EmptyStorage),
            Role("server", "s", lambda parameters: parameters.servers, server, ZooKeeperStorage),
        ),
        check=check,
        epoch_name="czxid",
        presets=PRESETS,
        promises=("primary_order", "ephemeral_lifetime"),
    )


def _recipe(host: Host, group: Group, parameters: ZooKeeperParameters, storage: Any) -> Contender:
    return RECIPES[parameters.recipe](host, group, parameters, storage)


SPEC = make_spec()
ENSEMBLE = make_ensemble()
CREATE_WATCH = make_spec(
    "zk-create-watch",
    "One ephemeral node in ZooKeeper; when it is deleted, all try to create it",
    CreateWatch,
)
NAIVE_CREATE = make_spec(
    "zk-naive-create", "UNSAFE: the same, but whoever sees the deletion leads without a node", NaiveCreate
)
