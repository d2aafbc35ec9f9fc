"""How the orders of an administrator are written among the faults."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.entry import Entry
from sim.scenario.faults import Action
from sim.scenario.orders import Members, Stop, Transfer
from sim.scenario.selectors import Targets
from sim.scenario.shapes import Length, Shape, mistakes


class StopEntry(Entry):
    """Processes are told to end (SIGTERM): a leader may hand its leadership over first."""

    stop: Targets = Field(description="whose process is told to end")
    restart_after: Length | None = Field(None, description="when it starts again (default: never by itself)")

    def action(self) -> Action:
        """Return what it does."""
        return Stop(self.stop, self.restart_after)


class TransferEntry(Entry):
    """Leadership is handed over on order."""

    transfer: Targets = Field(description="who is told to hand over: leader, or service leader")
    to: Targets | None = Field(None, description="to whom (default: to whoever is best fit)")

    def action(self) -> Action:
        """Return what it does."""
        return Transfer(self.transfer, self.to)


class _Membership(Shape):
    """A change of who the members are: at least one of these."""

    of: Targets = Field("leader", validate_default=True, description="who is told (default leader)")
    voters: Targets | None = Field(None, description="who gets a vote")
    learners: Targets | None = Field(None, description="who gets entries and no vote")
    remove: Targets | None = Field(None, description="who is no member any more")


class MembersEntry(Entry):
    """Members are added, promoted or removed."""

    members: _Membership = Field(description="the change")

    def action(self) -> Action:
        """Return what it does."""
        change = self.members
        parts = (change.voters, change.learners, change.remove)
        if all(part is None for part in parts):
            raise mistakes([(("members",), "nothing changes; expected one of voters, learners, remove")])
        return Members(change.of, *parts)
