"""Memory: what the invariants retain does not grow with simulated time."""

from __future__ import annotations

from protocols.api import Entry
from sim.invariants import ALL
from sim.invariants.history import History
from sim.invariants.replay import ListLog, Replay
from sim.invariants.state_machine_safety import StateMachineSafety
from sim.invariants.window import PRUNE_EVERY, RETAINED_MAX, RETAINED_MIN, Window

SERVERS = ("n1", "n2", "n3", "n4", "n5")


class CompactingReplay(Replay):
    """A cluster that keeps only the end of its logs, so that the test's own memory is bounded, too."""

    def write(self, index: int, servers: tuple[str, ...]) -> int:
        """Append, commit and apply one entry on these servers; return the number of events."""
        entries = (Entry(1, ("put", "k", index)),)
        for server in servers:
            log = self.view.logs[server]
            if len(log.entries) > 100:
                self.view.logs[server] = ListLog(log.entries[50:], log.first_index + 50)
            self.event("appended", server, index - 1, min(index - 1, 1), entries)
        for server in servers:
            self.event("committed", server, index, 1)
            self.event("applied", server, index, entries)
        return 3 * len(servers)


def retained(run: Replay) -> list[int]:
    """Return the sizes of all windows."""
    history = run.invariants[0].history
    (applied,) = (i.window for i in run.invariants if isinstance(i, StateMachineSafety))
    return [len(history.appends.items), len(history.commits.items), len(applied.items), len(history.older)]


def test_retention_is_bounded_over_a_hundred_thousand_events() -> None:
    """A healthy cluster needs only the newest entries, for servers that restart."""
    run = CompactingReplay(ALL, SERVERS)
    run.event("led", "n1", 1)
    index = events = 0
    largest = [0, 0, 0, 0]

    while events < 100_000:
        index += 1
        events += run.write(index, SERVERS)
        if index % 100 == 0:
            largest = list(map(max, largest, retained(run)))

    assert run.violations == []
    assert max(largest) <= RETAINED_MIN + PRUNE_EVERY
    assert min(largest[:3]) >= RETAINED_MIN


def test_retention_is_capped_while_a_server_is_down() -> None:
    """The slowest server holds the window back, but only up to the cap."""
    run = CompactingReplay(ALL, SERVERS)
    for index in range(1, 101):
        run.write(index, SERVERS)
    run.event("crashed", "n5")
    largest = 0

    for index in range(101, RETAINED_MAX + 3_000):
        run.write(index, SERVERS[:3])
        if index == RETAINED_MAX // 2:
            # The servers that are down, or cut off, have all that lies below 101.
            assert retained(run)[:3] == [index - 100] * 3
        if index % 500 == 0:
            largest = max(largest, *retained(run))

    assert run.violations == []
    assert largest <= RETAINED_MAX
    assert retained(run)[0] > RETAINED_MAX - PRUNE_EVERY - 1


def test_entries_of_epochs_that_never_commit_are_bounded() -> None:
    """Leaders without a majority write at the same index, epoch after epoch."""
    run = Replay(ALL, SERVERS)

    for epoch in range(1, RETAINED_MAX + 500):
        run.event("appended", "n1", 0, 0, (Entry(epoch, "noop"),))

    assert len(run.invariants[0].history.older) == RETAINED_MAX


def test_a_window_forgets_what_lies_below_the_slowest_and_below_the_newest() -> None:
    """The slowest server still needs the next index; the newest stay for those who restart."""
    window: Window[str] = Window()
    due = [index for index in range(1, RETAINED_MIN + PRUNE_EVERY + 1) if window.put(index, "x")]
    assert due == [RETAINED_MIN + PRUNE_EVERY]

    window.prune(slowest=10)
    assert (window.first, min(window.items)) == (11, 11)

    window.prune(slowest=window.last)
    assert (window.first, min(window.items)) == (PRUNE_EVERY + 1, PRUNE_EVERY + 1)
    assert len(window.items) == RETAINED_MIN


def test_a_window_never_takes_back_what_it_forgot() -> None:
    """A server that was away for long would otherwise be compared with itself."""
    window: Window[str] = Window()
    window.put(5_000, "x")
    window.prune(slowest=5_000)

    window.put(3_000, "y")

    assert list(window.items) == [5_000]


def test_a_jump_of_the_index_costs_neither_time_nor_memory() -> None:
    """A snapshot at a huge index is one item, not a billion."""
    window: Window[str] = Window()

    window.put(1, "x")
    assert window.put(10**9, "y")
    window.prune(slowest=10**9)

    assert window.items == {10**9: "y"}


def test_the_history_counts_a_server_that_is_down_as_being_where_it_was() -> None:
    """Otherwise one restart would empty, or fill, the windows."""
    run = Replay(ALL, SERVERS)
    history: History = run.invariants[0].history
    entries = tuple(Entry(1, i) for i in range(RETAINED_MIN + PRUNE_EVERY + 10))
    for server in SERVERS:
        run.event("appended", server, 0, 0, entries[:700])
        run.event("committed", server, 700, 1)
    run.event("crashed", "n5")

    run.event("appended", "n1", 700, 1, entries[700:])
    run.event("committed", "n1", len(entries), 1)

    assert (history.appends.first, history.commits.first) == (701, 701)
