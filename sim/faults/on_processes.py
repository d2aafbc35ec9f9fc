"""What faults do to processes: crash, restart, pause, slow."""

from __future__ import annotations

from sim.distributions import Constant
from sim.faults.ongoing import Ongoing
from sim.network.draws import Lengths
from sim.node import Node
from sim.sampling import Sampler
from sim.scenario.faults import Crash, Slow

SLOW_BASE_NS = 10_000
"""A slowed node takes `factor` times its service time per message, or times this if it has none."""


def crash(ongoing: Ongoing) -> None:
    action: Crash = ongoing.fault.action  # type: ignore[assignment]
    for node in ongoing.nodes:
        _kill(ongoing, node, action.host_up)
        ongoing.at_end(node.start)


def _kill(ongoing: Ongoing, node: Node, host_up: bool) -> None:
    """Crash a node; in a share of crashes a part of what was not synchronised survives."""
    cluster = ongoing.cluster
    torn = ongoing.stream.chance(cluster.plan.disk.torn_writes) or node.name in cluster.torn
    survivors = ongoing.stream.randrange(0, len(node.disk.unsynced) + 1)
    if node.crash("crash", host_up, survivors if torn else 0):
        cluster.broken(f"stable storage (the disk of {node.name} lied)")


def restart(ongoing: Ongoing) -> None:
    for node in ongoing.nodes:
        node.start()


def pause(ongoing: Ongoing) -> None:
    for node in ongoing.nodes:
        node.pause()
        ongoing.at_end(lambda node=node: node.resume(ongoing.stream.chance(0.5)))  # type: ignore[misc]


def slow(ongoing: Ongoing) -> None:
    action: Slow = ongoing.fault.action  # type: ignore[assignment]
    cluster = ongoing.cluster
    usual = cluster.plan.service_time
    base = Constant(SLOW_BASE_NS) if usual == Constant(0) else usual
    for node in ongoing.nodes:
        stream = f"{node.name} service fault {ongoing.fault.index}"
        node.set_service_time(Lengths(Sampler(base, cluster.seed.key(stream))), action.factor)
        ongoing.at_end(lambda node=node: cluster.set_usual_service_time(node))  # type: ignore[misc]
