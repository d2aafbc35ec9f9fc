"""What faults do to disks."""

from __future__ import annotations

from collections.abc import Callable

from sim.faults.ongoing import Ongoing
from sim.node import Node
from sim.scenario.faults import DiskFault


def disk(ongoing: Ongoing) -> None:
    action: DiskFault = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        _DISK[action.kind](ongoing, node)
        node.disk.assess()


def _stall(ongoing: Ongoing, node: Node) -> None:
    node.disk.stall()
    ongoing.at_end(node.disk.release)


def _fsync(ongoing: Ongoing, node: Node) -> None:
    action: DiskFault = ongoing.fault.action  # type: ignore[assignment]
    cluster, index = ongoing.cluster, ongoing.fault.index
    assert action.fsync is not None
    stream = f"{node.name} fault {index} at {cluster.now}"
    node.disk.set_speed(cluster.plan.disk.write, action.fsync, cluster.seed, stream)
    ongoing.at_end(lambda: cluster.set_usual_disk_speed(node, f"{node.name} after fault {index} {cluster.now}"))


def _full(ongoing: Ongoing, node: Node) -> None:
    node.disk.full = True

    def make_room() -> None:
        node.disk.full = False
        node.disk.assess()

    ongoing.at_end(make_room)


def _lying(ongoing: Ongoing, node: Node) -> None:
    node.disk.lying = True
    ongoing.at_end(node.disk.tell_truth)


def _corrupt(ongoing: Ongoing, node: Node) -> None:
    node.disk.corrupt = True
    ongoing.at_end(lambda: setattr(node.disk, "corrupt", False))


def _torn(ongoing: Ongoing, node: Node) -> None:
    """While it lasts, every crash of the node leaves a part of what was not synchronised."""
    ongoing.cluster.torn.append(node.name)
    ongoing.at_end(lambda: ongoing.cluster.torn.remove(node.name))


_DISK: dict[str, Callable[[Ongoing, Node], None]] = {
    "stall": _stall,
    "fsync": _fsync,
    "full": _full,
    "lying": _lying,
    "corrupt": _corrupt,
    "torn": _torn,
}
