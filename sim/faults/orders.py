"""What an administrator orders: stop, hand over, change the members. Processes get them as messages."""

from __future__ import annotations

from typing import Any

from protocols.operations import ChangeMembers, Stop, TransferLeadership
from sim.errors import UserError
from sim.faults.ongoing import Ongoing
from sim.faults.targets import Names
from sim.node import Node
from sim.scenario.orders import Members, Transfer


def stop(ongoing: Ongoing) -> None:
    """Tell processes to end; what has not ended by the time of its restart is killed."""
    for node in ongoing.nodes:
        if node.process is None:
            continue
        incarnation = node.incarnation
        if _knows(node, Stop):
            node.receive(node.name, Stop(lambda node=node, n=incarnation: _end(node, n)))  # type: ignore[misc]
        else:
            node.crash("stop")
        ongoing.hold(("down", node.name, 0), lambda node=node, n=incarnation: _again(node, n))  # type: ignore[misc]


def _end(node: Node, incarnation: int) -> None:
    """Let a process end after the step under way."""
    if node.process is not None and node.incarnation == incarnation:
        node.dies("stop")


def _again(node: Node, incarnation: int) -> None:
    if node.process is not None and node.incarnation == incarnation:
        node.crash("stop")
    node.start()


def transfer(ongoing: Ongoing) -> None:
    """Tell leaders to hand over.

    Raises:
        UserError: processes of this protocol know no such order.
    """
    action: Transfer = ongoing.fault.action  # type: ignore[assignment]
    targets = ongoing.groups[0]
    to = ongoing.groups[1] if action.to is not None else ()
    if action.to is not None and not to:
        return  # there is no such node just now
    _order(ongoing, targets, TransferLeadership(to[0] if to else None))


def members(ongoing: Ongoing) -> None:
    """Tell leaders to change who the members are.

    Raises:
        UserError: processes of this protocol know no such order.
    """
    action: Members = ongoing.fault.action  # type: ignore[assignment]
    targets, *rest = ongoing.groups
    groups = iter(rest)
    voters, learners, removed = (
        () if part is None else next(groups) for part in (action.voters, action.learners, action.removed)
    )
    _order(ongoing, targets, ChangeMembers(voters, learners, removed))


def _order(ongoing: Ongoing, targets: Names, order: Any) -> None:
    for name in targets:
        node = ongoing.cluster.nodes[name]
        if node.process is None:
            continue
        if not _knows(node, type(order)):
            action, protocol = ongoing.fault.action.name, ongoing.cluster.plan.protocol.name
            raise UserError(
                f"{action}: a {protocol} process as it is set does not know this order "
                "(Raft: leadership_transfer, membership)"
            )
        node.receive(name, order)


def _knows(node: Node, order: type) -> bool:
    return node.process is not None and order in node.process.handlers
