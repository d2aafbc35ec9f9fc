"""Watches: ordered, unique, reliable, resumable; a compacted one says so (KV API guarantees)."""

from __future__ import annotations

from typing import Any

from protocols.connections import Connection
from protocols.etcd.machine import EtcdMachine
from protocols.etcd.operations import Compact, Delete, LeaseGrant, LeaseRevoke, Put, WatchEvent
from protocols.etcd.rpc import WatchCancel, WatchCreate, WatchResponse
from protocols.etcd.watching import SYNC_INTERVAL, Watching
from protocols.recording import RecordingHost


class Ends:
    """What a connection needs of the process that it belongs to."""

    def __init__(self) -> None:
        self.host = RecordingHost("s1")


class Channel(Connection):
    """A connection that only remembers what was sent."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        super().__init__(Ends(), "n1", 1, False, "")  # type: ignore[arg-type]
        self.sent: list[Any] = []

    def send(self, payload: Any) -> None:
        self.sent.append(payload)


class Served:
    """A store with its watches."""

    def __init__(self, *operations: Any) -> None:
        self.host = RecordingHost("s1")
        self.machine = EtcdMachine()
        self.machine.listener = self
        self.watching = Watching(self.host, self.machine.store)
        self.channel = Channel()
        self.apply(*operations)

    def apply(self, *operations: Any) -> None:
        for operation in operations:
            self.machine.apply(operation)

    def changed(self, events: list[WatchEvent]) -> None:
        self.watching.changed(events)

    def granted(self, lease: int) -> None:
        """Nothing to do."""

    def revoked(self, lease: int) -> None:
        """Nothing to do."""

    def checkpointed(self, lease: int) -> None:
        """Nothing to do."""

    def watch(self, key: str, revision: int, prefix: bool = False, number: int = 1) -> None:
        self.watching.create(self.channel, WatchCreate(number, key, prefix, revision))

    def sync(self) -> None:
        self.host.timers["watch sync"].fire()

    def seen(self) -> list[tuple[str, str, int]]:
        return [
            (event.kind, event.kv.key, event.kv.mod_revision)
            for response in self.channel.sent
            for event in response.events
        ]


def test_watch_reports_what_changes_from_now_on() -> None:
    """Revision 0: what comes next; of that key only."""
    served = Served(Put("a", 1))
    served.watch("a", 0)
    served.apply(Put("a", 2), Put("b", 1), Delete("a"))

    assert served.seen() == [("put", "a", 3), ("delete", "a", 5)]


def test_watch_from_the_past_misses_nothing_and_repeats_nothing() -> None:
    """E12: a deletion between the read and the watch is seen, and so is what comes before it is served."""
    served = Served(Put("a", 1), Put("a", 2), Delete("a"))
    served.watch("a", 3)
    served.apply(Put("a", 3))
    assert served.seen() == []
    served.sync()
    served.apply(Put("a", 4))

    assert served.seen() == [("put", "a", 3), ("delete", "a", 4), ("put", "a", 5), ("put", "a", 6)]


def test_watch_from_the_past_is_served_on_the_grid_of_the_sync_loop() -> None:
    """syncWatchersLoop: every 100 ms."""
    served = Served(Put("a", 1))
    served.host.now_ns = 3 * SYNC_INTERVAL + 7
    served.watch("a", 2)

    assert served.host.timers["watch sync"].after_ns == SYNC_INTERVAL - 7


def test_watch_of_the_future_waits_for_it() -> None:
    """Events below its revision are not reported."""
    served = Served()
    served.watch("a", 4)
    served.apply(Put("a", 1), Put("a", 2), Put("a", 3))

    assert served.seen() == [("put", "a", 4)]


def test_events_of_one_revision_come_together() -> None:
    """Atomic: never half of what a transaction or a revoked lease changed."""
    served = Served(LeaseGrant(7, 10), Put("p/a", 1, 7), Put("p/b", 1, 7))
    served.watch("p/", 0, prefix=True)
    served.apply(LeaseRevoke(7))

    (response,) = served.channel.sent
    assert [event.kv.key for event in response.events] == ["p/a", "p/b"]


def test_watch_of_what_is_compacted_says_so_and_ends() -> None:
    """E13: ErrCompacted, with the revision from which it could be watched again."""
    served = Served(Put("a", 1), Put("a", 2), Put("a", 3), Compact(4))
    served.watch("a", 3)
    served.sync()
    served.apply(Put("a", 4))

    assert served.channel.sent == [WatchResponse(1, (), 5 - 1, 4)]


def test_watch_from_the_compacted_revision_is_served() -> None:
    """What was there at that revision is still known."""
    served = Served(Put("a", 1), Put("a", 2), Put("a", 3), Compact(4))
    served.watch("a", 4)
    served.sync()

    assert served.seen() == [("put", "a", 4)]


def test_cancelled_and_closed_watches_are_silent() -> None:
    """By the client, or because its connection ended."""
    served = Served()
    served.watch("a", 0, number=1)
    served.watch("a", 0, number=2)
    served.watching.cancel(served.channel, WatchCancel(1))
    served.apply(Put("a", 1))
    assert [response.watch for response in served.channel.sent] == [2]
    served.watching.closed(served.channel)
    served.apply(Put("a", 2))

    assert len(served.channel.sent) == 1


def test_watches_go_on_after_a_snapshot() -> None:
    """A member that was behind sends what it skipped, once."""
    ahead = Served(Put("a", 1), Put("a", 2), Put("a", 3))
    served = Served(Put("a", 1))
    served.watch("a", 0)
    served.machine.restore(ahead.machine.snapshot())
    served.watching.restored()
    served.sync()
    served.apply(Put("a", 4))

    assert served.seen() == [("put", "a", 3), ("put", "a", 4), ("put", "a", 5)]
