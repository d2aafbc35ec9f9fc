"""What faults do to disks and clocks, and that it is undone."""

from __future__ import annotations

from typing import Any

import pytest

from sim.records import ClockChanged, Crashed, StartRefused, Violated
from tests.unit.faults_testing import MS, at, of, times_ms, world

SLOW = {"fsync": "20ms"}


def test_stalled_disk_completes_nothing_until_the_stall_ends() -> None:
    cluster = world([{"at": "1s", "disk": {"of": "n1", "stall": True}, "for": "2s"}], disk=SLOW)
    disk = at(cluster, 1500).nodes["n1"].disk
    disk.image, before = _Image(), disk.fsyncs
    disk.save(_Nothing())

    assert at(cluster, 2999).nodes["n1"].disk.fsyncs == before
    assert at(cluster, 3001).nodes["n1"].disk.fsyncs > before


class _Nothing:
    """A record that a test saves."""


def test_overlapping_stalls_end_with_the_last_one() -> None:
    def stall(first: str, length: str) -> dict[str, Any]:
        return {"every": "1h", "first": first, "disk": {"of": "n1", "stall": True}, "for": length}

    cluster = world([stall("1s", "3s"), stall("2s", "500ms")], disk=SLOW)
    calls: list[int] = []
    disk = at(cluster, 1001).nodes["n1"].disk
    disk.durable = lambda count: calls.append(cluster.now)
    disk.unsynced.clear()
    disk.image = _Image()
    disk.save(_Nothing())
    at(cluster, 5000)

    assert calls[0] == 4_000 * MS


class _Image:
    """A disk image that takes anything."""

    def apply(self, record: Any) -> None:
        """Keep nothing."""

    def copy(self) -> _Image:
        """Return itself."""
        return self


def fsync_length(cluster: Any, time_ms: int) -> int:
    """Return how long a record takes that is saved at a time, in milliseconds."""
    disk = at(cluster, time_ms).nodes["n1"].disk
    calls: list[int] = []
    disk.crash()
    disk.image = _Image()
    disk.durable = lambda count: calls.append(cluster.now)
    disk.save(_Nothing())
    cluster.kernel.run(until=cluster.now + 900 * MS)
    return round((calls[0] - time_ms * MS) / MS)


def test_newest_fsync_length_counts_and_then_the_older_one() -> None:
    """30 ms from 1 s on, 70 ms from 3 s to 5 s, 30 ms again until 7 s, then the usual 20 ms."""

    def slower(first: str, fsync: str, length: str) -> dict[str, Any]:
        return {"every": "1h", "first": first, "disk": {"of": "n1", "fsync": fsync}, "for": length}

    cluster = world([slower("1s", "30ms", "6s"), slower("3s", "70ms", "2s")], disk=SLOW)
    cluster.nodes["n1"].crash()

    assert [fsync_length(cluster, time) for time in (2000, 3500, 5500, 8000)] == [30, 70, 30, 20]


def test_full_disk_kills_who_saves_and_refuses_the_start() -> None:
    """The leader saves nothing without clients; a crash of it makes the others vote, and so save."""
    cluster = world(
        [
            {"at": "1s", "disk": {"of": "all", "full": True}, "for": "3s"},
            {"at": "2s", "crash": "leader", "restart_after": "1s"},
            {"at": "5s", "restart": "all"},
        ]
    )

    causes = [record.cause for record in of(at(cluster, 4500), Crashed)]
    assert causes == ["crash", "disk full", "disk full"]
    assert [record.reason for record in of(cluster, StartRefused)] == ["disk full"]
    assert all(node.up for node in at(cluster, 5001).nodes.values())


def test_corrupt_disk_refuses_the_start_until_it_is_repaired() -> None:
    cluster = world(
        [
            {"at": "1s", "disk": {"of": "n1", "corrupt": True}, "for": "3s"},
            {"at": "2s", "crash": "n1", "restart_after": "1s"},
            {"at": "5s", "restart": "n1"},
        ]
    )

    assert not at(cluster, 4500).nodes["n1"].up
    assert [(record.at_ns // MS, record.reason) for record in of(cluster, StartRefused)] == [
        (3000, "checksum mismatch")
    ]
    assert at(cluster, 5001).nodes["n1"].up


def test_lying_disk_breaks_the_assumption_from_its_first_lie() -> None:
    """What is violated afterwards is no fault of the protocol, even before a crash exposes the lie."""
    cluster = world(
        [{"at": "3s", "disk": {"of": "all", "lying": True}, "for": "3s"}],
        workload={"name": "database-primary", "rate": "50/s"},
        disk=SLOW,
    )

    assert at(cluster, 2999).envelope.judge() == ("", "")
    assert at(cluster, 4000).envelope.judge() == ("stable storage (the disk of n1 lies)", "")
    assert {record.outside_envelope != "" for record in of(cluster, Violated)} == {True}


def test_disk_that_stops_lying_has_everything() -> None:
    cluster = world(
        [{"at": "3s", "disk": {"of": "n1", "lying": True}, "for": "1s"}],
        workload={"name": "database-primary", "rate": "50/s"},
        disk=SLOW,
    )
    durable, alive = (at(cluster, 3900).durable_log("n1"), cluster.log("n1"))
    assert durable is not None
    assert alive is not None
    missing = alive.last_index - durable.last_index

    assert missing > 20
    at(cluster, 4001)
    assert alive.last_index - durable.last_index < 20


@pytest.mark.parametrize(("torn", "expected"), [("n1", {0, 1, 2, 3}), ("n2", {0})])
def test_torn_write_leaves_a_part_of_what_was_not_durable(torn: str, expected: set[int]) -> None:
    """The crash draws how many of the three records survive, in order; without the fault none does."""
    survivors = set()
    for seed in range(30):
        faults: list[dict[str, Any]] = [
            {"at": "1s", "disk": {"of": torn, "torn": True}, "for": "2s"},
            {"at": "2s", "crash": "n1"},
        ]
        cluster = at(world(faults, seed, disk={"fsync": "10s"}), 1999)
        disk = cluster.nodes["n1"].disk
        disk.crash()
        image = disk.image = _Counting()
        for _ in range(3):
            disk.save(_Nothing())
        at(cluster, 2001)
        survivors.add(image.applied)

    assert survivors == expected


class _Counting(_Image):
    """A disk image that counts."""

    def __init__(self) -> None:
        self.applied = 0

    def apply(self, record: Any) -> None:
        """Count."""
        self.applied += 1


# Clocks ----------------------------------------------------------------------------------------------


def test_step_moves_the_wall_clock_only() -> None:
    cluster = world([{"at": "1s", "clock": {"of": "n1", "step": "-5s"}}])
    clock = at(cluster, 1000).nodes["n1"].clock
    before = clock.wall(), clock.now()
    at(cluster, 1001)

    assert clock.wall() - before[0] == -5_000 * MS + 1 * MS
    assert clock.now() - before[1] == 1 * MS
    assert of(cluster, ClockChanged)[0].step_ns == -5_000 * MS


@pytest.mark.parametrize(("rate", "advance_ms"), [("5%", 1050), ("-5%", 950)])
def test_rate_moves_the_clock_and_ends(rate: str, advance_ms: int) -> None:
    cluster = world([{"at": "1s", "clock": {"of": "n1", "rate": rate}, "for": "3s"}])
    clock = at(cluster, 1500).nodes["n1"].clock
    before = clock.now()

    assert at(cluster, 2500).nodes["n1"].clock.now() - before == advance_ms * MS
    at(cluster, 5000)
    before = clock.now()
    assert at(cluster, 6000).nodes["n1"].clock.now() - before == 1000 * MS


def test_frozen_clock_stands_still_and_goes_on() -> None:
    cluster = world([{"at": "1s", "clock": {"of": "n1", "freeze": True}, "for": "3s"}])
    clock = at(cluster, 1001).nodes["n1"].clock
    before = clock.now()

    assert at(cluster, 3999).nodes["n1"].clock.now() == before
    assert at(cluster, 5000).nodes["n1"].clock.now() - before == 1000 * MS
    assert times_ms(cluster, ClockChanged) == [1000, 4000]


def clock_rates(faults: list[dict[str, Any]], times_ms: tuple[int, ...]) -> list[int]:
    """Return the rate error of n1's clock at these times, in percent."""
    cluster = world([{"every": "1h", **fault} for fault in faults], clocks={"drift": "1%"})
    return [at(cluster, time).nodes["n1"].clock.rate_ppb // 10_000_000 for time in times_ms]


def test_overlapping_rates_end_in_the_clocks_own() -> None:
    """The first to end is the older one here, then the newer one: 1 % is left, not 3 %."""
    older = {"first": "1s", "clock": {"of": "n1", "rate": "3%"}, "for": "2s"}
    newer = {"first": "2s", "clock": {"of": "n1", "rate": "7%"}, "for": "2s"}

    assert clock_rates([older, newer], (500, 1500, 2500, 3500, 4500)) == [1, 3, 7, 7, 1]


def test_rate_that_ends_inside_another_gives_way_to_it() -> None:
    longer = {"first": "1s", "clock": {"of": "n1", "rate": "3%"}, "for": "4s"}
    inner = {"first": "2s", "clock": {"of": "n1", "rate": "7%"}, "for": "1s"}

    assert clock_rates([longer, inner], (1500, 2500, 3500, 5500)) == [3, 7, 3, 1]


def test_rate_that_begins_while_the_clock_is_frozen_does_not_stop_it_for_good() -> None:
    freeze = {"first": "1s", "clock": {"of": "n1", "freeze": True}, "for": "2s"}
    rate = {"first": "2s", "clock": {"of": "n1", "rate": "3%"}, "for": "2s"}

    assert clock_rates([freeze, rate], (1500, 2500, 3500, 4500)) == [-100, -100, 3, 1]


def test_overlapping_freezes_end_with_the_last_one() -> None:
    freezes = [
        {"first": "1s", "clock": {"of": "n1", "freeze": True}, "for": "3s"},
        {"first": "2s", "clock": {"of": "n1", "freeze": True}, "for": "500ms"},
    ]

    assert clock_rates(freezes, (2700, 4500)) == [-100, 1]
