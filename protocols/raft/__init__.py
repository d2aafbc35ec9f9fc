"""Raft: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014.

The core of Figure 2, with compaction and InstallSnapshot (§7) and client sessions (§8), replicating a
key-value store. README.md in this folder maps each rule to its section, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.raft.parameters import RaftParameters, check
from protocols.raft.server import Raft
from protocols.raft.storage import RaftStorage


def _count(parameters: RaftParameters) -> int:
    return parameters.nodes


def make_spec(
    name: str = "raft", process: type[Raft] = Raft, storage: type[RaftStorage] = RaftStorage
) -> ProtocolSpec:
    """Return the specification of Raft, or of a variant of it with another process or storage."""
    return ProtocolSpec(
        name=name,
        summary="Raft: one leader per term, elected by a majority, replicates a log",
        parameters=RaftParameters,
        roles=(Role("contender", "n", _count, process, storage),),
        check=check,
        epoch_name="term",
    )


SPEC = make_spec()
