"""A scenario made ready to run: all that does not depend on the seed, computed once for all seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.api import Group, ProtocolSpec, Role
from sim.distributions import Constant, Distribution
from sim.network.bank import FirstDraws
from sim.network.spec import LinkSpec
from sim.trace import MessageCodec
from sim.workloads.registry import WorkloadSpec


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """What the disks are like."""

    write: Distribution = Constant(0)
    fsync: Distribution = Constant(0)
    torn_writes: float = 0.0  # share of crashes that leave a part of the unsynced records
    stall_every: Distribution | None = None
    stall_length: Distribution | None = None


@dataclass(frozen=True, slots=True)
class NtpPlan:
    """How wall clocks are corrected."""

    every_ns: int
    step: bool
    slew_ppb: int
    error: Distribution


@dataclass(frozen=True, slots=True)
class ClockPlan:
    """What the clocks are like. `drift` per node, in ppb; `offset` of the wall clocks, in ns."""

    drift: Mapping[str, Distribution] = field(default_factory=dict)
    offset: Distribution = Constant(0)
    walk_step_ppb: int = 0
    walk_every_ns: int = 0
    walk_limit_ppb: int = 0
    pieces: tuple[tuple[int, int], ...] = ()  # (from ns, rate in ppb)
    ntp: NtpPlan | None = None


@dataclass(frozen=True, slots=True)
class Grants:
    """Bounds within which a scenario wants its protocol to be safe; None: it says nothing."""

    clock_rate_ppb: int | None = None
    clock_error_ns: int | None = None
    pause_ns: int | None = None
    delay_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a world is built from, but for the seed."""

    name: str
    protocol: ProtocolSpec
    parameters: Any
    group: Group
    roles: Mapping[str, Role]  # of each node of the protocol, in order
    duration_ns: int
    link: Callable[[str, str], LinkSpec] = lambda source, target: LinkSpec()
    disk: DiskPlan = DiskPlan()
    clocks: ClockPlan = ClockPlan()
    service_time: Distribution = Constant(0)
    log_lengths: tuple[int, ...] = ()  # of the servers' logs at the start; (): empty
    shuffle_logs: bool = False
    workload: WorkloadSpec | None = None
    workload_parameters: Any = None
    faults: tuple[Any, ...] = ()  # sim.scenario.faults.Fault
    regions: Mapping[str, str] = field(default_factory=dict)  # node -> region
    bound_ns: int = 1_000_000_000
    seeded_ties: bool = False
    converge_at_ns: int | None = None
    converge_within_ns: int = 0
    stop_when: Any = None
    grants: Grants = Grants()
    broken_rules: tuple[str, ...] = ()  # rules that the parameters break, which were let pass
    weigh: bool = False  # count bytes even at trace level `digest`
    # What earlier runs of this plan have found out, and later ones need not again.
    codec: MessageCodec = field(default_factory=MessageCodec)
    _first_draws: list[FirstDraws] = field(default_factory=list)

    def first_draws(self, nodes: Iterable[str]) -> FirstDraws:
        """Return the source of the first draws of the links between `nodes`, always the same ones."""
        if not self._first_draws:
            self._first_draws.append(FirstDraws(tuple(nodes), self.link))
        return self._first_draws[0]


def nodes_of(protocol: ProtocolSpec, parameters: Any) -> dict[str, Role]:
    """Return the protocol's nodes by name, in order: n1, n2 ..., each with its role."""
    return {
        f"{role.prefix}{number}": role
        for role in protocol.roles
        for number in range(1, role.count(parameters) + 1)
    }


def group_of(
    nodes: Mapping[str, Role], clients: tuple[str, ...] = (), resources: tuple[str, ...] = ()
) -> Group:
    """Return who is who; contenders are the servers where the protocol has no servers of their own."""
    contenders = tuple(name for name, role in nodes.items() if role.name == "contender")
    servers = tuple(name for name, role in nodes.items() if role.name == "server")
    return Group(contenders, servers or contenders, clients, resources)
