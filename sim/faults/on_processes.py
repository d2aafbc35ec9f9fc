"""What faults do to processes: crash, restart, pause, slow."""

from __future__ import annotations

from sim.distributions import Constant
from sim.errors import UserError
from sim.faults.claims import Key
from sim.faults.ongoing import Ongoing
from sim.network.draws import Lengths
from sim.node import Node
from sim.sampling import Sampler
from sim.scenario.faults import Crash, Slow

SLOW_BASE_NS = 10_000
"""A slowed node takes `factor` times its service time per message, or times this if it has none."""


def crash(ongoing: Ongoing) -> None:
    """Kill the processes; each starts again when the last of the crashes that hit it is over."""
    action: Crash = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        _kill(ongoing, node, action.host_up)
        ongoing.hold(_down(node), lambda node=node: node.start())  # type: ignore[misc]


def _down(node: Node) -> Key:
    return "down", node.name, 0


def _kill(ongoing: Ongoing, node: Node, host_up: bool) -> None:
    """Crash a node; in a share of crashes a part of what was not synchronised survives."""
    cluster = ongoing.cluster
    torn = ongoing.stream.chance(cluster.plan.disk.torn_writes) or node.name in cluster.torn
    survivors = ongoing.stream.randrange(0, len(node.disk.unsynced) + 1)
    if node.crash("crash", host_up, survivors if torn else 0):
        cluster.broken(f"stable storage (the disk of {node.name} lied)")


def restart(ongoing: Ongoing) -> None:
    """Start what is down; the crashes that it was down from have nothing left to end."""
    for node in ongoing.nodes:
        ongoing.claims.drop(_down(node))
        node.start()


def campaign(ongoing: Ongoing) -> None:
    """Tell running processes to stand for election; one that leads goes on leading.

    Raises:
        UserError: processes of this protocol know no such order.
    """
    for node in ongoing.nodes:
        if node.process is not None and not node.paused:
            order = getattr(node.process, "campaign", None)
            if order is None:
                name = ongoing.cluster.plan.protocol.name
                raise UserError(f"campaign: a {name} process cannot be told to stand for election")
            order()


def pause(ongoing: Ongoing) -> None:
    """Let the processes stand still; a process that crashes meanwhile, and starts again, runs."""
    for node in ongoing.nodes:
        node.pause()
        ongoing.hold(
            ("paused", node.name, node.incarnation),
            lambda node=node: node.resume(ongoing.stream.chance(0.5)),  # type: ignore[misc]
        )


def slow(ongoing: Ongoing) -> None:
    """Let the processors be slow, by the factor of the newest fault that is on."""
    action: Slow = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        _work(ongoing, node, action.factor)
        ongoing.replace(
            ("slow", node.name, 0),
            action.factor,
            lambda factor, node=node: _work(ongoing, node, factor),  # type: ignore[misc]
        )


def _work(ongoing: Ongoing, node: Node, factor: float | None) -> None:
    """Let a processor be so many times as slow as usual; None: as fast as usual."""
    cluster = ongoing.cluster
    if factor is None:
        cluster.set_usual_service_time(node)
        return
    usual = cluster.plan.service_time
    base = Constant(SLOW_BASE_NS) if usual == Constant(0) else usual
    stream = f"{node.name} service fault {ongoing.fault.index}"
    node.set_service_time(Lengths(Sampler(base, cluster.seed.key(stream))), factor)
