"""PaxosLease: a lease by a majority of the nodes themselves, without a disk and without synchronised clocks.

README.md in this folder maps each rule to its source, function and test.
"""

from __future__ import annotations

from protocols.api import ProtocolSpec, Role
from protocols.lease.paxos_lease.node import PaxosLeaseNode, PaxosLeaseStorage
from protocols.lease.paxos_lease.parameters import PaxosLeaseParameters, assume, check


def make_spec(name: str = "paxos-lease", process: type[PaxosLeaseNode] = PaxosLeaseNode) -> ProtocolSpec:
    """Return the specification of PaxosLease, or of a variant of it."""
    return ProtocolSpec(
        name=name,
        summary="PaxosLease: a majority of the nodes grants the lease, without disk writes",
        parameters=PaxosLeaseParameters,
        roles=(Role("contender", "n", lambda parameters: parameters.nodes, process, PaxosLeaseStorage),),
        check=check,
        epoch_name="ballot",
        assume=assume,
        exclusive_belief=True,
    )


SPEC = make_spec()
