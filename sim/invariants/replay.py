"""Check a list of events after the fact, without a world.

The logs that the invariants want to see are rebuilt from the events themselves, so that a written
history is enough to ask whether a property holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from protocols.api import Entry
from sim.invariants import watch
from sim.invariants.base import Handler, Invariant

Event = tuple[Any, ...]
"""A kind, the node, and the values of that kind (`sim/invariants/base.py`)."""

Violation = tuple[str, tuple[str, ...], str]
"""The property, the nodes involved, and the evidence."""


class ListLog:
    """A log with all its entries from `first_index` on; implements `protocols.api.ReplicatedLog`."""

    def __init__(self, entries: Sequence[Entry] = (), first_index: int = 1) -> None:
        self.entries = list(entries)
        self.first_index = first_index

    @property
    def last_index(self) -> int:
        """Index of the newest entry; `first_index - 1` when there is none."""
        return self.first_index + len(self.entries) - 1

    def entry(self, index: int) -> Entry:
        """Return the entry at `index`, first_index <= index <= last_index."""
        return self.entries[index - self.first_index]

    def cut(self, from_index: int) -> None:
        """Remove the entries from that index on."""
        del self.entries[max(from_index - self.first_index, 0) :]


class ReplayedView:
    """A world of which nothing is known but its events; implements `sim.invariants.base.View`.

    What is appended is durable at once, unless `disks` has another log for the node: that is then
    what it has on disk, and what it finds after a crash.
    """

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers
        self.contenders = servers
        self.logs = {server: ListLog() for server in servers}
        self.disks: dict[str, ListLog] = {}
        self._down: dict[str, bool] = {}
        self._led: dict[str, int] = {}

    def log(self, node: str) -> ListLog | None:
        """Return the log, None while the node is down or if it is no server."""
        return None if self._down.get(node) else self.logs.get(node)

    def durable_log(self, node: str) -> ListLog | None:
        """Return what is on disk, which outlives a crash."""
        return self.disks.get(node) or self.logs.get(node)

    def believes(self, node: str) -> int | None:
        """Return the epoch that the node leads as far as the events say."""
        return self._led.get(node)

    def take(self, kind: str, node: str, *values: Any) -> None:
        """Let an event change the world; most kinds do not."""
        change = getattr(self, f"_on_{kind}", None)
        if change is not None:
            change(node, *values)

    def _on_appended(self, node: str, prev_index: int, prev_epoch: int, entries: Sequence[Entry]) -> None:
        log = self.logs[node]
        log.cut(prev_index + 1)
        log.entries.extend(entries)

    def _on_truncated(self, node: str, from_index: int) -> None:
        self.logs[node].cut(from_index)

    def _on_restored(self, node: str, index: int, epoch: int) -> None:
        log = self.logs[node]
        kept = log.entries[max(index + 1 - log.first_index, 0) :]
        self.logs[node] = ListLog(kept, index + 1)

    def _on_led(self, node: str, epoch: int) -> None:
        self._led[node] = epoch

    def _on_followed(self, node: str, reason: str) -> None:
        self._led.pop(node, None)

    def _on_service_led(self, node: str, epoch: int) -> None:
        self._led[node] = epoch

    def _on_service_followed(self, node: str, reason: str) -> None:
        self._led.pop(node, None)

    def _on_crashed(self, node: str) -> None:
        self._down[node] = True
        self._led.pop(node, None)
        if node in self.disks:
            self.logs[node] = ListLog(self.disks[node].entries, self.disks[node].first_index)

    def _on_started(self, node: str, incarnation: int) -> None:
        self._down[node] = False


class Replay:
    """Events go in one by one; `violations` has what the invariants said so far."""

    def __init__(self, classes: tuple[type[Invariant], ...], servers: tuple[str, ...]) -> None:
        self.view = ReplayedView(servers)
        self.violations: list[Violation] = []
        self._table: defaultdict[str, list[Handler]] = defaultdict(list)
        self.invariants = watch(classes, self.view, self._listen, self._report)

    def event(self, kind: str, node: str, *values: Any) -> None:
        """Let one event happen, and then be judged."""
        self.view.take(kind, node, *values)
        for handler in self._table[kind]:
            handler(node, *values)

    def _listen(self, kind: str, handler: Handler) -> None:
        self._table[kind].append(handler)

    def _report(self, name: str, nodes: tuple[str, ...], evidence: str) -> None:
        self.violations.append((name, nodes, evidence))


def replay(
    classes: tuple[type[Invariant], ...], servers: tuple[str, ...], events: Iterable[Event]
) -> list[Violation]:
    """Return what these invariants say about the events, in order."""
    run = Replay(classes, servers)
    for event in events:
        run.event(*event)
    return run.violations
