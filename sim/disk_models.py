"""What happens to disks by themselves: stalls, in which nothing completes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.disk import Disk
from sim.network.draws import Lengths
from sim.sampling import Sampler

if TYPE_CHECKING:
    from sim.cluster import Cluster


def start_stalls(cluster: Cluster) -> None:
    """Let the disk of every member stall now and then, as the plan says."""
    members = dict.fromkeys((*cluster.contenders, *cluster.servers))
    for name in members:
        Stalls(cluster, name, cluster.nodes[name].disk)


class Stalls:
    """The stalls of one disk, one after the other."""

    def __init__(self, cluster: Cluster, name: str, disk: Disk) -> None:
        plan, seed = cluster.plan.disk, cluster.seed
        assert plan.stall_every is not None
        assert plan.stall_length is not None
        self._kernel = cluster.kernel
        self._disk = disk
        self._gaps = Lengths(Sampler(plan.stall_every, seed.key(f"{name} disk stall gaps")))
        self._lengths = Lengths(Sampler(plan.stall_length, seed.key(f"{name} disk stalls")))
        self._after(self._gaps.draw(), self._begin)

    def _after(self, length_ns: int, then: Any) -> None:
        self._kernel.call_at(self._kernel._now + length_ns, then)

    def _begin(self, _: Any) -> None:
        self._disk.stall()
        self._after(self._lengths.draw(), self._end)

    def _end(self, _: Any) -> None:
        self._disk.release()
        # At least a nanosecond between two, or a gap of 0 would stop time.
        self._after(max(1, self._gaps.draw()), self._begin)
