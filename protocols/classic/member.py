"""What all members of a group have in common: the others, epochs, and who leads as far as they know."""

from __future__ import annotations

from protocols.api import Group, Host, NodeId


class Member:
    """One member of a group that elects one of its own.

    Members are ranked by their place in the group, the last one highest. An epoch is a round and the rank
    of the member that leads it, `round * n + rank`, so that no two members ever lead in the same one.
    """

    def __init__(self, host: Host, group: Group) -> None:
        self.host = host
        self.id = host.id
        self.members = group.contenders
        self.rank = self.members.index(host.id)
        self.peers = tuple(member for member in self.members if member != host.id)
        self.leading: int | None = None  # the epoch under which this member leads
        self.leader: NodeId | None = None
        self.leader_epoch = 0  # of the latest leader that is known

    def epoch(self, round_: int) -> int:
        """Return the epoch in which this member would lead in a round."""
        return round_ * len(self.members) + self.rank

    def round_of(self, epoch: int) -> int:
        """Return the round that an epoch belongs to."""
        return epoch // len(self.members)

    def owner(self, epoch: int) -> NodeId:
        """Return who leads in an epoch, if anybody does."""
        return self.members[epoch % len(self.members)]

    def send_all(self, message: object, to: tuple[NodeId, ...] | None = None) -> None:
        """Send to all the others, or to some."""
        for member in self.peers if to is None else to:
            self.host.send(member, message)

    def lead(self, epoch: int) -> None:
        """Begin to lead."""
        self.leading = epoch
        self.leader, self.leader_epoch = self.id, epoch
        self.host.lead(epoch)

    def know_leader(self, leader: NodeId, epoch: int, reason: str) -> None:
        """Follow a leader, and say so when it is news."""
        self.step_down(reason)
        if (leader, epoch) != (self.leader, self.leader_epoch):
            self.leader, self.leader_epoch = leader, epoch
            self.host.note("leader_known", leader, epoch)

    def step_down(self, reason: str) -> None:
        """Stop leading, if this member did."""
        if self.leading is not None:
            self.leading = None
            self.host.follow(reason)
