"""What faults do to links: cuts of every shape, and links that behave badly."""

from __future__ import annotations

from dataclasses import replace

from sim.faults import cuts
from sim.faults.ongoing import Ongoing
from sim.network.spec import LinkSpec
from sim.scenario.faults import Degrade, Flap, Isolate


def partition(ongoing: Ongoing) -> None:
    """Cut the links between different groups."""
    ongoing.cut(cuts.groups(ongoing.groups), ongoing.fault.action.hold)  # type: ignore[union-attr]


def cut(ongoing: Ongoing) -> None:
    """Cut the links from the sources to the targets."""
    ongoing.cut(cuts.between(*ongoing.groups), ongoing.fault.action.hold)  # type: ignore[union-attr]


def isolate(ongoing: Ongoing) -> None:
    """Cut each target off from everybody else."""
    action: Isolate = ongoing.fault.action  # type: ignore[assignment]
    cluster, targets = ongoing.cluster, ongoing.groups[0]
    ongoing.cut(cuts.isolate(targets, ongoing.everyone, action.direction), action.hold)
    if action.silent_after_ns is None:
        return
    pairs = cuts.isolate(targets, ongoing.everyone, "out" if action.direction == "in" else "in")
    over = False

    def silence(_: object) -> None:
        if not over:
            cluster.network.cut(ongoing, pairs, "hold" if action.hold else "drop")

    def stop() -> None:
        nonlocal over
        over = True

    cluster.kernel.call_at(cluster.now + action.silent_after_ns, silence)
    ongoing.at_end(stop)


def bridge(ongoing: Ongoing) -> None:
    """Let two halves see each other through the targets only."""
    pairs = cuts.bridge(ongoing.groups[0], ongoing.cluster.servers)
    ongoing.cut(pairs, ongoing.fault.action.hold)  # type: ignore[union-attr]


def ring(ongoing: Ongoing) -> None:
    """Let every server see a majority, and no two the same."""
    pairs = cuts.majorities_ring(ongoing.cluster.servers)
    ongoing.cut(pairs, ongoing.fault.action.hold)  # type: ignore[union-attr]


def flap(ongoing: Ongoing) -> None:
    """Cut and heal the links between two sides in turns, cut first."""
    action: Flap = ongoing.fault.action  # type: ignore[assignment]
    pairs = cuts.both_ways(*ongoing.groups)
    network, kernel = ongoing.cluster.network, ongoing.cluster.kernel
    over = False

    def down(_: object) -> None:
        if not over:
            network.cut(ongoing, pairs, "hold" if action.hold else "drop")
            kernel.call_at(ongoing.cluster.now + action.down_ns, up)

    def up(_: object) -> None:
        if not over:
            network.heal(ongoing)
            kernel.call_at(ongoing.cluster.now + action.up_ns, down)

    def stop() -> None:
        nonlocal over
        over = True
        network.heal(ongoing)

    ongoing.at_end(stop)
    down(None)


def degrade(ongoing: Ongoing) -> None:
    """Let links behave differently."""
    action: Degrade = ongoing.fault.action  # type: ignore[assignment]
    network = ongoing.cluster.network
    specs = {pair: _degraded(network.spec(*pair), action) for pair in cuts.between(*ongoing.groups)}
    network.degrade(ongoing, specs, f"fault {ongoing.fault.index} at {ongoing.cluster.now}")
    ongoing.at_end(lambda: network.restore(ongoing))


def _degraded(usual: LinkSpec, action: Degrade) -> LinkSpec:
    changes: dict[str, object] = {}
    if action.latency is not None:
        changes |= {"latency": action.latency, "extra_latency": None}
    if action.loss is not None:
        changes["loss"] = action.loss
    if action.duplicate is not None:
        changes["duplicate"] = action.duplicate
    if action.reorder is not None:
        changes |= {"reorder": action.reorder.share, "reorder_by": action.reorder.by}
    if action.bandwidth is not None:
        changes["bytes_per_second"] = action.bandwidth
    return replace(usual, **changes)  # type: ignore[arg-type]
