"""What a scenario can set of the replicated lock service: leases, and the Raft that keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from protocols.api import Assumptions, parameter
from protocols.lease.holder import PPM
from protocols.lease.lock_server.parameters import LeaseParameters, check_lease
from protocols.raft.parameters import RaftParameters
from protocols.raft.rules import check as check_raft


@dataclass(frozen=True, slots=True)
class ReplicatedLockParameters(LeaseParameters, RaftParameters):
    """The settings of the contenders n1, n2 ... and of the servers s1, s2 ..."""

    nodes: int = parameter(3, "count", "Number of contenders.", minimum=1)
    servers: int = parameter(3, "count", "Number of servers of the lock service.", minimum=1)


def check(parameters: ReplicatedLockParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    yield from check_lease(parameters)
    yield from check_raft(replace(parameters, nodes=parameters.servers))


def assume(parameters: ReplicatedLockParameters) -> Assumptions:
    """Return the bounds within which no two contenders believe at once that they hold the lock."""
    return Assumptions(clock_rate_ppm=round(parameters.rate_bound * PPM), pause_ns=parameters.pause_bound)
