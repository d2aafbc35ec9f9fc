"""What faults do to disks."""

from __future__ import annotations

from collections.abc import Callable

from sim.distributions import Distribution
from sim.faults.ongoing import Ongoing
from sim.node import Node
from sim.scenario.faults import DiskFault


def disk(ongoing: Ongoing) -> None:
    """Let something happen to the disks."""
    action: DiskFault = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        _DISK[action.kind](ongoing, node)
        node.disk.assess()


def _stall(ongoing: Ongoing, node: Node) -> None:
    node.disk.stall()
    ongoing.at_end(node.disk.release)


def _fsync(ongoing: Ongoing, node: Node) -> None:
    """Let the disk synchronise as the newest fault that is on says."""
    action: DiskFault = ongoing.fault.action  # type: ignore[assignment]
    _synchronise(ongoing, node, action.fsync, "fault")
    ongoing.replace(
        ("fsync", node.name, 0),
        action.fsync,
        lambda fsync: _synchronise(ongoing, node, fsync, "after fault"),
    )


def _synchronise(ongoing: Ongoing, node: Node, fsync: Distribution | None, when: str) -> None:
    """Let synchronising take so long; None: as long as usual. Draws come from streams of their own."""
    cluster = ongoing.cluster
    stream = f"{node.name} {when} {ongoing.fault.index} at {cluster.now}"
    if fsync is None:
        cluster.set_usual_disk_speed(node, stream)
    else:
        node.disk.set_speed(cluster.plan.disk.write, fsync, cluster.seed, stream)


def _full(ongoing: Ongoing, node: Node) -> None:
    node.disk.full = True

    def make_room() -> None:
        node.disk.full = False
        node.disk.assess()

    ongoing.hold(("full", node.name, 0), make_room)


def _lying(ongoing: Ongoing, node: Node) -> None:
    node.disk.lying = True
    # From here on, not from the crash that exposes it: what commits now is on no disk.
    ongoing.cluster.broken(f"stable storage (the disk of {node.name} lies)")
    ongoing.hold(("lying", node.name, 0), node.disk.tell_truth)


def _corrupt(ongoing: Ongoing, node: Node) -> None:
    node.disk.corrupt = True
    ongoing.hold(("corrupt", node.name, 0), lambda: setattr(node.disk, "corrupt", False))


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
