"""Raft: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014.

The core of Figure 2, with compaction and InstallSnapshot (§7) and client sessions (§8), replicating a
key-value store or any other state machine, with or without a service on top. README.md in this folder
maps each rule to its section, function and test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protocols.api import Group, Host, ProtocolSpec, Role
from protocols.kv import KeyValue
from protocols.raft.extended import ExtendedRaft
from protocols.raft.membership import Reconfiguring
from protocols.raft.parameters import RaftParameters, is_plain
from protocols.raft.presets import PRESETS
from protocols.raft.rules import check
from protocols.raft.server import Raft
from protocols.raft.service import PLAIN, Member, Seam, Service
from protocols.raft.storage import RaftStorage
from protocols.sessions import StateMachine, with_sessions


def _nodes(parameters: Any) -> int:
    count: int = parameters.nodes
    return count


@dataclass(frozen=True, slots=True)
class Creation:
    """Makes servers: with `service(member, parameters)` beside each, on state machines of a kind."""

    machine: Callable[[], StateMachine] | None
    service: Callable[[Member, Any], Service] | None

    def __call__(self, host: Host, group: Group, parameters: Any, storage: RaftStorage) -> Raft:
        """Return a new incarnation."""
        plain = self.machine is None and self.service is None and is_plain(parameters)
        if plain:
            return Raft(host, group, parameters, storage)
        server = ExtendedRaft if parameters.membership == "fixed" else Reconfiguring
        return server(host, group, parameters, storage, self._seam(parameters))

    def _seam(self, parameters: Any) -> Seam:
        machine, service = self.machine, self.service
        return Seam(
            KeyValue if machine is None else with_sessions(machine),
            PLAIN.service if service is None else lambda member: service(member, parameters),
        )


def server_role(
    machine: Callable[[], StateMachine] | None = None,
    service: Callable[[Member, Any], Service] | None = None,
    count: Callable[[Any], int] = _nodes,
    contend: bool = True,
) -> Role:
    """Return the role of Raft's servers: contenders n1, n2 ..., or servers s1, s2 ... beside others.

    Args:
        machine: makes the state machine that each replicates; None: a key-value store.
        service: called with a server and the parameters of the cluster for each incarnation of it.
        count: how many servers there are, from the parameters, which are `RaftParameters` or more.
        contend: whether leading among the servers is the leadership that the scenario is about.
    """
    create = Creation(machine, service)
    return Role("contender" if contend else "server", "n" if contend else "s", count, create, RaftStorage)


def make_spec(
    name: str = "raft",
    process: Callable[[Host, Group, Any, Any], Raft] | None = None,
    storage: type[RaftStorage] = RaftStorage,
    machine: Callable[[], StateMachine] | None = None,
    service: Callable[[Member, Any], Service] | None = None,
) -> ProtocolSpec:
    """Return the specification of Raft, or of a variant with another process, machine or service."""
    create = process or Creation(machine, service)
    return ProtocolSpec(
        name=name,
        summary="Raft: one leader per term, elected by a majority, replicates a log",
        parameters=RaftParameters,
        roles=(Role("contender", "n", _nodes, create, storage),),
        check=check,
        epoch_name="term",
        presets=PRESETS,
    )


SPEC = make_spec()
