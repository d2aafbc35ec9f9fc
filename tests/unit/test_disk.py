"""The disk: what is durable when, what a crash leaves, and its faults."""

from __future__ import annotations

import pytest

from sim.disk import Disk, DiskFull
from sim.distributions import Constant
from sim.kernel import Kernel
from sim.plan import DiskPlan
from sim.records import Crashed, Started, StartRefused
from sim.rng import Seed
from tests.unit.world import MS, Kept, Numbers, Probe, S, World

WRITE, FSYNC = 1 * MS, 4 * MS


class Bench:
    """A disk that needs 5 ms for a synchronisation, and when how many records became durable."""

    def __init__(self, instant: bool = False) -> None:
        self.kernel = Kernel()
        self.image = Numbers()
        self.disk = Disk(self.kernel, self.image)
        self.durable: list[tuple[int, int]] = []
        self.disk.durable = lambda count: self.durable.append((int(self.kernel.now), count))
        if not instant:
            self.disk.set_speed(Constant(WRITE), Constant(FSYNC), Seed(1), "n1")

    def save(self, time_ns: int, *numbers: int) -> None:
        for number in numbers:
            self.at(time_ns, self.disk.save, Kept(number))

    def at(self, time_ns: int, action: object, *arguments: object) -> None:
        self.kernel.call_at(time_ns, lambda _: action(*arguments))  # type: ignore[operator]

    def run(self, until: int = S) -> list[tuple[int, int]]:
        self.kernel.run(until)
        return self.durable


def test_a_save_is_durable_after_write_and_fsync() -> None:
    """Not a nanosecond earlier."""
    bench = Bench()
    bench.save(0, 1)
    bench.kernel.run(5 * MS)
    assert (bench.image.kept, bench.durable) == ((), [])

    assert bench.run() == [(5 * MS, 1)]
    assert (bench.image.kept, bench.disk.fsyncs) == ((1,), 1)


def test_what_is_saved_during_a_synchronisation_goes_together_with_the_next() -> None:
    """Group commit: three records, saved while the first is on its way, cost one more fsync."""
    bench = Bench()
    bench.save(0, 1)
    bench.save(2 * MS, 2, 3)
    bench.save(4 * MS, 4)

    assert bench.run() == [(5 * MS, 1), (10 * MS, 3)]
    assert (bench.image.kept, bench.disk.fsyncs) == ((1, 2, 3, 4), 2)


def test_an_instant_disk_is_durable_at_once() -> None:
    """`save` says so, and nothing is queued."""
    bench = Bench(instant=True)

    assert bench.disk.save(Kept(1))
    assert (bench.image.kept, bench.disk.fsyncs, bench.kernel.queue) == ((1,), 1, [])


# Crashes -----------------------------------------------------------------------------------------


def _crash_and_restart(bench: Bench) -> None:
    """Crash, and let the next incarnation hear of what becomes durable."""
    listener = bench.disk.durable
    bench.disk.crash()
    bench.disk.durable = listener


def test_a_crash_loses_what_is_not_durable() -> None:
    """Also the synchronisation under way: it must not end that of the next incarnation before its time."""
    bench = Bench()
    bench.save(0, 1)
    bench.save(6 * MS, 2)
    bench.at(8 * MS, _crash_and_restart, bench)
    bench.save(9 * MS, 3)

    assert bench.run() == [(5 * MS, 1), (14 * MS, 1)]
    assert bench.image.kept == (1, 3)


def test_a_crash_leaves_nobody_to_tell() -> None:
    """Until a new process listens."""
    bench = Bench()
    bench.at(0, bench.disk.crash)
    bench.save(1, 1)

    assert bench.run() == []
    assert bench.image.kept == (1,)


@pytest.mark.parametrize(("survivors", "kept"), [(0, ()), (1, (1,)), (2, (1, 2)), (3, (1, 2, 3))])
def test_a_torn_crash_leaves_the_first_of_what_was_not_synchronised(
    survivors: int, kept: tuple[int, ...]
) -> None:
    """In the order of saving: a prefix, never a hole."""
    bench = Bench()
    bench.save(0, 1, 2, 3)
    bench.at(MS, bench.disk.crash, survivors)
    bench.run()

    assert kept == bench.image.kept


def test_a_crash_during_a_stall_is_forgotten_by_the_stall() -> None:
    """What ended during it is not completed for the next incarnation, whose own save takes its time."""
    bench = Bench()
    bench.save(0, 1)
    bench.at(MS, bench.disk.stall)
    bench.at(7 * MS, _crash_and_restart, bench)
    bench.save(8 * MS, 2)
    bench.at(9 * MS, bench.disk.release)

    assert bench.run() == [(13 * MS, 1)]
    assert bench.image.kept == (2,)


# Stalls ------------------------------------------------------------------------------------------


def test_nothing_completes_during_a_stall() -> None:
    """What would have ended then ends with the stall; the next synchronisation takes its usual time."""
    bench = Bench()
    bench.save(0, 1)
    bench.at(2 * MS, bench.disk.stall)
    bench.save(3 * MS, 2)
    bench.at(50 * MS, bench.disk.release)

    assert bench.run() == [(50 * MS, 1), (55 * MS, 1)]


def test_stalls_nest() -> None:
    """Only the last of as many releases lets the disk go on."""
    bench = Bench()
    bench.save(0, 1)
    for time_ns in (MS, 2 * MS):
        bench.at(time_ns, bench.disk.stall)
    for time_ns in (20 * MS, 30 * MS):
        bench.at(time_ns, bench.disk.release)

    assert bench.run() == [(30 * MS, 1)]


def test_a_stall_that_ends_before_the_synchronisation_costs_nothing() -> None:
    """It holds up completions, not the work itself."""
    bench = Bench()
    bench.save(0, 1)
    bench.at(MS, bench.disk.stall)
    bench.at(3 * MS, bench.disk.release)

    assert bench.run() == [(5 * MS, 1)]


def test_an_instant_disk_stalls_too_and_is_instant_afterwards() -> None:
    """Saves during the stall wait for its end."""
    bench = Bench(instant=True)
    bench.at(MS, bench.disk.stall)
    bench.save(2 * MS, 1)
    bench.save(3 * MS, 2)
    bench.at(10 * MS, bench.disk.release)

    assert bench.run() == [(10 * MS, 1), (10 * MS, 1)]
    assert bench.disk.save(Kept(3))
    assert bench.image.kept == (1, 2, 3)


def test_stalls_come_and_go_by_themselves() -> None:
    """Every 10 ms one of 20 ms: a save in the middle of one is durable at its end."""
    stalls = DiskPlan(fsync=Constant(MS), stall_every=Constant(10 * MS), stall_length=Constant(20 * MS))
    world = World(2, disk=stalls)
    for at in (MS, 15 * MS, 35 * MS):
        world.at(at, lambda: world.probes["n1"].host.save(Kept(world.now)))
    kept: list[tuple[int, int]] = []
    world.cluster.trace.listen("saved", lambda node, count: kept.append((world.now, count)))
    world.run(60 * MS)
    assert kept == [(2 * MS, 1), (30 * MS, 1), (36 * MS, 1)]


# Lies, damage and space --------------------------------------------------------------------------


def test_a_lying_disk_claims_and_a_crash_reveals() -> None:
    """It reports durable as always, and says at the crash how many records it had lied about."""
    bench = Bench()
    bench.disk.lying = True
    bench.disk.assess()
    bench.save(0, 1, 2)
    bench.save(20 * MS, 3)
    assert bench.run(21 * MS) == [(5 * MS, 1), (10 * MS, 1)]
    assert bench.image.kept == ()
    assert bench.disk.crash(survivors=1) == 2  # the third survives, but there is a hole before it
    assert (bench.image.kept, bench.disk.crash()) == ((), 0)


def test_a_disk_that_stops_lying_keeps_what_it_claimed() -> None:
    """In the order of saving, before anything newer."""
    bench = Bench(instant=True)
    bench.disk.lying = True
    bench.disk.assess()
    bench.save(0, 1, 2)
    bench.at(MS, bench.disk.tell_truth)
    bench.save(2 * MS, 3)
    bench.run()

    assert (bench.image.kept, bench.disk.crash()) == ((1, 2, 3), 0)


def test_a_full_disk_refuses_to_save() -> None:
    """An exception, which the host turns into the death of the process."""
    bench = Bench()
    bench.disk.full = True
    bench.disk.assess()

    with pytest.raises(DiskFull):
        bench.disk.save(Kept(1))


@pytest.mark.parametrize("fsync", [0, FSYNC])
def test_a_full_disk_kills_the_process_when_its_step_is_over(fsync: int) -> None:
    """As etcd does. What it sends after the save never leaves; it cannot start again before there is room."""
    world = World(2, disk=DiskPlan(fsync=Constant(fsync)))
    seen: list[bool] = []

    def step() -> None:
        disk = world.node("n1").disk
        disk.full = True
        disk.assess()
        host = world.probes["n1"].host
        world.send("n1", "n2", 1)
        host.save(Kept(1))
        world.send("n1", "n2", 2)
        seen.append(world.node("n1").up)

    def make_room() -> None:
        world.node("n1").disk.full = False
        world.node("n1").disk.assess()

    world.at(MS, step)
    world.at(10 * MS, world.node("n1").start)
    world.at(11 * MS, make_room)
    world.at(12 * MS, world.node("n1").start)
    world.run()

    assert (seen, world.numbers("n2")) == ([True], [1])
    lives = [record for record in world.milestones(Crashed, StartRefused, Started) if record.node == "n1"]
    assert [
        Started(0, "n1", 0),
        Crashed(MS, "n1", "disk full", True),
        StartRefused(10 * MS, "n1", "disk full"),
        Started(12 * MS, "n1", 1),
    ] == lives


def test_a_damaged_disk_refuses_the_start() -> None:
    """A checksum finds the damage; the running process does not notice."""
    world = World(2)
    node = world.node("n1")

    def damage() -> None:
        node.disk.corrupt = True

    world.at(MS, damage)
    world.at(2 * MS, node.crash)
    world.at(3 * MS, node.start)
    world.run()

    assert [StartRefused(3 * MS, "n1", "checksum mismatch")] == world.milestones(StartRefused)
    assert not node.up


def test_a_restarted_process_gets_a_copy_of_what_was_durable() -> None:
    """Its own: changing it does not change the disk."""
    images: list[tuple[int, ...]] = []

    def remember(probe: Probe) -> None:
        images.append(probe.storage.kept)
        probe.storage.apply(Kept(99))

    world = World(1, disk=DiskPlan(fsync=Constant(FSYNC)))
    world.on_start = remember
    node = world.node("n1")
    world.at(MS, lambda: world.probes["n1"].host.save(Kept(1)))
    world.at(6 * MS, lambda: world.probes["n1"].host.save(Kept(2)))
    world.at(7 * MS, node.crash)
    world.at(8 * MS, node.start)
    world.run()

    assert images == [(), (1,)]
