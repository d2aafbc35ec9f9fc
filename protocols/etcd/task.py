"""Scripts of an etcd client, which read like the code that they model.

A script yields what it waits for: `Do(operation)`, whose value is the response, or None when nobody
knows whether it was done; `Deleted(key, revision)`, true when the key was deleted, false when the
watch failed; `Changed(key, revision)`, the next changes, None when the watch failed; and `Sleep(ns)`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from protocols.etcd.asking import ClientWatch
from protocols.etcd.client import EtcdClient
from protocols.etcd.operations import WatchEvent
from protocols.script import Sleep


@dataclass(frozen=True, slots=True)
class Do:
    """Ask the store for something."""

    operation: Any
    serializable: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Wait for the next changes of a key, or of those with a prefix, from a revision on."""

    key: str
    revision: int
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """Wait until a key is deleted, from a revision on (`waitDelete`)."""

    key: str
    revision: int


Step = Do | Changed | Deleted | Sleep
Script = Generator[Step, Any, Any]


class Task:
    """Runs one script at a time; another one takes its place, and ends all that it waits for."""

    __slots__ = ("_client", "_run", "_script", "_start", "_timer", "_watch")

    def __init__(self, client: EtcdClient, name: str) -> None:
        self._client = client
        self._script: Script | None = None
        self._run = 0  # tells answers to earlier scripts apart
        self._timer = client.host.timer(name, lambda: self._resume(self._run, None))
        self._watch: ClientWatch | None = None
        self._start: dict[type, Callable[[Any], None]] = {
            Do: self._do,
            Changed: self._changed,
            Deleted: self._deleted,
            Sleep: lambda step: self._timer.set(step.ns),
        }

    def run(self, script: Script) -> None:
        """Run a script up to its first wait, in place of the one that runs."""
        self._run += 1
        self._timer.cancel()
        self._end_watch()
        self._script = script
        self._resume(self._run, None)

    def _resume(self, run: int, value: Any) -> None:
        if run != self._run or self._script is None:
            return
        try:
            step = self._script.send(value)
        except StopIteration:
            self._script = None
            return
        self._start[type(step)](step)

    def _do(self, step: Do) -> None:
        run = self._run

        def then(outcome: str, response: Any) -> None:
            self._resume(run, response if outcome == "ok" else None)

        self._client.call(step.operation, then, step.serializable)

    def _changed(self, step: Changed) -> None:
        self._begin_watch(step.key, step.revision, step.prefix, lambda events: events)

    def _deleted(self, step: Deleted) -> None:
        def wanted(events: list[WatchEvent]) -> Any:
            return any(event.kind == "delete" for event in events)

        self._begin_watch(step.key, step.revision, False, wanted)

    def _begin_watch(
        self, key: str, revision: int, prefix: bool, wanted: Callable[[list[WatchEvent]], Any]
    ) -> None:
        run = self._run

        def changed(events: list[WatchEvent]) -> None:
            found = wanted(events)
            if found:
                self._end_watch()
                self._resume(run, found)

        def compacted(revision: int) -> None:
            self._watch = None
            self._resume(run, None)

        self._watch = self._client.watch(key, revision, changed, compacted, prefix)

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            self._client.unwatch(watch)
