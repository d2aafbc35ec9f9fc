"""Viewstamped Replication: the members take turns; a view changes when a majority wants it to.

Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021: view changes (§4.2)
and recovery (§4.3), without the log that they carry: who leads depends on the number of the view alone.
What a member was in is not on its disk: one that comes back asks the others, and is silent until it knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocols.api import Assumptions, Group, Handler, Host, NodeId, ProtocolSpec, Role, message, parameter
from protocols.classic.member import Member
from protocols.classic.storage import Highest, HighestStorage

MS = 1_000_000
NORMAL, VIEW_CHANGE, RECOVERING = "normal", "view-change", "recovering"


@dataclass(frozen=True, slots=True)
class ViewstampedParameters:
    """The settings of a group."""

    nodes: int = parameter(5, "count", "Number of replicas, 2f + 1 for f failures.", minimum=1)
    view_change_timeout: tuple[int, int] = parameter(
        (150 * MS, 300 * MS),
        "duration_range",
        "A replica that does not hear the primary, or sees no end of a view change, tries the next one.",
    )
    heartbeat_interval: int = parameter(
        50 * MS, "duration", "The primary sends COMMIT at least this often.", minimum=1
    )


def check(parameters: ViewstampedParameters) -> Iterator[str]:
    """Yield one sentence for each rule that the settings break."""
    shortest, longest = parameters.view_change_timeout
    if longest < shortest:
        yield f"view_change_timeout ends ({longest} ns) before it begins ({shortest} ns)"
    if parameters.heartbeat_interval >= shortest:
        yield "heartbeat_interval must be shorter than the shortest view_change_timeout"


@message
class StartViewChange:
    """The sender wants that view (§4.2, step 1)."""

    view: int


@message
class DoViewChange:
    """To the primary of the view: the sender has seen that enough want it (§4.2, step 2)."""

    view: int


@message
class StartView:
    """From the new primary: the view has begun (§4.2, step 3)."""

    view: int


@message
class Commit:
    """From the primary, when there is nothing else to say (§4.1, step 6)."""

    view: int


@message
class Recovery:
    """From a replica that has crashed: what view is it? (§4.3, step 1)"""

    nonce: int


@message
class RecoveryResponse:
    """The view, and whether the sender is its primary (§4.3, step 2)."""

    view: int
    nonce: int
    is_primary: bool


class Viewstamped(Member):
    """One incarnation of one replica. An epoch is the number of the view plus 1, so that 0 is before all."""

    def __init__(
        self, host: Host, group: Group, parameters: ViewstampedParameters, storage: HighestStorage
    ) -> None:
        super().__init__(host, group)
        self.parameters = parameters
        self.faults = (len(self.members) - 1) // 2  # f
        self.incarnation = storage.number
        self.view = 0
        self.status = NORMAL if not self.incarnation else RECOVERING
        self.wanted_by: set[NodeId] = set()
        self.confirmed_by: set[NodeId] = set()
        self.responses: dict[NodeId, RecoveryResponse] = {}
        self._timer = host.timer("view change", self._on_timer)
        self._beat = host.timer("heartbeat", self._on_beat)
        self.handlers: Mapping[type, Handler] = {
            StartViewChange: self.on_start_view_change,
            DoViewChange: self.on_do_view_change,
            StartView: self.on_start_view,
            Commit: self.on_start_view,
            Recovery: self.on_recovery,
            RecoveryResponse: self.on_recovery_response,
        }

    def primary(self, view: int) -> NodeId:
        """Return the primary of a view: the members take turns (§4)."""
        return self.members[view % len(self.members)]

    def start(self) -> None:
        """Begin in view 0, or find out what view it is after a crash."""
        self.host.save(Highest(self.incarnation + 1))
        self._reset()
        if self.status == RECOVERING:
            self.send_all(Recovery(self.incarnation))
        elif self.primary(0) == self.id:
            self._begin()

    def _on_timer(self) -> None:
        """The primary is silent, or the view change does not come to an end: try the next view."""
        self._reset()
        if self.status == RECOVERING:
            self.send_all(Recovery(self.incarnation))
        else:
            self.campaign()

    def campaign(self) -> None:
        """Want the next view (§4.2, step 1)."""
        if self.status != RECOVERING:
            self._want(self.view + 1)

    def _want(self, view: int) -> None:
        self.view, self.status = view, VIEW_CHANGE
        self.wanted_by, self.confirmed_by = set(), set()
        self.step_down("view change")
        self._beat.cancel()
        self._reset()
        self.host.note("campaigned", view + 1)
        self.send_all(StartViewChange(view))
        self._confirm_if_wanted()

    def on_start_view_change(self, source: NodeId, message: StartViewChange) -> None:
        """Want it too; with f others, confirm it to its primary (§4.2, steps 1 and 2)."""
        if self._is_late(message.view):
            return
        if message.view > self.view:
            self._want(message.view)
        if self.status == VIEW_CHANGE:
            self.wanted_by.add(source)
            self._confirm_if_wanted()

    def _confirm_if_wanted(self) -> None:
        if len(self.wanted_by) < self.faults:
            return
        primary = self.primary(self.view)
        if primary == self.id:
            self._confirmed(self.id)
        elif self.id not in self.confirmed_by:
            self.confirmed_by.add(self.id)
            self.host.send(primary, DoViewChange(self.view))

    def on_do_view_change(self, source: NodeId, message: DoViewChange) -> None:
        """Lead with f + 1 of these, the own one included (§4.2, step 3)."""
        if self._is_late(message.view):
            return
        if message.view > self.view:
            self._want(message.view)
        if self.status == VIEW_CHANGE:
            self._confirmed(source)

    def _confirmed(self, by: NodeId) -> None:
        self.confirmed_by.add(by)
        if len(self.confirmed_by) > self.faults and self.id in self.confirmed_by:
            self._begin()

    def _begin(self) -> None:
        self.status = NORMAL
        self._timer.cancel()
        self.lead(self.view + 1)
        self.send_all(StartView(self.view))
        self._beat.set(self.parameters.heartbeat_interval)

    def on_start_view(self, source: NodeId, message: StartView | Commit) -> None:
        """Follow the primary of that view (§4.2, step 5)."""
        if self._is_late(message.view) or self.leading == message.view + 1:
            return
        self.view, self.status = message.view, NORMAL
        self._beat.cancel()
        self.know_leader(source, message.view + 1, "new view")
        self._reset()

    def _is_late(self, view: int) -> bool:
        """Return whether a message is of an earlier view, or this replica does not know its own yet."""
        return self.status == RECOVERING or view < self.view

    # Recovery -------------------------------------------------------------------------------------

    def on_recovery(self, source: NodeId, message: Recovery) -> None:
        """Answer if this replica knows what view it is (§4.3, step 2)."""
        if self.status == NORMAL:
            is_primary = self.leading is not None
            self.host.send(source, RecoveryResponse(self.view, message.nonce, is_primary))

    def on_recovery_response(self, source: NodeId, message: RecoveryResponse) -> None:
        """Take part again with f + 1 answers, one from the primary of the latest view (§4.3, step 3)."""
        if self.status != RECOVERING or message.nonce != self.incarnation:
            return
        self.responses[source] = message
        latest = max(response.view for response in self.responses.values())
        primary = self.responses.get(self.primary(latest))
        if len(self.responses) > self.faults and primary is not None and primary.is_primary:
            self.view, self.status = latest, NORMAL
            self.know_leader(self.primary(latest), latest + 1, "recovered")
            self._reset()

    def _on_beat(self) -> None:
        if self.leading is not None:
            self.send_all(Commit(self.view))
            self._beat.set(self.parameters.heartbeat_interval)

    def _reset(self) -> None:
        shortest, longest = self.parameters.view_change_timeout
        self._timer.set(self.host.random.randrange(shortest, max(longest, shortest + 1)))


SPEC = ProtocolSpec(
    name="viewstamped-replication",
    summary="Viewstamped Replication: members take turns, and a majority wants the next view",
    parameters=ViewstampedParameters,
    roles=(Role("contender", "n", lambda parameters: parameters.nodes, Viewstamped, HighestStorage),),
    check=check,
    epoch_name="view",
    assumptions=Assumptions(stable_storage=False),
)
