"""When a server campaigns, beyond the paper's timer: ticks, candidates' own timeout, priorities.

etcd/raft (`tickElection`, `resetRandomizedElectionTimeout`); Raft Refloated (OSR 2015) for the separate
candidate timer; hashicorp/raft (`runFollower`) for polled contacts.
"""

from __future__ import annotations

from protocols.api import Group, Host, NodeId
from protocols.raft.announcing import Announcing
from protocols.raft.messages import InstallSnapshot
from protocols.raft.parameters import RaftParameters, priority_of
from protocols.raft.service import PLAIN, Seam
from protocols.raft.state import CANDIDATE, FOLLOWER, LEADER
from protocols.raft.storage import RaftStorage
from protocols.raft.timers import ContactTimer, PolledTimer, TickedContactTimer, Ticks, TickTimer


class Timing(Announcing):
    """Sets the timers, in ticks or not, and knows when a leader was last heard of."""

    __slots__ = ("_candidate_range", "_drawn", "_priorities", "_timer", "priority", "ticks")

    def __init__(
        self,
        host: Host,
        group: Group,
        parameters: RaftParameters,
        storage: RaftStorage,
        seam: Seam = PLAIN,
    ) -> None:
        super().__init__(host, group, parameters, storage, seam)
        first, last = parameters.candidate_timeout
        usual = self._timeout_from, self._timeout_to
        self._candidate_range = (first, max(last, first + 1)) if first else usual
        self.ticks: Ticks | None = None
        if parameters.tick:
            self.ticks = Ticks(host.now, parameters.tick, host.random.randrange(0, parameters.tick))
            self._draw_ticks()
            self._randrange = self._drawn_before
            self.heartbeat_timer = TickTimer(self.heartbeat_timer, self.ticks)
        self._prefer(group)
        self._timer = self.election_timer = self._contact_timer()

    def _contact_timer(self) -> ContactTimer:
        plain, now = self.election_timer, self.host.now
        if self.ticks is not None:
            return TickedContactTimer(plain, self.ticks, now)
        return (PolledTimer if self.parameters.polled_contact else ContactTimer)(plain, now)

    def _prefer(self, group: Group) -> None:
        """Let a server of lower priority time out later: by the shortest timeout per step.

        As long as it follows, that is. Who has campaigned may be the only one that can win, and would for
        ever be too late if it went on waiting for the others (NuRaft and JRaft lower the priority that they
        wait for when a timeout brought no leader: `decay_target_priority`, `decayTargetPriority`).
        """
        servers = group.servers
        self._priorities = {node: priority_of(self.parameters, n) for n, node in enumerate(servers)}
        self.priority = self._priorities[self.id]
        delay_ns = (max(self._priorities.values()) - self.priority) * self._timeout_from
        if delay_ns:
            drawn = self._randrange
            self._randrange = lambda start, stop: drawn(start, stop) + delay_ns * (self.role == FOLLOWER)

    # Draws --------------------------------------------------------------------------------------

    def _draw_ticks(self) -> None:
        """Draw the timeout that holds until the next draw (etcd: resetRandomizedElectionTimeout)."""
        ticks = self.parameters.election_ticks
        self._drawn = self.host.random.randrange(ticks, 2 * ticks) * self.parameters.tick

    def _drawn_before(self, start: int, stop: int) -> int:
        return self._drawn

    def _set_term(self, term: int, voted_for: NodeId | None) -> None:
        super()._set_term(term, voted_for)
        if self.ticks is not None:
            self._draw_ticks()

    def _reset_election_timer(self) -> None:
        low, high = (self._timeout_from, self._timeout_to)
        if self.role == CANDIDATE:
            low, high = self._candidate_range
        self._timer.rearm(self._randrange(low, high))

    # What happens -------------------------------------------------------------------------------

    def on_install_snapshot(self, source: NodeId, message: InstallSnapshot) -> None:
        """Handle InstallSnapshot; it is a contact with the leader as well."""
        super().on_install_snapshot(source, message)
        if source == self.leader_id and message.term == self.current_term:
            self._timer.set(self._randrange(self._timeout_from, self._timeout_to))

    def _on_election_timer(self) -> None:
        if self._timer.postpones(self._timeout_from):
            self._reset_election_timer()
        elif self._promotable():
            self._campaign()
        else:
            # It waits for others, but does not send clients to a leader that it has long not heard.
            self.leader_id = None
            self._reset_election_timer()

    def campaign(self) -> None:
        """Stand for election at once, with pre-vote where that is on (etcd's `Campaign`)."""
        if self.role != LEADER and self._may_campaign():
            self._campaign()

    def _campaign(self) -> None:
        self._become_candidate()

    def _promotable(self) -> bool:
        """Return whether this server campaigns on its own; priority 0 says never."""
        return self.priority > 0 and self._may_campaign()

    def _may_campaign(self) -> bool:
        """Return whether this server may lead at all (etcd: promotable)."""
        return True

    def _priority(self, node: NodeId) -> int:
        return self._priorities[node]

    def _heard_recently(self) -> bool:
        """Return whether a leader is known and was heard of within the shortest election timeout."""
        return self.leader_id is not None and self._timer.heard_within(self._timeout_from)
