"""What an invariant sees and says.

An invariant watches the events of a run while it goes on and reports what must never happen. It sees
the truth (a *god view* that no node of the cluster has), keeps only what it needs to judge the next
event, and goes on after a violation, so that one run shows everything that is wrong with it.

Event kinds and their values, each passed as `handler(node, *values)`:

- every kind in `protocols.api.NOTES`, reported by the process at the instant when it happened, so
  before the next event of that node;
- `led` (epoch), `followed` (reason): what a contender believes about its own leadership;
- `service_led` (epoch), `service_followed` (reason): the same of a server that is no contender, about
  the members of its service, whose epochs are their own;
- `started` (incarnation), `crashed` (): the end of every process is a `crashed`;
- `effect` (node, epoch, accepted, fenced), where the first argument is the resource that judged it.

Events come in the order in which they happen, and nothing else happens before all handlers of one
have returned: a fault that an event triggers must be applied after it, not within it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Protocol

from protocols.api import ReplicatedLog
from sim.invariants.history import History

REPORTS_MAX = 10
"""So many violations of one property are reported; the first ones tell what is wrong."""

Handler = Callable[..., None]
Report = Callable[[str, tuple[str, ...], str], None]
"""Called with the property, the nodes involved and the evidence; the world adds the time."""


class View(Protocol):
    """The whole truth about a running cluster."""

    @property
    def servers(self) -> tuple[str, ...]:
        """The members of the service, those whose majority decides."""

    @property
    def contenders(self) -> tuple[str, ...]:
        """Those who want to lead."""

    def log(self, node: str) -> ReplicatedLog | None:
        """Return the log of the live process; None when it is down or keeps none.

        The same object until the process ends or notes `truncated` or `restored`.
        """

    def durable_log(self, node: str) -> ReplicatedLog | None:
        """Return the log that a restart would find on disk; None when the node keeps none."""

    def believes(self, node: str) -> int | None:
        """Return the epoch under which the node believes that it leads; None if it does not."""


class Invariant:
    """One property, checked event by event.

    A subclass names the kinds of event that it wants in `listens` and has one method for each, of
    the same name. `appended` and `committed` come through the `History`, which lets them pass only
    when they are not evidently in order, and which adds `decided`. What `violated` is told goes to
    the report, once per key and `REPORTS_MAX` times in all.
    """

    name: ClassVar[str]
    source: ClassVar[str]  # document and section
    meaning: ClassVar[str]  # one sentence
    listens: ClassVar[tuple[str, ...]]

    def __init__(self, view: View, report: Report, history: History) -> None:
        self.view = view
        self.history = history
        self._report = report
        self._reported: set[Hashable] = set()

    def handlers(self) -> dict[str, Handler]:
        """Return what to call for each kind of event that matters here."""
        return {kind: getattr(self, kind) for kind in self.listens}

    def violated(self, key: Hashable, nodes: tuple[str, ...], evidence: str) -> None:
        """Report, unless the same `key` was reported before or there were enough reports."""
        if key in self._reported or len(self._reported) >= REPORTS_MAX:
            return
        self._reported.add(key)
        self._report(self.name, nodes, evidence)


def show(value: Any) -> str:
    """Return an entry or a command as short text for evidence."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
