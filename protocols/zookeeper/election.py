"""Fast leader election: servers exchange votes until a quorum has the same one (FastLeaderElection.java).

lookForLeader, sendNotifications, totalOrderPredicate, checkLeader; the loop over the queue of
notifications has become a handler, its `poll` a timer.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.api import Host
from protocols.zookeeper.messages import Notification
from protocols.zookeeper.parameters import EnsembleParameters
from protocols.zookeeper.votes import LEADING, LOOKING, Vote, beats, supporters


class FastLeaderElection:
    """One server's part; `send(server, notification)` reaches a peer, `elected(vote)` is the result."""

    better = staticmethod(beats)

    def __init__(
        self,
        host: Host,
        me: int,
        voters: int,
        parameters: EnsembleParameters,
        send: Callable[[int, Notification], None],
        elected: Callable[[Vote], None],
    ) -> None:
        self._host = host
        self.me = me
        self._voters = voters
        self._parameters = parameters
        self._send = send
        self._elected = elected
        self.looking = False
        self.round = 0  # logicalclock
        self.proposal = Vote(me, 0, 0, 0)
        self._initial = self.proposal
        self.received: dict[int, Vote] = {}  # recvset: votes of this round
        self.outside: dict[int, Vote] = {}  # outofelection: votes of those who have a leader
        self._timeout_ns = 0
        self._poll = host.timer("notification", self._on_silence)
        self._final = host.timer("finalize", self._on_final)

    def start(self, zxid: int, peer_epoch: int) -> None:
        """Look for a leader, with an own history up to `zxid` of the leader of `peer_epoch`."""
        self.looking = True
        self.received.clear()
        self.outside.clear()
        self._timeout_ns = self._parameters.notification_min
        self._enter_round(self.round + 1)
        self._initial = Vote(self.me, zxid, peer_epoch, self.round)
        self._propose(self._initial)
        self._wait_or_finish()

    def stop(self) -> None:
        """Look no longer."""
        self.looking = False
        self._poll.cancel()
        self._final.cancel()

    def on_notification(self, source: int, notification: Notification) -> None:
        """Take a vote."""
        finishing = self._has_quorum()
        vote = notification.vote
        if finishing and not self.better(vote, self.proposal):
            self._final.set(
                self._parameters.finalize_wait
            )  # the poll begins again; the vote is not looked at
            return
        if vote.state == LOOKING:
            if self._take_vote(source, notification):
                self.received[source] = vote
        elif self._join(source, vote):
            return
        self._wait_or_finish()

    def _take_vote(self, source: int, notification: Notification) -> bool:
        """Return whether a vote is one of this round, after adopting it if it is better."""
        vote = notification.vote
        if notification.round < self.round:
            return False
        if notification.round > self.round:
            self._enter_round(notification.round)
            self.received.clear()
            self._initial = self._initial_in(self.round)
            self._propose(self._adopted(vote) if self.better(vote, self._initial) else self._initial)
        elif self.better(vote, self.proposal):
            self._propose(self._adopted(vote))
        return True

    def _enter_round(self, number: int) -> None:
        self.round = number

    def _initial_in(self, number: int) -> Vote:
        initial = self._initial
        return Vote(initial.leader, initial.zxid, initial.peer_epoch, number)

    def _adopted(self, vote: Vote) -> Vote:
        return Vote(vote.leader, vote.zxid, vote.peer_epoch, self.round)

    def _join(self, source: int, vote: Vote) -> bool:
        """Follow an ensemble that has a leader, if a quorum says so and the leader itself does."""
        if vote.election_epoch == self.round:
            self.received[source] = vote
            if self._established(self.received, vote):
                self._finish(vote)
                return True
        self.outside[source] = vote
        if self._established(self.outside, vote):
            self._enter_round(vote.election_epoch)
            self._finish(vote)
            return True
        return False

    def _established(self, votes: dict[int, Vote], vote: Vote) -> bool:
        if supporters(votes.values(), vote) <= self._voters // 2:
            return False
        if vote.leader == self.me:
            return vote.election_epoch == self.round
        leader = votes.get(vote.leader)
        return leader is not None and leader.state == LEADING

    def _propose(self, vote: Vote) -> None:
        self.proposal = self.received[self.me] = vote
        self.notify()

    def notify(self) -> None:
        """Tell all peers for whom this server votes (sendNotifications)."""
        for server in range(1, self._voters + 1):
            if server != self.me:
                self._send(server, Notification(self.proposal, self.round))

    def _has_quorum(self) -> bool:
        return supporters(self.received.values(), self.proposal) > self._voters // 2

    def _wait_or_finish(self) -> None:
        if self._has_quorum():
            self._poll.cancel()
            self._final.set(self._parameters.finalize_wait)
        else:
            self._final.cancel()
            self._poll.set(self._timeout_ns)

    def _on_silence(self) -> None:
        """Nothing came for a while: say it again, and wait twice as long."""
        self.notify()
        self._timeout_ns = min(2 * self._timeout_ns, self._parameters.notification_max)
        self._poll.set(self._timeout_ns)

    def _on_final(self) -> None:
        self._finish(self.proposal)

    def _finish(self, vote: Vote) -> None:
        self.stop()
        self._elected(vote)
