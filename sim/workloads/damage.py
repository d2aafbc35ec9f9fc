"""The damage that a workload suffers: each harm is a record when it happens, and a total at the end.

What is counted here is the truth about a resource, which no node of the cluster knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.metrics import DAMAGE
from sim.records import Damaged, DamageTotal

if TYPE_CHECKING:
    from sim.cluster import Cluster


class Ledger:
    """Counts the harms of one run, and sums up lengths: `metrics` names what of `sim.metrics.DAMAGE`."""

    def __init__(self, cluster: Cluster, metrics: tuple[str, ...]) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._counts = {name: 0 for name in metrics if DAMAGE[name].unit == "count"}
        self._lengths: dict[str, list[int]] = {}  # how many, their sum, the longest
        cluster.closing.append(self._close)

    def count(self, harm: str, resource: str, node: str, epoch: int, detail: str, amount: int = 1) -> None:
        """Record a harm that `node` did under `epoch`, as often as `amount` says."""
        self._counts[harm] += amount
        now = self._cluster.now
        self._cluster.trace.milestone(Damaged(now, harm, resource, node, epoch, amount, detail))

    def measure(self, name: str, length_ns: int) -> None:
        """Add a length to those of that name, of which `<name>.mean` or `<name>.max` is a metric."""
        found = self._lengths.setdefault(name, [0, 0, 0])
        found[0] += 1
        found[1] += length_ns
        found[2] = max(found[2], length_ns)

    def _close(self) -> None:
        """Write the totals; lengths that were never measured have none."""
        totals = dict(self._counts)
        for name, (number, total, longest) in self._lengths.items():
            totals |= {f"{name}.mean": total // number, f"{name}.max": longest}
        for name in self._metrics:
            if name in totals:
                self._cluster.trace.milestone(DamageTotal(self._cluster.now, name, totals[name]))
