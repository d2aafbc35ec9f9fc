"""What happened to the logs of a run, remembered once for all invariants.

Such history variables belong to checkers, not to protocols: no node knows them (compare `elections`
and `allLogs` in raft.tla, the TLA+ specification of Raft by Ongaro).

`appended` and `committed` are by far the most frequent events, and nearly always in order: the next
entry, the very one that others have there. The history sees that at a glance, and only what is not
evidently in order goes on to the invariants, which judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from protocols.api import Entry, ReplicatedLog
from sim.invariants.window import RETAINED_MAX, Window

if TYPE_CHECKING:
    from sim.invariants.base import View

Handler = Callable[..., None]

Appended = tuple[Entry, int, str]
"""An entry, the epoch of its predecessor, and the node that appended it first."""

Committed = tuple[Entry, int, str]
"""An entry, the epoch in which the first node reported it as committed, and that node."""

_UNKNOWN = -1

JUDGED = ("appended", "committed", "decided")
"""Kinds of event that the history passes on to the invariants.

Of `appended` and `committed` they get what is not evidently in order. `decided` (index, entry) is the
history's own: the node committed that entry while it led, so it decided and did not merely follow.
"""


class History:
    """Who leads, where each log ends, what was appended, and what was committed first.

    While the invariants judge an `appended`, `ends` is as before the event. While they judge a
    `committed`, the entries are remembered already; `before` is the node's commit index until then,
    `log` its live log, and `fresh` the newly committed indices that are still in that log.

    Memory: two windows, pruned below the slowest server (`window.py`), and the latest `RETAINED_MAX`
    entries that have the same index as one of a newer epoch. A server that is down counts as being
    where it was.
    """

    listens: ClassVar[tuple[str, ...]] = (
        "led", "followed", "service_led", "service_followed", "started", "crashed",
        "appended", "truncated", "committed", "restored",
    )  # fmt: skip

    def __init__(self, view: View) -> None:
        self.leading: dict[str, int] = {}  # the epoch under which each leader leads
        self.ends: dict[str, tuple[int, int]] = {}  # index and epoch of each log's last entry
        self.appends: Window[Appended] = Window()
        self.older: dict[tuple[int, int], Appended] = {}  # by index and epoch
        self.commits: Window[Committed] = Window()
        self.commit_index: dict[str, int] = {}  # of each incarnation
        self.before = 0
        self.log: ReplicatedLog | None = None
        self.fresh = range(0)
        self._appended_items = self.appends.items
        self._committed_items = self.commits.items
        self._view = view
        self._logs: dict[str, ReplicatedLog] = {}
        self._ended: dict[str, int] = {}  # where a log ended whose end is not known now
        self._reached: dict[str, int] = {}
        self._judges: dict[str, list[Handler]] = {kind: [] for kind in JUDGED}

    def handlers(self) -> dict[str, Handler]:
        """Return what to call for each kind of event, before the invariants are."""
        return {kind: getattr(self, kind) for kind in self.listens}

    def judge(self, kind: str, handler: Handler) -> None:
        """Call `handler` for each event of that kind, one of `JUDGED`."""
        self._judges[kind].append(handler)

    # Life and leadership ------------------------------------------------------------------------

    def led(self, node: str, epoch: int) -> None:
        """Take note of a leader."""
        self.leading[node] = epoch

    def followed(self, node: str, reason: str) -> None:
        """Take note of the end of a leadership."""
        self.leading.pop(node, None)

    def service_led(self, node: str, epoch: int) -> None:
        """Take note of the leader of a service's members, whose log it is."""
        self.leading[node] = epoch

    def service_followed(self, node: str, reason: str) -> None:
        """Take note of the end of that."""
        self.leading.pop(node, None)

    def started(self, node: str, incarnation: int) -> None:
        """Take the end of the log from what the disk had."""
        log = self._view.log(node)
        if log is not None:
            self.ends[node] = (log.last_index, _UNKNOWN)

    def crashed(self, node: str) -> None:
        """Forget what is volatile (Raft Figure 2), but not how far the node was."""
        self.leading.pop(node, None)
        self._forget_log(node)
        reached = self.commit_index.pop(node, 0)
        self._reached[node] = max(reached, self._reached.get(node, 0))

    def restored(self, node: str, index: int, epoch: int) -> None:
        """Count what a snapshot covers as committed: only that goes into snapshots (Raft §7)."""
        self._forget_log(node)
        if index > self.commit_index.get(node, 0):
            self.commit_index[node] = index

    def _forget_log(self, node: str) -> None:
        self._ended[node] = self._end(node)
        self.ends.pop(node, None)
        self._logs.pop(node, None)

    def _end(self, node: str) -> int:
        end = self.ends.get(node)
        return self._ended.get(node, 0) if end is None else end[0]

    # Appending ----------------------------------------------------------------------------------

    def appended(self, node: str, prev_index: int, prev_epoch: int, entries: Sequence[Entry]) -> None:
        """Pass on what is not at the end of the log, or not what others appended there."""
        window = self.appends
        items = window.items
        index, epoch = prev_index, prev_epoch
        for entry in entries:
            index += 1
            known = items.get(index)
            if known is None:
                if index <= window.last:
                    break
                if window.put(index, (entry, epoch, node)):
                    self._prune_appends()
            elif known[0] is not entry or known[1] != epoch:
                break
            epoch = entry.epoch
        else:
            if self.ends.get(node) == (prev_index, prev_epoch):
                self.ends[node] = (index, epoch)
                return
        for judge in self._judges["appended"]:
            judge(node, prev_index, prev_epoch, entries)
        self._remember_appended(node, prev_index, prev_epoch, entries)

    def truncated(self, node: str, from_index: int) -> None:
        """Move the end of the log; the epoch there has to be looked up when it matters."""
        self.ends[node] = (from_index - 1, _UNKNOWN)
        self._logs.pop(node, None)

    def appended_at(self, index: int, epoch: int) -> Appended | None:
        """Return the entry of that epoch that was appended at `index` first, if it is remembered."""
        newest = self._appended_items.get(index)
        if newest is not None and newest[0].epoch == epoch:
            return newest
        return self.older.get((index, epoch))

    def _remember_appended(self, node: str, index: int, epoch: int, entries: Sequence[Entry]) -> None:
        prune = False
        for entry in entries:
            index += 1
            if self.appended_at(index, entry.epoch) is None:
                prune |= self._put(index, (entry, epoch, node))
            epoch = entry.epoch
        self.ends[node] = (index, epoch)
        if prune:
            self._prune_appends()

    def _prune_appends(self) -> None:
        self.appends.prune(min(map(self._end, self._view.servers)))
        for key in [key for key in self.older if key[0] < self.appends.first]:
            del self.older[key]

    def _put(self, index: int, record: Appended) -> bool:
        other = self._appended_items.get(index)
        if other is not None:
            # The newest epoch is what the servers converge to, so it takes the fast place.
            other, record = (other, record) if other[0].epoch < record[0].epoch else (record, other)
            self.older[index, other[0].epoch] = other
            if len(self.older) > RETAINED_MAX:
                del self.older[next(iter(self.older))]
        return self.appends.put(index, record)

    # Committing ---------------------------------------------------------------------------------

    def committed(self, node: str, index: int, epoch: int) -> None:
        """Pass on what are not the next entries of the node's log, or not what others committed there."""
        log, at = self._logs.get(node), self.commit_index.get(node, 0) + 1
        if log is None or not log.first_index <= at <= index <= log.last_index:
            self._judge_committed(node, index, epoch)
            return
        items = self._committed_items
        while at <= index:
            entry = log.entry(at)
            known = items.get(at)
            if known is None:
                self._commit_first(node, at, epoch, entry)
            elif known[0] is not entry:
                self._judge_committed(node, index, epoch)
                return
            at += 1
        self.commit_index[node] = index
        if node in self.leading:
            for judge in self._judges["decided"]:
                judge(node, index, entry)

    def _commit_first(self, node: str, index: int, epoch: int, entry: Entry) -> None:
        if index > self.commits.last and self.commits.put(index, (entry, epoch, node)):
            self._prune_commits()

    def _judge_committed(self, node: str, index: int, epoch: int) -> None:
        self.before = before = self.commit_index.get(node, 0)
        self.fresh = range(0)
        if index > before:
            self.commit_index[node] = index
        log = self.log = self._view.log(node)
        if log is not None:
            self._logs[node] = log
            self.fresh = range(max(before + 1, log.first_index), min(index, log.last_index) + 1)
            if index > self.commits.last:
                self._remember_committed(node, epoch, log)
        for judge in self._judges["committed"]:
            judge(node, index, epoch)
        if log is not None and node in self.leading and index in self.fresh:
            for judge in self._judges["decided"]:
                judge(node, index, log.entry(index))

    def _remember_committed(self, node: str, epoch: int, log: ReplicatedLog) -> None:
        prune = False
        for index in range(max(self.fresh.start, self.commits.last + 1), self.fresh.stop):
            prune |= self.commits.put(index, (log.entry(index), epoch, node))
        if prune:
            self._prune_commits()

    def _prune_commits(self) -> None:
        self.commits.prune(min(map(self._progress, self._view.servers)))

    def _progress(self, node: str) -> int:
        return max(self.commit_index.get(node, 0), self._reached.get(node, 0))
