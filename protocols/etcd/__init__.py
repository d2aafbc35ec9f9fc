"""etcd: a replicated key-value store with revisions, leases and watches, and elections on it.

The store is a state machine on this project's Raft; contenders are its clients. README.md maps each
rule to its source, function and test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.api import Process, ProtocolSpec, Role
from protocols.etcd.contender import Contender
from protocols.etcd.machine import EtcdMachine
from protocols.etcd.naive import BlindPut, KeyPerNode
from protocols.etcd.parameters import EtcdParameters, check
from protocols.etcd.presets import PRESETS
from protocols.etcd.service import EtcdService
from protocols.lease.empty import EmptyStorage
from protocols.raft import server_role
from protocols.raft.service import Member, Service


def make_spec(
    name: str = "etcd",
    summary: str = "etcd: leases and queues of keys in a store on Raft (concurrency.Election, Mutex)",
    contender: Callable[..., Process] = Contender,
    machine: Callable[[], Any] = EtcdMachine,
    service: Callable[[Member, Any], Service] = EtcdService,
    exclusive: bool = False,
) -> ProtocolSpec:
    """Return the specification of etcd with a recipe, or of a variant of either.

    `exclusive`: two believers at once are judged. etcd does not promise that there are none: its client
    ends a session later than the server may, and says so (README.md, "What is not promised").
    """
    return ProtocolSpec(
        name=name,
        summary=summary,
        parameters=EtcdParameters,
        roles=(
            Role("contender", "n", lambda parameters: parameters.nodes, contender, EmptyStorage),
            server_role(machine, service, lambda parameters: parameters.servers, contend=False),
        ),
        check=check,
        epoch_name="revision",
        exclusive_belief=exclusive,
        presets=PRESETS,
    )


SPEC = make_spec()
KEY_PER_NODE = make_spec(
    "etcd-naive-key-per-node",
    "UNSAFE, from tutorials: each node puts its own key in etcd and leads if it was not there",
    contender=KeyPerNode,
    exclusive=True,
)
BLIND_PUT = make_spec(
    "etcd-naive-blind-put",
    "UNSAFE, from tutorials: who finds no leader's key in etcd puts one, unguarded, and leads",
    contender=BlindPut,
    exclusive=True,
)
