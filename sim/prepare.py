"""From a scenario to a plan: names become nodes, blocks become what the engine reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from protocols import registry as protocols
from protocols.api import Group
from sim.distributions import Constant, Distribution
from sim.network.spec import LinkSpec
from sim.plan import ClockPlan, DiskPlan, Grants, NtpPlan, Plan, group_of, nodes_of
from sim.scenario.machines import Piecewise, RandomWalk
from sim.scenario.network import LinkOverride, Network
from sim.scenario.selectors import Node, Region, Role, Selector, Several
from sim.workloads import registry as workloads

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.scenario.machines import Clocks, Disk


def prepare(scenario: Scenario) -> Plan:
    """Return the plan of a scenario, good for any number of seeds."""
    protocol = protocols.get(scenario.protocol.name)
    parameters = scenario.protocol.parameters
    nodes = nodes_of(protocol, parameters)
    workload = None if scenario.workload is None else workloads.get(scenario.workload.name)
    work = None if scenario.workload is None else scenario.workload.parameters
    clients = workload.clients(work) if workload else ()
    resources = workload.resources(work, protocol) if workload else ()
    group = group_of(nodes, clients, resources)
    regions = scenario.network.regions.place if scenario.network.regions else {}
    converge = scenario.converge
    weighed = any(c.metric == "cost.bytes" for c in (*scenario.reach, *scenario.expect))
    return Plan(
        name=scenario.name,
        protocol=protocol,
        parameters=parameters,
        group=group,
        roles=nodes,
        duration_ns=scenario.duration_ns,
        link=_links(scenario.network, group, regions),
        disk=_disk(scenario.disk),
        clocks=_clocks(scenario.clocks, (*nodes, *clients, *resources)),
        service_time=scenario.nodes.service_time,
        log_lengths=() if scenario.initial is None else scenario.initial.log_lengths,
        shuffle_logs=scenario.initial is not None and scenario.initial.shuffle,
        workload=workload,
        workload_parameters=work,
        faults=tuple(scenario.faults),
        regions=regions,
        bound_ns=scenario.bound_ns,
        seeded_ties=scenario.tie_break == "seeded",
        converge_at_ns=None if converge is None else converge.heal_at_ns,
        converge_within_ns=0 if converge is None else converge.within_ns,
        stop_when=scenario.stop_when,
        grants=_grants(scenario),
        broken_rules=(
            *scenario.protocol.broken_rules,
            *(() if scenario.workload is None else scenario.workload.broken_rules),
        ),
        weigh=weighed,
    )


def _grants(scenario: Scenario) -> Grants:
    found = scenario.grants
    if found is None:
        return Grants()
    return Grants(found.clock_rate_ppb, found.clock_error_ns, found.pause_ns, found.delay_ns)


# Network -------------------------------------------------------------------------------------------


def _links(network: Network, group: Group, regions: Mapping[str, str]) -> Callable[[str, str], LinkSpec]:
    """Return the function from two nodes to what the link between them is like, remembering answers."""
    usual = LinkSpec(
        latency=network.latency,
        loss=network.loss,
        duplicate=network.duplicate,
        reorder=network.reorder.share,
        reorder_by=network.reorder.by,
        fifo=network.fifo,
        bytes_per_second=network.bandwidth,
    )
    overrides = [
        (_nodes(link.source, group, regions), _nodes(link.target, group, regions), _changes(link))
        for link in network.links
    ]
    known: dict[tuple[str, str], LinkSpec] = {}

    def link(source: str, target: str) -> LinkSpec:
        found = known.get((source, target))
        if found is None:
            found = _placed(usual, network, source, target)
            for sources, targets, changes in overrides:
                if source in sources and target in targets:
                    found = replace(found, **changes)  # type: ignore[arg-type]
            known[source, target] = found
        return found

    return link


def _placed(usual: LinkSpec, network: Network, source: str, target: str) -> LinkSpec:
    """Return the link between two places; the usual one if one of the nodes has no place."""
    regions = network.regions
    if regions is None or source not in regions.place or target not in regions.place:
        return usual
    one_way = regions.one_way_ns[regions.place[source], regions.place[target]]
    jitter = None if regions.jitter == Constant(0) else regions.jitter
    return replace(usual, latency=Constant(one_way), extra_latency=jitter)


def _changes(link: LinkOverride) -> dict[str, object]:
    """Return the fields of a LinkSpec that an override sets."""
    changes: dict[str, object] = {
        "loss": link.loss,
        "duplicate": link.duplicate,
        "fifo": link.fifo,
        "bytes_per_second": link.bandwidth,
    }
    if link.latency is not None:
        changes |= {"latency": link.latency}
    if link.reorder is not None:
        changes |= {"reorder": link.reorder.share, "reorder_by": link.reorder.by}
    found = {name: value for name, value in changes.items() if value is not None}
    return found | ({"extra_latency": None} if link.latency is not None else {})


def _nodes(selector: Selector, group: Group, regions: Mapping[str, str]) -> frozenset[str]:
    """Return the nodes that a selector without words (but `all`) means."""
    if isinstance(selector, Several):
        return frozenset().union(*(_nodes(part, group, regions) for part in selector.parts))
    if isinstance(selector, Node):
        return frozenset((selector.name,))
    if isinstance(selector, Role):
        return frozenset(getattr(group, selector.name))
    if isinstance(selector, Region):
        return frozenset(node for node, region in regions.items() if region == selector.name)
    return frozenset((*group.contenders, *group.servers))


# Machines ------------------------------------------------------------------------------------------


def _disk(disk: Disk) -> DiskPlan:
    stalls = disk.stalls
    return DiskPlan(
        write=disk.write,
        fsync=disk.fsync,
        torn_writes=disk.torn_writes,
        stall_every=None if stalls is None else stalls.every,
        stall_length=None if stalls is None else stalls.length,
    )


def _clocks(clocks: Clocks, nodes: tuple[str, ...]) -> ClockPlan:
    model, ntp = clocks.drift_model, clocks.ntp
    walk = model if isinstance(model, RandomWalk) else RandomWalk(0, 0, 0)
    return ClockPlan(
        drift=_drifts(clocks, nodes),
        offset=clocks.offset,
        walk_step_ppb=walk.step_ppb,
        walk_every_ns=walk.every_ns,
        walk_limit_ppb=walk.limit_ppb,
        pieces=model.pieces if isinstance(model, Piecewise) else (),
        ntp=None if ntp is None else NtpPlan(ntp.every_ns, ntp.mode == "step", ntp.slew_rate_ppb, ntp.error),
    )


def _drifts(clocks: Clocks, nodes: tuple[str, ...]) -> dict[str, Distribution]:
    drift = clocks.drift
    found = {node: drift.of_node.get(node, drift.default) for node in nodes}
    return {node: distribution for node, distribution in found.items() if distribution != Constant(0)}
