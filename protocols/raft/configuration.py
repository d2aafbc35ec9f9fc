"""Who the members of a cluster are: voters, learners, and in between the voters of before.

Raft §6 (joint consensus), Dissertation §4.1 (one server at a time) and §4.2.1 (servers without a vote).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from protocols.api import NodeId, record
from protocols.operations import ChangeMembers
from protocols.quorum import has_majority


@record
class Configuration:
    """The command of an entry that changes the members. `outgoing`: the old voters, while both decide."""

    voters: tuple[NodeId, ...]
    learners: tuple[NodeId, ...] = ()
    outgoing: tuple[NodeId, ...] = ()

    @property
    def deciding(self) -> tuple[NodeId, ...]:
        """Return everyone who has a vote, of the new and of the old voters, once."""
        return tuple(dict.fromkeys((*self.voters, *self.outgoing)))

    @property
    def members(self) -> tuple[NodeId, ...]:
        """Return everyone who gets entries, once."""
        return tuple(dict.fromkeys((*self.voters, *self.outgoing, *self.learners)))

    @property
    def sets(self) -> tuple[tuple[NodeId, ...], ...]:
        """Return the sets of voters of each of which a majority must agree."""
        return (self.voters, self.outgoing) if self.outgoing else (self.voters,)

    def is_quorum(self, acks: Container[NodeId]) -> bool:
        """Return whether these decide: a majority of the voters, and while joint of the old ones too (§6)."""
        return all(has_majority(voters, acks) for voters in self.sets)

    def left(self) -> Configuration:
        """Return the configuration after the joint one: C_new (§6)."""
        return Configuration(self.voters, self.learners)


@record
class ConfiguredState:
    """A snapshot of the state machine with the configuration as of its last entry (§7)."""

    configuration: Configuration
    state: Any


def changed(now: Configuration, change: ChangeMembers) -> Configuration:
    """Return the configuration that `change` asks for, from one that is not joint.

    Nobody is in it twice; a change that would leave no voter changes nothing.
    """
    gone = {*change.removed, *change.learners}
    voters = tuple(dict.fromkeys(node for node in (*now.voters, *change.voters) if node not in gone))
    others = {*voters, *change.removed}
    learners = tuple(dict.fromkeys(n for n in (*now.learners, *change.learners) if n not in others))
    return Configuration(voters, learners) if voters else now


def one_step(now: Configuration, wanted: Configuration) -> Configuration:
    """Return the next configuration on the way from `now` to `wanted` in which one voter is different.

    Any two majorities of neighbours overlap then (Dissertation §4.1). Voters come before others go, and
    learners, who have no vote, all at once.
    """
    for node in wanted.voters:
        if node not in now.voters:
            return Configuration((*now.voters, node), tuple(n for n in now.learners if n != node))
    for node in now.voters:
        if node not in wanted.voters:
            left = tuple(n for n in now.voters if n != node)
            return Configuration(left, wanted.learners if node in wanted.learners else now.learners)
    return wanted
