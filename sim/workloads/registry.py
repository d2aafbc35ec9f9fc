"""Which workloads there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from protocols.api import Host, Process, ProtocolSpec, Storage

if TYPE_CHECKING:
    from sim.cluster import Cluster

Create = Callable[[Host, Any], Process]


class NoStorage:
    """The disk image of a node that saves nothing."""

    def apply(self, record: Any) -> None:
        """Keep nothing."""

    def copy(self) -> NoStorage:
        """Return itself: there is nothing to change."""
        return self


@dataclass(frozen=True, slots=True)
class Added:
    """A node that a workload adds: how to make its process, and what its disk starts with."""

    create: Create
    storage: Storage = field(default_factory=NoStorage)


@dataclass(frozen=True, slots=True)
class WorkloadSpec:
    """A workload: its parameters, the nodes that it adds, and what it does with a cluster.

    `damage` names the metrics of `sim.metrics.DAMAGE` that it measures, if it measures any.
    """

    name: str
    summary: str
    parameters: type  # a frozen dataclass of `protocols.api.parameter` fields
    check: Callable[[Any], Iterable[str]]
    clients: Callable[[Any], tuple[str, ...]]
    resources: Callable[[Any, ProtocolSpec], tuple[str, ...]]
    attach: Callable[[Any, Cluster], dict[str, Added]]
    """Called with the parameters while a cluster is built; returns the nodes that it adds."""
    damage: tuple[str, ...] = ()


class UnknownWorkload(KeyError):
    """No workload of that name; `nearest` are names like it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.nearest = get_close_matches(name, names(), n=3)


_BUILT_IN = {
    "config-updates": "sim.workloads.config_updates",
    "database-primary": "sim.workloads.database_primary",
    "distributed-lock": "sim.workloads.distributed_lock",
    "external-store": "sim.workloads.external_store",
    "job-scheduler": "sim.workloads.job_scheduler",
    "rate-limiter": "sim.workloads.rate_limiter",
}


def keeps_log(protocol: ProtocolSpec) -> bool:
    """Return whether the contenders keep a replicated log, and so can store what clients write."""
    return any(role.name == "contender" and hasattr(role.storage(), "log") for role in protocol.roles)


def names() -> list[str]:
    """Return the names of all workloads, sorted."""
    return sorted(_BUILT_IN)


def get(name: str) -> WorkloadSpec:
    """Return the workload of that name; UnknownWorkload if there is none."""
    if name not in _BUILT_IN:
        raise UnknownWorkload(name)
    spec: WorkloadSpec = import_module(_BUILT_IN[name]).SPEC
    return spec
