"""Which faults of the scenario are on."""

from __future__ import annotations

from collections.abc import Callable

from sim.records import ClockChanged, FaultEnded, FaultStarted, Record

AT_ONCE = frozenset({"restart", "campaign", "transfer", "members", "heal"})
"""Actions that leave nothing behind which could end. A step of a clock is one too, see below."""


class FaultsOn:
    """Those that were applied and have not ended, the one applied last at the end.

    A fault that comes periodically may be on several times, with other targets each.
    """

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on: dict[tuple[int, tuple[str, ...]], FaultStarted] = {}

    def apply(self, record: Record) -> None:
        """Fold in one record; other kinds change nothing."""
        change = _CHANGES.get(type(record))
        if change is not None:
            change(self, record)

    def latest(self) -> FaultStarted | None:
        """Return the one that was applied last."""
        return self.on[next(reversed(self.on))] if self.on else None

    def latest_on(self, node: str) -> FaultStarted | None:
        """Return the one that was applied last of those on that node."""
        return next((fault for fault in reversed(self.on.values()) if node in fault.targets), None)

    def _started(self, record: FaultStarted) -> None:
        if record.action not in AT_ONCE:
            self._ended(record)
            self.on[record.fault, record.targets] = record

    def _ended(self, record: FaultStarted | FaultEnded) -> None:
        self.on.pop((record.fault, record.targets), None)

    def _clock_changed(self, record: ClockChanged) -> None:
        # A clock that was stepped stays so, and nothing will say that it has ended.
        if record.step_ns:
            self.on = {
                key: fault
                for key, fault in self.on.items()
                if not (
                    fault.action == "clock" and fault.at_ns == record.at_ns and record.node in fault.targets
                )
            }


_CHANGES: dict[type, Callable[[FaultsOn, Record], None]] = {
    FaultStarted: FaultsOn._started,
    FaultEnded: FaultsOn._ended,
    ClockChanged: FaultsOn._clock_changed,
}
